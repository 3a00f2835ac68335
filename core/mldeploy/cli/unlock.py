"""`mldeploy unlock`: take the lock from a run that died."""

from __future__ import annotations

from pathlib import Path

import click

from mldeploy.cli.options import consent, environment


@click.command()
@environment
@consent
def unlock(*, file: Path, env: str, yes: bool, no_input: bool) -> None:
    """Show who holds the lock of an environment and take it away."""
    from mldeploy.cli.terminal import is_interactive
    from mldeploy.errors import RefusedError
    from mldeploy.events import unseen
    from mldeploy.session import Session

    with Session(file, env, unseen).recorded(f"unlock --env {env}") as deployment:
        holder = deployment.store.holder()
        if holder is None:
            click.echo(f"environment '{env}' is not locked")
            return
        click.echo(f"{holder.who} on {holder.host} (process {holder.pid}), {holder.command}, since {holder.since}")
        asked = is_interactive(no_input=no_input) and not yes
        if not (yes or (asked and click.confirm("Take the lock from this run?", err=True))):
            message = "the lock stays"
            raise RefusedError(message, hint="add --yes if you are sure that run is dead")
        deployment.store.unlock()
        click.echo("unlocked")
