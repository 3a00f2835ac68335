"""`mldeploy creds`: the headers that let a caller in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from mldeploy.cli.options import environment, output_format


@click.command()
@environment
@click.option("--sign-in", is_flag=True, help="Sign in as a person, in a browser, instead of as a machine.")
@output_format("plain", "json", "github")
def creds(*, file: Path, env: str, sign_in: bool, output: str) -> None:
    """Print the credential headers, for `curl -H @-`. These are secrets: no other command prints them.

    With the format `github`, the job's log hides them from then on.
    """
    from mldeploy.events import unseen
    from mldeploy.session import Session

    with Session(file, env, unseen).recorded(f"creds --env {env}") as deployment:
        caller = deployment.context.provider("caller")
        headers = dict(_of_person(caller) if sign_in else caller.credentials())
    if output == "github":
        from mldeploy.formats.workflow_commands import masks

        click.echo("\n".join(masks(value.removeprefix("Bearer ") for value in headers.values())), err=True)
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    click.echo(json.dumps(headers, indent=2) if output == "json" else lines)


def _of_person(caller: object) -> Mapping[str, str]:
    from mldeploy.doors import SignsIn
    from mldeploy.errors import UsageError

    if not isinstance(caller, SignsIn):
        message = "people cannot sign in at this gateway"
        raise UsageError(message, hint="leave --sign-in out, or choose a gateway with an issuer of its own")
    return caller.sign_in(lambda address: click.echo(f"sign in at {address}", err=True))
