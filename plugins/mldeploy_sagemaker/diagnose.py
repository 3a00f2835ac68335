"""`mldeploy diagnose`: why does the endpoint not serve what it should?"""

from __future__ import annotations

from pathlib import Path

import click

from mldeploy.cli.options import as_json, environment


@click.command()
@environment
@as_json
def diagnose(*, file: Path, env: str, as_json: bool) -> None:
    """Say why an endpoint failed or hangs: cause, evidence, fix."""
    import json  # noqa: PLC0415

    from mldeploy.errors import ExitCode  # noqa: PLC0415 - `mldeploy --help` imports this file
    from mldeploy.events import unseen  # noqa: PLC0415
    from mldeploy.session import Session  # noqa: PLC0415
    from mldeploy_sagemaker.causes import verdicts  # noqa: PLC0415
    from mldeploy_sagemaker.evidence import gather  # noqa: PLC0415

    with Session(file, env, unseen).recorded(f"diagnose --env {env}") as deployment:
        record, _ = deployment.status()
        evidence = gather(deployment.context, record)
    found = verdicts(evidence)
    status = evidence.endpoint.get("EndpointStatus", "absent")
    if as_json:
        causes = [
            {"code": v.cause.code, "says": v.cause.says, "evidence": v.evidence, "fix": v.cause.fix} for v in found
        ]
        click.echo(json.dumps({"status": status, "healthy": not found, "causes": causes}, indent=2))
    else:
        click.echo(f"endpoint: {status}")
        if not found:
            click.echo("nothing is wrong: it serves what was deployed last")
        for number, verdict in enumerate(found):
            click.echo(f"{'cause' if number == 0 else 'also'}:    {verdict.cause.says} ({verdict.cause.code})")
            click.echo(f"evidence: {verdict.evidence}")
            click.echo(f"fix:      {verdict.cause.fix}")
    if found:
        raise SystemExit(ExitCode.DEPLOY_FAILED)
