"""Show an error: what, where, why, and what to try."""

from __future__ import annotations

import json

import click

from mldeploy.errors import MldeployError, Problem, ReleaseError


def show_error(error: MldeployError, output: str = "plain") -> None:
    """Write one error to stderr, as text or as one JSON object; to stdout for GitHub, where the log is one stream."""
    problems = error.problems if isinstance(error, ReleaseError) else ()
    if output == "json":
        from mldeploy.findings import problem_to_json

        data = {
            "error": type(error).__name__,
            "exit_code": int(error.exit_code),
            "message": error.message,
            "hint": error.hint,
            "details": list(error.details),
            "problems": [problem_to_json(problem) for problem in problems],
        }
        click.echo(json.dumps(data), err=True)
        return
    text = _text(error, problems)
    if output == "github":
        from mldeploy.formats.workflow_commands import annotation_lines, error_annotation, harmless

        click.echo(harmless(click.unstyle(text)))
        click.echo("\n".join(annotation_lines(problems) if problems else [error_annotation(error)]))
        return
    click.echo(text, err=True)


def _text(error: MldeployError, problems: tuple[Problem, ...]) -> str:
    lines = []
    if problems:
        from mldeploy.findings import render

        lines.append(render(problems))
    lines.append(f"{click.style('error', fg='red', bold=True)}: {error.message}")
    lines += [f"  | {line}" for line in error.details]
    if error.hint:
        lines.append(f"{click.style('try', fg='cyan')}: {error.hint}")
    return "\n".join(lines)
