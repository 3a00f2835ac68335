"""`mldeploy sandbox clock|inject|calls|enforce|quota`: what one can turn and read while a sandbox runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mldeploy_sandbox.project import running_sandbox


@click.group(invoke_without_command=True)
@click.pass_context
def clock(context: click.Context) -> None:
    """Show or turn the sandbox's clock."""
    if context.invoked_subcommand is None:
        _show_clock({})


@clock.command()
@click.argument("duration")
def advance(duration: str) -> None:
    """Move the clock on by DURATION, such as 60s, 5m or 2h."""
    from mldeploy.errors import UsageError  # noqa: PLC0415 - `--help` should load nothing
    from mldeploy_sandbox.duration_text import seconds_of  # noqa: PLC0415

    try:
        seconds = seconds_of(duration)
    except ValueError as error:
        raise UsageError(str(error)) from error
    _show_clock({"advance": str(seconds)})


@clock.command()
@click.argument("factor", type=click.FloatRange(min=0, min_open=True))
def speed(factor: float) -> None:
    """Let FACTOR sandbox seconds pass per real second from now on."""
    _show_clock({"speed": str(factor)})


@click.command("inject")
@click.argument("plan", required=False)
@click.option("--clear", is_flag=True, help="Nothing goes wrong any more.")
def inject_faults(*, plan: str | None, clear: bool) -> None:
    """Let things go wrong from now on by PLAN, or show the plan in force and how often each fault has hit.

    PLAN is `[TARGET[#COUNT]] FAULT[:ARGUMENT] [@PROBABILITY], ...`, such as
    `lambda:CreateFunction#1 drop-after, * throttle:3, sagemaker:* delay:200ms @0.2, ping-fail, seed=7`.
    The seed that is printed replays the same faults.
    """
    from mldeploy_sandbox.client import ask  # noqa: PLC0415 - see `advance`
    from mldeploy_sandbox.settings import checked_plan  # noqa: PLC0415

    text = checked_plan(plan).text if plan else ""
    running = running_sandbox()
    if plan or clear:
        ask(running, "POST", "faults", {"plan": text})
    shown = ask(running, "GET", "faults")
    click.echo(shown["plan"] or "nothing goes wrong")
    for kind, count in shown["hits"].items():
        click.echo(f"  {kind:<16}{count}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Leave the first N calls out.")
def calls(*, as_json: bool, after: int) -> None:
    """Show the AWS calls that were made: outcome, the rule or fault that met them, the permissions they need."""
    import json  # noqa: PLC0415 - see `advance`

    from mldeploy_sandbox.client import calls as ask_calls  # noqa: PLC0415

    entries = ask_calls(running_sandbox(), after=after)
    if as_json:
        click.echo(json.dumps(entries))
        return
    for entry in entries:
        what = f"{entry['service']}:{entry['operation']}"
        outcome = " ".join(filter(None, (str(entry["status"] or "-"), entry["error"], entry["rule"], entry["fault"])))
        click.echo(f"{entry['time'][11:23]}  {entry['milliseconds']:>8.1f} ms  {what:<52}{outcome}")


@click.command()
@click.argument("policy", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--off", is_flag=True, help="Allow everything again.")
def enforce(*, policy: Path | None, off: bool) -> None:
    """Refuse what the IAM policy document POLICY does not allow, action by action and resource by resource."""
    from mldeploy.errors import UsageError  # noqa: PLC0415 - see `advance`
    from mldeploy_sandbox.client import ask  # noqa: PLC0415

    if (policy is None) != off:
        message = "name one policy document, or use --off"
        raise UsageError(message)
    text = _policy_text(policy) if policy else ""
    answer = ask(running_sandbox(), "POST", "policy", {"policy": text})
    click.echo(f"only what {policy} allows" if answer["enforced"] else "everything is allowed")


@click.command()
@click.argument("name")
@click.argument("value", type=click.FloatRange(min=0))
def quota(name: str, value: float) -> None:
    """Set the service quota NAME, such as "ml.g5.xlarge for endpoint usage", to VALUE. Strict mode enforces quotas."""
    from mldeploy.errors import UsageError  # noqa: PLC0415 - see `advance`
    from mldeploy_sandbox.client import ask  # noqa: PLC0415

    try:
        ask(running_sandbox(), "POST", "quota", {"name": name, "value": str(value)})
    except ValueError as error:
        raise UsageError(str(error), hint='names look like "ml.m5.large for endpoint usage"') from error
    click.echo(f"{name}: {value:g}")


def _show_clock(changes: dict[str, str]) -> None:
    from mldeploy_sandbox.client import ask  # noqa: PLC0415 - see `advance`

    shown: dict[str, Any] = ask(running_sandbox(), "POST" if changes else "GET", "clock", changes)
    click.echo(f"{shown['now']}  {shown['speed']:g} sandbox seconds per second")


def _policy_text(path: Path) -> str:
    """Return a policy document that can be evaluated.

    Raises:
        UsageError: it cannot be read, or uses what is not evaluated.
    """
    from mldeploy.errors import UsageError  # noqa: PLC0415 - see `advance`
    from mldeploy_sandbox.permissions.policy import PolicyError, read_policy  # noqa: PLC0415

    try:
        text = path.read_text(encoding="utf-8")
        read_policy(text)
    except (OSError, UnicodeDecodeError, PolicyError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"{path}: {reason}"
        raise UsageError(message) from error
    return text
