"""`mldeploy config`: release.yaml as one environment sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.cli.options import as_json, environment, gateway

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.release import Resolved
    from mldeploy.yaml.positions import KeyPath

WIDEST_VALUE = 60
"""Columns after which origins no longer stand below each other."""


@click.command()
@environment
@gateway
@click.option("--origin", is_flag=True, help="Show where each value comes from.")
@as_json
def config(*, file: Path, env: str, gateway: str, origin: bool, as_json: bool) -> None:
    """Print release.yaml with the values of one environment and all defaults."""
    from mldeploy.plugins import load_plugins
    from mldeploy.release import resolve_release
    from mldeploy.yaml.writing import to_yaml

    resolved = resolve_release(file, env, load_plugins, gateway=gateway)
    if origin:
        rows = list(_rows(resolved))
        click.echo(json.dumps(rows, indent=2) if as_json else _table(rows))
    elif as_json:
        click.echo(json.dumps(resolved.release.config, indent=2))
    else:
        click.echo(to_yaml(resolved.release.config), nl=False)


def _rows(resolved: Resolved) -> Iterator[Mapping[str, JSON]]:
    """Yield path, value and origin of every value that holds no others."""
    from mldeploy.wording import dotted

    for path, value in _leaves(resolved.release.config):
        yield {"path": dotted(path), "value": value, "origin": _origin(path, resolved.origins)}


def _leaves(value: JSON, path: KeyPath = ()) -> Iterator[tuple[KeyPath, JSON]]:
    inner: Iterator[tuple[str | int, JSON]] = iter(())
    if isinstance(value, Mapping):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = enumerate(value)
    found = [leaf for key, item in inner for leaf in _leaves(item, (*path, key))]
    yield from found or [(path, value)]


def _origin(path: KeyPath, origins: Mapping[KeyPath, str]) -> str:
    """Return the origin of a value, or of what it came with."""
    return next(origins[path[:length]] for length in range(len(path), -1, -1) if path[:length] in origins)


def _table(rows: list[Mapping[str, JSON]]) -> str:
    lines = [f"{row['path']}: {json.dumps(row['value'], ensure_ascii=False)}" for row in rows]
    width = min(WIDEST_VALUE, max(map(len, lines)))
    return "\n".join(f"{line:{width}}  {row['origin']}" for line, row in zip(lines, rows, strict=True))
