"""`mldeploy run`: build, provision, expose, verify."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.cli.options import PHASES, as_typed, confirmation, consent, environment, gateway, output_format

if TYPE_CHECKING:
    from mldeploy.deployment import Deployment
    from mldeploy.model import JSON
    from mldeploy.planning.planner import Plan


@click.command()
@environment
@gateway
@click.option("--phase", "phases", multiple=True, type=click.Choice(PHASES), help="Only this phase; may be repeated.")
@click.option("--adopt", is_flag=True, help="Take over resources that have our names but not our tags.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Do what `mldeploy plan --out` wrote to this file, or nothing when something else would be done now.",
)
@click.option("--expect-digest", help="Stop when the plan, or the plan file, has another digest than this.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the result to this file, as JSON.")
@consent
@output_format("plain", "json", "github", "junit")
def run(
    *,
    file: Path,
    env: str,
    gateway: str,
    phases: tuple[str, ...],
    adopt: bool,
    plan_file: Path | None,
    expect_digest: str | None,
    out: Path | None,
    yes: bool,
    no_input: bool,
    output: str,
) -> None:
    """Deploy: build → provision → expose → verify. A failed verify rolls back.

    \b
    mldeploy run                              on this machine
    mldeploy run --gateway apigee             on this machine, behind what prod has
    mldeploy run --env dev                    asks before it changes anything
    mldeploy run --env dev --phase provision  one phase, for a job of its own
    mldeploy run --env dev --plan plan.json   what was reviewed, or nothing
    """
    from mldeploy.cli.outcome import show_outcome, show_warnings, write_outcome
    from mldeploy.cli.progress import shown
    from mldeploy.model import Phase
    from mldeploy.session import Session

    reviewed = _reviewed(plan_file, expect_digest)
    yes = yes or env == "local" or plan_file is not None
    confirm = confirmation("Apply these changes?", yes=yes, no_input=no_input, required=False)
    with shown(output) as (emit, times):
        session = Session(file, env, emit, gateway=gateway)
        adopt = adopt or bool(reviewed and reviewed["adopt"])
        with session.deployment(as_typed("run", env, gateway), adopt=adopt) as deployment:
            if reviewed is None:  # who reviewed the plan saw the warnings
                show_warnings(session.warnings, output)
            check = _check(deployment, reviewed, expect_digest)
            record = deployment.run([Phase(phase) for phase in phases or PHASES], _both(check, confirm))
    if out is not None:
        write_outcome(out, record, times.seconds())
    show_outcome(record, times.seconds(), output)


def _reviewed(plan_file: Path | None, expect_digest: str | None) -> dict[str, JSON] | None:
    if plan_file is None:
        return None
    from mldeploy.planning.plan_file import read_plan_file

    return read_plan_file(plan_file, expect_digest)


def _check(
    deployment: Deployment, reviewed: dict[str, JSON] | None, expect_digest: str | None
) -> Callable[[Plan], None]:
    """Return what stops a run whose plan was not reviewed."""
    if reviewed is None and expect_digest is None:
        return lambda _plan: None
    from mldeploy.planning.plan_review import only_digest, only_reviewed

    return only_reviewed(deployment, reviewed) if reviewed else only_digest(deployment, str(expect_digest))


def _both(first: Callable[[Plan], None], second: Callable[[Plan], None]) -> Callable[[Plan], None]:
    def confirm(plan: Plan) -> None:
        first(plan)
        second(plan)

    return confirm
