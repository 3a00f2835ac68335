"""`mldeploy plan`: what a run would change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.cli.options import as_typed, environment, gateway, output_format

if TYPE_CHECKING:
    from mldeploy.deployment import Deployment
    from mldeploy.model import JSON
    from mldeploy.planning.planner import Plan


@click.command()
@environment
@gateway
@click.option("--all", "kept", is_flag=True, help="Show the steps that stay as they are, too.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 10 when there are changes.")
@click.option("--adopt", is_flag=True, help="Plan to take over resources that have our names but not our tags.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan, for `run --plan`.")
@output_format("plain", "json", "github", "markdown")
def plan(
    *,
    file: Path,
    env: str,
    gateway: str,
    kept: bool,
    detailed_exitcode: bool,
    adopt: bool,
    out: Path | None,
    output: str,
) -> int:
    """Show what `mldeploy run` would change; nothing is touched.

    \b
    + create   ~ update   = keep   - delete   ▸ run
    """
    from mldeploy.cli.outcome import show_warnings
    from mldeploy.events import unseen
    from mldeploy.session import Session

    session = Session(file, env, unseen, gateway=gateway)
    with session.deployment(as_typed("plan", env, gateway), adopt=adopt) as deployment:
        show_warnings(session.warnings, output)
        found = deployment.plan()
        document = _document(found, deployment)
    if out is not None:
        from mldeploy.planning.plan_file import write_plan_file

        write_plan_file(out, document)
        click.echo(f"wrote {out}, {document['digest']}", err=output != "github")
    click.echo(_shown(found, document, output, kept=kept))
    return 10 if detailed_exitcode and found.mutations else 0


def _document(found: Plan, deployment: Deployment) -> Mapping[str, JSON]:
    from mldeploy.planning.plan_file import plan_document

    return plan_document(found, deployment)


def _shown(found: Plan, document: Mapping[str, JSON], output: str, *, kept: bool) -> str:
    from mldeploy.planning.plan_text import costs_text, plan_text, summary

    if output == "json":
        return json.dumps(document, indent=2)
    if output == "markdown":
        from mldeploy.planning.plan_markdown import plan_markdown

        return plan_markdown(document, kept=kept)
    costs = costs_text(document["cost"])
    text = "\n".join([plan_text(found, kept=kept), *([costs] if costs else [])])
    if output == "github":
        from mldeploy.formats.workflow_commands import command, harmless

        return f"{command('group', f'plan: {summary(found)}')}\n{harmless(text)}\n{command('endgroup')}"
    return text
