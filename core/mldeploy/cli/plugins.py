"""`mldeploy plugins`: what is installed, without importing any of it."""

from __future__ import annotations

import json

import click

from mldeploy.cli.options import as_json


@click.command()
@as_json
def plugins(*, as_json: bool) -> None:
    """List the installed plugins: the word for release.yaml, the module, and where it is from."""
    from mldeploy.plugins import installed

    rows = [
        {"name": name, "module": point.value, "distribution": point.distribution, "version": point.version}
        for name, point in sorted(installed().items())
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['name']:14} {row['module']:24} {row['distribution']} {row['version']}")
