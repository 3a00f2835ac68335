"""`mldeploy rollback`: bring an earlier release back."""

from __future__ import annotations

from pathlib import Path

import click

from mldeploy.cli.options import confirmation, consent, environment, output_format


@click.command()
@environment
@click.option("--to", help="The release to bring back: r3, or a commit; without it, the last good one before this.")
@consent
@output_format("plain", "json", "github", "junit")
def rollback(*, file: Path, env: str, to: str | None, yes: bool, no_input: bool, output: str) -> None:
    """Bring an earlier release back, all layers together, and verify it."""
    from mldeploy.cli.outcome import show_outcome
    from mldeploy.cli.progress import shown
    from mldeploy.session import Session

    confirm = confirmation("Roll back?", yes=yes or env == "local", no_input=no_input, required=False)
    with (
        shown(output) as (emit, times),
        Session(file, env, emit).recorded(f"rollback --env {env}") as deployment,
    ):
        record = deployment.rollback(to, confirm)
    show_outcome(record, times.seconds(), output)
