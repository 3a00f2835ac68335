"""`mldeploy diagnose`: why does the release not serve as it should?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from mldeploy.cli.options import as_json, environment


@click.command()
@environment
@as_json
def diagnose(*, file: Path, env: str, as_json: bool) -> int:
    """Say why what was deployed last fails or hangs: cause, evidence, fix.

    Exit 5 when something is wrong.
    """
    from mldeploy.errors import ExitCode
    from mldeploy.events import unseen
    from mldeploy.session import Session

    with Session(file, env, unseen).recorded(f"diagnose --env {env}") as deployment:
        record, _ = deployment.status()
        found = deployment.context.provider("diagnosis").diagnose(record)
    if as_json:
        causes = [asdict(cause) for cause in found.causes]
        click.echo(json.dumps({"status": found.status, "healthy": not causes, "causes": causes}, indent=2))
    else:
        click.echo(f"{found.subject}: {found.status}")
        if not found.causes:
            click.echo("nothing is wrong: it serves what was deployed last")
        for number, cause in enumerate(found.causes):
            click.echo(f"{'cause' if number == 0 else 'also'}:    {cause.says} ({cause.code})")
            click.echo(f"evidence: {cause.evidence}")
            click.echo(f"fix:      {cause.fix}")
    return int(ExitCode.DEPLOY_FAILED if found.causes else ExitCode.DONE)
