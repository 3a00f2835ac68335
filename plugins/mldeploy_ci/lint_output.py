"""Write the findings of the lint: for people, programs, a GitHub job, test reports, code scanning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.findings import render

if TYPE_CHECKING:
    from mldeploy.errors import Problem
    from mldeploy_ci.findings import Finding

FORMATS = ("plain", "json", "github", "junit", "sarif")


def show_findings(found: Mapping[Path, Sequence[Finding]], output: str, *, with_schema: bool) -> None:
    """Write the findings of each file to stdout.

    Arguments:
        output: one of `FORMATS`.
        with_schema: whether CircleCI's schema was checked.
    """
    problems = {path: [finding.problem() for finding in findings] for path, findings in found.items()}
    if output == "json":
        files = [{"file": str(path), "findings": [f.to_json() for f in findings]} for path, findings in found.items()]
        click.echo(json.dumps({"schema": with_schema, "files": files}, indent=2))
    elif output == "junit":
        from mldeploy.formats.junit import findings_report  # noqa: PLC0415 - loaded for its format only

        click.echo(findings_report((str(path), inner) for path, inner in problems.items()), nl=False)
    elif output == "sarif":
        from mldeploy.formats.sarif import sarif_log  # noqa: PLC0415 - see above

        click.echo(sarif_log(problem for inner in problems.values() for problem in inner))
    else:
        _show_text(problems, output, with_schema=with_schema)


def _show_text(problems: Mapping[Path, Sequence[Problem]], output: str, *, with_schema: bool) -> None:
    if not with_schema:
        click.echo("CircleCI's schema was not given (--schema): only references and review rules are checked", err=True)
    for path, inner in problems.items():
        errors = sum(problem.severity == "error" for problem in inner)
        if inner:
            click.echo(_annotated(inner) if output == "github" else render(inner))
        click.echo(f"{path}: {_counted(errors, 'error')}, {_counted(len(inner) - errors, 'warning')}")


def _annotated(problems: Sequence[Problem]) -> str:
    from mldeploy.formats.workflow_commands import annotation_lines, harmless  # noqa: PLC0415 - see above

    return "\n".join([harmless(render(problems, colour=False)), *annotation_lines(problems)])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
