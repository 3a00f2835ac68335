"""`mldeploy validate`: check release files without calling anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.cli.options import environment, gateway, output_format

if TYPE_CHECKING:
    from mldeploy.errors import Problem, ReleaseError
    from mldeploy.model import JSON
    from mldeploy.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A release file, why it cannot be used, and else what is odd about it."""

    path: Path
    error: ReleaseError | None
    warnings: tuple[Problem, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that was found, with a problem of its own for a file that could not be read."""
        from mldeploy.errors import Problem

        if self.error is None:
            return self.warnings
        return self.error.problems or (Problem(message=self.error.message, hint=self.error.hint),)


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@environment
@gateway
@output_format("plain", "json", "github", "junit", "sarif")
def validate(*, files: tuple[Path, ...], file: Path, env: str, gateway: str, output: str) -> int:
    """Check release files for one environment; without FILES, the one in this folder.

    Every problem is shown with its place and what to try. Exit code 3 when there is an error.
    """
    from mldeploy.errors import ExitCode
    from mldeploy.events import unseen
    from mldeploy.plugins import sharing_loader
    from mldeploy.session import Session

    load = sharing_loader()
    sessions = {path: Session(path, env, unseen, load, gateway=gateway) for path in files or (file,)}
    results = [_check(path, session) for path, session in sessions.items()]
    if output in {"plain", "github"}:
        _show(results, env, output)
    else:
        click.echo(_report(results, env, output))
    return int(ExitCode.RELEASE_INVALID if any(result.error for result in results) else ExitCode.DONE)


def _check(path: Path, session: Session) -> Checked:
    from mldeploy.errors import ReleaseError

    try:
        session.check(session.load())
    except ReleaseError as error:
        return Checked(path=path, error=error, warnings=())
    return Checked(path=path, error=None, warnings=session.warnings)


def _show(results: Sequence[Checked], env: str, output: str) -> None:
    """Write for people; on GitHub the annotations of all files come last, as a job shows only the first ones."""
    from mldeploy.cli.failure import show_error
    from mldeploy.cli.outcome import show_warnings

    for result in results:
        if result.error is not None and output == "plain":
            show_error(result.error)
        elif output == "plain":
            show_warnings(result.warnings)
        if result.error is None:
            click.echo(f"{result.path} is valid for environment '{env}'")
    if output == "github":
        from mldeploy.findings import render
        from mldeploy.formats.workflow_commands import annotation_lines, harmless

        problems = [problem for result in results for problem in result.problems]
        if problems:
            click.echo(harmless(render(problems, colour=False)))
            click.echo("\n".join(annotation_lines(problems)))


def _report(results: Sequence[Checked], env: str, output: str) -> str:
    if output == "junit":
        from mldeploy.formats.junit import findings_report

        return findings_report((str(result.path), result.problems) for result in results).rstrip("\n")
    if output == "sarif":
        from mldeploy.formats.sarif import sarif_log

        return sarif_log(problem for result in results for problem in result.problems)
    return json.dumps({"env": env, "files": [_to_json(result) for result in results]}, indent=2)


def _to_json(result: Checked) -> Mapping[str, JSON]:
    from mldeploy.findings import problem_to_json

    error = result.error
    return {
        "file": str(result.path),
        "valid": error is None,
        "message": error.message if error else "",
        "hint": error.hint if error else "",
        "problems": [problem_to_json(problem) for problem in (error.problems if error else result.warnings)],
    }
