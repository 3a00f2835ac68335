"""`mldeploy update`: bring a generated project to the template of the installed mldeploy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mldeploy.scaffold.update import Update


@click.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="The project (default: this folder).",
)
@click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")
@click.option("--force", is_flag=True, help="Update although files are not committed.")
def update(*, directory: Path, dry_run: bool, force: bool) -> int:
    """Merge what changed in mldeploy's template into this project, and keep what you changed.

    Files that you did not touch are replaced, others are merged. Where both sides changed the same lines, the file gets
    conflict markers, and the exit code is 4.
    """
    from mldeploy.errors import ExitCode
    from mldeploy.scaffold.update import apply_update, prepare_update, require_committed

    prepared = prepare_update(directory.absolute())
    if not prepared.needed:
        click.echo(f"nothing to do: the project has the template of mldeploy {prepared.after}")
        return int(ExitCode.DONE)
    if dry_run:
        _show_diff(prepared)
        _list(prepared)
        click.echo("nothing was written (--dry-run)", err=True)
        return int(ExitCode.DONE)
    if not force:
        require_committed(directory.absolute())
    apply_update(prepared)
    _list(prepared)
    return _outcome(prepared)


def _show_diff(prepared: Update) -> None:
    import difflib
    import os

    from mldeploy.scaffold.merge import Action

    for change in prepared.changes:
        if change.action is Action.KEEP:
            continue
        before, after = (
            (content or b"").decode(errors="replace").splitlines() for content in (change.before, change.after)
        )
        old = os.devnull if change.before is None else f"a/{change.path}"
        new = os.devnull if change.after is None else f"b/{change.path}"
        for line in difflib.unified_diff(before, after, old, new, lineterm=""):
            click.echo(click.style(line, fg={"+": "green", "-": "red"}.get(line[:1])))


def _list(prepared: Update) -> None:
    for change in prepared.changes:
        reason = f" ({change.reason})" if change.reason else ""
        click.echo(f"{change.action:9} {change.path}{reason}", err=True)


def _outcome(prepared: Update) -> int:
    from mldeploy.errors import ExitCode, RefusedError

    if prepared.conflicts:
        message = f"conflicts in {len(prepared.conflicts)} of {len(prepared.changes)} files: a person has to decide"
        hint = "edit the places between <<<<<<< and >>>>>>>, run the tests, then commit"
        raise RefusedError(message, hint=hint, details=tuple(prepared.conflicts))
    click.echo(f"updated from the template of mldeploy {prepared.before} to that of {prepared.after}")
    click.echo("look at it with `git diff`, run the tests, then commit")
    return int(ExitCode.DONE)
