"""`mldeploy ci github-action`: what action.yml calls; hidden, as nobody types it."""

from __future__ import annotations

import os

import click


@click.command(name="github-action", hidden=True)
def github_action() -> int:
    """Run the GitHub Action from the variables that action.yml sets."""
    from mldeploy.errors import MldeployError  # noqa: PLC0415 - `--help` should load nothing
    from mldeploy.formats.workflow_commands import error_annotation  # noqa: PLC0415
    from mldeploy_ci.github.action import Action  # noqa: PLC0415

    try:
        return Action(os.environ).run()
    except MldeployError as error:
        click.echo(error_annotation(error))
        return int(error.exit_code)
