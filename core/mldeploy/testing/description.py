"""Describe a release as the core does, and watch that describing touches nothing."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from mldeploy.context import Context
from mldeploy.graph import settle
from mldeploy.model import Driver, Release, Step
from mldeploy.plugins import Plugins, load_plugins
from mldeploy.release import load_release, raise_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A loaded release, its plugins, the steps as the plugins gave them and the settled ones."""

    release: Release
    plugins: Plugins
    given: tuple[Step, ...]
    settled: tuple[Step, ...]

    def drivers(self) -> Mapping[str, Driver]:
        """Return the drivers of all plugins, made in a context that opens no door."""
        return self.plugins.drivers(
            Context(
                name=self.release.name,
                env=self.release.env,
                root=self.release.root,
                config=self.release.config,
                tags=self.release.tags,
                find_provider=_refuse_door,
                emit=lambda _event: None,
            )
        )


def describe(folder: Path, env: str) -> Description:
    """Load release.yaml of a folder and ask its plugins for their steps.

    Raises:
        ReleaseError, PluginError: as in `mldeploy validate`.
    """
    loaded = Plugins()

    def load(names: Any, root: Path) -> Plugins:
        nonlocal loaded
        loaded = load_plugins(names, root)
        return loaded

    release = load_release(folder / "release.yaml", env, load)
    found = loaded.describe(release)
    raise_for([item for item in found if not isinstance(item, Step)], release)
    given = tuple(item for item in found if isinstance(item, Step))
    return Description(release=release, plugins=loaded, given=given, settled=settle(given))


@contextlib.contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Fail when the block connects anywhere, looks a host up, or changes a file below the folder."""
    before = _files(folder)
    with (
        patch.object(socket.socket, "connect", _refuse_network),
        patch.object(socket, "create_connection", _refuse_network),
        patch.object(socket, "getaddrinfo", _refuse_network),
    ):
        yield
    after = _files(folder)
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    if changed:
        message = f"describing changed files: {', '.join(changed)}"
        raise AssertionError(message)


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return path → (time of change in ns, size), without Python's caches."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}


def _refuse_network(*_arguments: Any, **_options: Any) -> Any:
    message = "a plugin used the network while it described its steps; that belongs into a driver"
    raise AssertionError(message)


def _refuse_door(kind: str, _context: Context) -> Any:
    message = f"mldeploy_drivers opened the door '{kind}'; drivers open doors when they read or apply"
    raise AssertionError(message)
