"""`mldeploy destroy`: remove everything of one environment."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mldeploy.cli.options import as_json, confirmation, consent, environment


@click.command()
@environment
@consent
@as_json
def destroy(*, file: Path, env: str, yes: bool, no_input: bool, as_json: bool) -> None:
    """Delete everything that was deployed here; needs no valid release.yaml."""
    from mldeploy.cli.progress import shown
    from mldeploy.planning.plan_text import plan_json
    from mldeploy.session import Session

    question = f"Delete all of this in '{env}'?"
    confirm = confirmation(question, yes=yes or env == "local", no_input=no_input, required=True)
    with (
        shown("json" if as_json else "plain") as (emit, _times),
        Session(file, env, emit).recorded(f"destroy --env {env}") as deployment,
    ):
        plan = deployment.destroy(confirm)
    done = f"destroyed {len(plan.mutations)} resources in {env}"
    click.echo(json.dumps({"event": "result", **plan_json(plan)}) if as_json else done)
