"""`mldeploy status`: is the world still as it was deployed?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from mldeploy.cli.options import as_json, environment

WORDS = {"keep": "ok", "update": "drifted", "create": "absent"}


@click.command()
@environment
@as_json
def status(*, file: Path, env: str, as_json: bool) -> None:
    """Compare the recorded release with the world: ok, drifted or absent per step."""
    from mldeploy.events import unseen
    from mldeploy.session import Session

    with Session(file, env, unseen).recorded(f"status --env {env}") as deployment:
        record, found = deployment.status()
        holder = deployment.store.holder()
    rows = [
        {"step": change.step.id, "state": WORDS[change.action.value], "reason": change.reason}
        for change in found.changes
        if change.action.value in WORDS
    ]
    if as_json:
        data = {"release": record.release_id, "outcome": record.outcome, "pending": sorted(record.pending)}
        click.echo(json.dumps({**data, "locked_by": holder.who if holder else None, "steps": rows}, indent=2))
        return
    click.echo(f"{record.name} {record.release_id} in {env}: {record.outcome}, started {record.started}")
    for row in rows:
        reason = f"  ({row['reason']})" if row["reason"] else ""
        click.echo(f"  {row['state']:8} {row['step']}{reason}")
    for step in sorted(record.pending):
        click.echo(f"  unfinished: {step}")
    if holder:
        click.echo(f"locked by {holder.who} on {holder.host}: {holder.command}, since {holder.since}")
