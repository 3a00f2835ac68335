"""`mldeploy sandbox`: keep one sandbox open for boto3, the AWS CLI and SDKs."""

from __future__ import annotations

from pathlib import Path

import click

from mldeploy_sandbox.controls_cli import calls, clock, enforce, inject_faults, quota
from mldeploy_sandbox.project import sandbox_folder


@click.group()
def sandbox() -> None:
    """Start, stop and inspect the sandbox of this project."""


@sandbox.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--strict", is_flag=True, help="With AWS's delays, request rates, quotas and eventual consistency.")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), help="Sandbox seconds per real second.")
@click.option("--inject", metavar="PLAN", help="What should go wrong, such as `lambda:* throttle:2, ping-fail`.")
def up(*, port: int, strict: bool, speed: float | None, inject: str | None) -> None:
    """Start the sandbox and keep it; prints the variables that point AWS clients at it."""
    from mldeploy_sandbox.client import ask, ensure  # noqa: PLC0415 - `--help` should load nothing
    from mldeploy_sandbox.identity import client_environment  # noqa: PLC0415
    from mldeploy_sandbox.settings import STRICT, Settings, checked_plan, settings_from_environment  # noqa: PLC0415

    default = settings_from_environment()
    plan = checked_plan(inject).text if inject else default.inject
    settings = Settings(mode=STRICT if strict else default.mode, speed=speed or default.speed, inject=plan)
    running = ensure(sandbox_folder(Path.cwd()), kept=True, port=port, settings=settings)
    if not running.started_here and speed:
        ask(running, "POST", "clock", {"speed": str(speed)})
    if not running.started_here and inject:
        ask(running, "POST", "faults", {"plan": plan or ""})
    if plan:
        click.echo(f"faults: {plan}", err=True)
    for name, value in client_environment(running.url).items():
        click.echo(f"export {name}={value}")


@sandbox.command()
def down() -> None:
    """Stop the sandbox; everything in it is gone."""
    from mldeploy_sandbox.client import stop  # noqa: PLC0415 - see `up`

    stopped = stop(sandbox_folder(Path.cwd()))
    click.echo("stopped" if stopped else "no sandbox runs here", err=True)


@sandbox.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(*, as_json: bool) -> None:
    """Show whether a sandbox runs, how many calls it answered and what exists in it."""
    import json  # noqa: PLC0415 - see `up`
    from dataclasses import asdict  # noqa: PLC0415

    from mldeploy_sandbox.client import status as ask  # noqa: PLC0415

    found = ask(sandbox_folder(Path.cwd()))
    if as_json:
        click.echo(json.dumps({"running": False} if found is None else {"running": True, **asdict(found)}))
        return
    if found is None:
        click.echo("no sandbox runs here; `mldeploy sandbox up` starts one")
        return
    kept = "  kept" if found.kept else ""
    click.echo(f"{found.url}  {found.mode}  pid {found.pid}  since {found.started}{kept}")
    click.echo(f"{found.calls['total']} AWS calls, {found.calls['mutating']} of them changing something")
    if found.faults:
        click.echo(f"faults: {found.faults}")
    for name, note in found.notes.items():
        click.echo(f"{name}: {note}")
    for resource in found.resources:
        click.echo(f"  {resource['service']:<24}{resource['kind']:<24}{resource['name']}  ({resource['region']})")


for command in (calls, clock, enforce, inject_faults, quota):
    sandbox.add_command(command)
