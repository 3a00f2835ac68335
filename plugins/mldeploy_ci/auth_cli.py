"""`mldeploy ci auth`: print the variables that log a job in."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = Path("~/.mldeploy/ci")


@click.group()
def auth() -> None:
    """Log a CircleCI job in by its OpenID Connect token; prints `export` lines for "$BASH_ENV"."""


def token_options(function: F) -> F:
    """Add `--audience` and `--folder`."""
    function = click.option("--audience", default="", help="Ask CircleCI for a token with this audience.")(function)
    return click.option(
        "--folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True, help="Where the token is kept."
    )(function)


@auth.command()
@click.option("--role-arn", required=True, help="The role to assume; it trusts CircleCI's provider.")
@click.option("--region", default="", help="The region for this job.")
@click.option("--session-name", default="mldeploy", show_default=True, help="What AWS CloudTrail shows.")
@token_options
def aws(*, role_arn: str, region: str, session_name: str, audience: str, folder: Path) -> None:
    """Let AWS's SDKs assume a role by web identity; needs no AWS command line."""
    from mldeploy_ci.auth import TokenSource, log_in_to_aws  # noqa: PLC0415 - `--help` should load nothing

    tokens = TokenSource(audience=audience)
    _export(
        log_in_to_aws(
            role=role_arn, region=region, session_name=session_name, tokens=tokens, folder=folder.expanduser()
        )
    )


@auth.command()
@click.option("--provider", required=True, help="The workload identity provider, projects/…/providers/….")
@click.option("--service-account", default="", help="The service account to act as.")
@token_options
def google(*, provider: str, service_account: str, audience: str, folder: Path) -> None:
    """Let Google's libraries exchange the token by workload identity federation; needs no gcloud."""
    from mldeploy_ci.auth import TokenSource, log_in_to_google  # noqa: PLC0415 - see `aws`

    tokens = TokenSource(audience=audience)
    _export(
        log_in_to_google(provider=provider, service_account=service_account, tokens=tokens, folder=folder.expanduser())
    )


def _export(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
