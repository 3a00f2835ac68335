"""`mldeploy policy`: print the IAM policies that a release and its pipelines need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.cli.options import environment
from mldeploy_permissions.forms import ACCOUNT, BRANCH, DIGITS, NAME, ORIGIN, REPOSITORY, UUID, formed

if TYPE_CHECKING:
    from mldeploy.model import JSON

PHASES = ("build", "provision", "expose")

account_option = click.option(
    "--account", required=True, callback=formed(ACCOUNT, "an account id of twelve digits"), help="The AWS account."
)


@click.group()
def policy() -> None:
    """Print the IAM policies of deployers and their pipelines."""


@policy.command()
@environment
@account_option
@click.option(
    "--phase", "phases", type=click.Choice(PHASES), multiple=True, help="Only for jobs that run this phase; repeatable."
)
@click.option(
    "--split",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write policies that are short enough to be managed policies into this folder.",
)
@click.option("--read-only", is_flag=True, help="Only for jobs that plan and change nothing.")
def deployer(
    *, file: Path, env: str, account: str, phases: tuple[str, ...], folder: Path | None, read_only: bool
) -> None:
    """Print what deploying, watching, rolling back and destroying this release needs; nothing is asked of AWS.

    With --phase: what a job needs that runs only this phase. The job that verifies sweeps and rolls back, so it needs
    the whole.
    """
    from mldeploy import Phase  # noqa: PLC0415 - `--help` should load nothing
    from mldeploy.errors import UsageError  # noqa: PLC0415
    from mldeploy.events import unseen  # noqa: PLC0415
    from mldeploy.session import Session  # noqa: PLC0415
    from mldeploy_permissions.deployer import deployer_policy  # noqa: PLC0415
    from mldeploy_permissions.sizes import ADVICE, LONGEST_MANAGED_POLICY, length_of, split  # noqa: PLC0415

    if phases and read_only:
        message = "--read-only changes nothing, and a phase does"
        raise UsageError(message, hint="give one of the two")
    session = Session(file, env, unseen)
    release = session.load()
    chosen = [Phase(name) for name in phases] or ([] if read_only else list(Phase))
    found = deployer_policy(release, session.describe(release), account=account, phases=chosen)
    if folder is not None:
        _write(split(found), folder)
    else:
        _print(found)
        if length_of(found) > LONGEST_MANAGED_POLICY:
            click.echo(f"{length_of(found)} characters: {ADVICE}", err=True)


@policy.command()
@account_option
@click.option("--repository", required=True, callback=formed(REPOSITORY, "OWNER/REPOSITORY"), help="OWNER/REPOSITORY.")
@click.option(
    "--environment", required=True, callback=formed(NAME, "the name of an environment"), help="The GitHub environment."
)
@click.option(
    "--owner-id", callback=formed(DIGITS, "a number"), default="", help="`gh api repos/OWNER/REPOSITORY --jq .owner.id`"
)
@click.option(
    "--repository-id", callback=formed(DIGITS, "a number"), default="", help="`gh api repos/OWNER/REPOSITORY --jq .id`"
)
def github(*, account: str, repository: str, environment: str, owner_id: str, repository_id: str) -> None:
    """Print the trust policy of a role that one GitHub environment of one repository may assume.

    Give both ids if the repository was made, renamed or moved since 2026-07-15 or has opted in to immutable subjects;
    without them the policy is for the older form of the subject.
    """
    from mldeploy.errors import UsageError  # noqa: PLC0415 - see `deployer`
    from mldeploy_permissions.trust import github_trust  # noqa: PLC0415

    if bool(owner_id) != bool(repository_id):
        message = "a subject has both ids or none"
        raise UsageError(message, hint="give --owner-id and --repository-id, or neither")
    owner, _, name = repository.partition("/")
    _print(github_trust(account, (owner, owner_id), (name, repository_id), environment))


@policy.command()
@account_option
@click.option("--organization", required=True, callback=formed(UUID, "an id"), help="Organization Settings > Overview.")
@click.option("--project", required=True, callback=formed(UUID, "an id"), help="Project Settings > Overview.")
@click.option(
    "--origin",
    required=True,
    callback=formed(ORIGIN, "HOST/OWNER/REPOSITORY"),
    help="As in github.com/OWNER/REPOSITORY.",
)
@click.option(
    "--branch", required=True, callback=formed(BRANCH, "the name of a branch"), help="The branch that deploys."
)
def circleci(*, account: str, organization: str, project: str, origin: str, branch: str) -> None:
    """Print the trust policy of a role that one branch of one CircleCI project may assume."""
    from mldeploy_permissions.trust import circleci_trust  # noqa: PLC0415 - see `deployer`

    _print(circleci_trust(account, organization, project, origin=origin, branch=branch))


def _print(document: JSON) -> None:
    click.echo(_text(document))


def _text(document: JSON) -> str:
    import json  # noqa: PLC0415 - see `deployer`

    return json.dumps(document, indent=2)


def _write(documents: list[JSON], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, document in enumerate(documents, 1):
        path = folder / f"deployer-{number}.json"
        path.write_text(_text(document) + "\n", encoding="utf-8")
        click.echo(f"wrote {path}")
