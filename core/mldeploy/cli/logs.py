"""`mldeploy logs`: what the deployed parts have printed."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from mldeploy.cli.options import as_json, environment


@click.command()
@environment
@click.option("--since", "minutes", type=click.FloatRange(min=0), default=60, show_default=True, help="Minutes back.")
@click.option("--follow", is_flag=True, help="Go on until interrupted.")
@as_json
def logs(*, file: Path, env: str, minutes: float, follow: bool, as_json: bool) -> None:
    """Print the log lines of endpoint, function and gateway, by time."""
    from mldeploy.events import unseen
    from mldeploy.session import Session

    with Session(file, env, unseen).recorded(f"logs --env {env}") as deployment:
        for line in deployment.context.provider("logs").lines(since_seconds=minutes * 60, follow=follow):
            click.echo(json.dumps(asdict(line)) if as_json else f"{line.time} {line.source} {line.text}")
