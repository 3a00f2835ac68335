"""`mldeploy doctor`: what this machine and this project have, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mldeploy.cli.options import as_json, environment


@click.command()
@environment
@as_json
def doctor(*, file: Path, env: str, as_json: bool) -> int:
    """Check Python, tools, plugins and release.yaml.

    Each row is ok, warn or fail, with a fix. Exit 4 when one fails.
    """
    from mldeploy.errors import ExitCode
    from mldeploy.health import examine

    rows = examine(file, env)
    exit_code = ExitCode.REFUSED if any(row.state == "fail" for row in rows) else ExitCode.DONE
    if as_json:
        click.echo(json.dumps([{"check": r.check, "state": r.state, "found": r.found, "fix": r.fix} for r in rows]))
        return int(exit_code)
    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    for row in rows:
        click.echo(f"{click.style(f'{row.state:4}', fg=colours[row.state])} {row.check:22} {row.found}")
        if row.fix:
            click.echo(f"     {'':22} try: {row.fix}")
    return int(exit_code)
