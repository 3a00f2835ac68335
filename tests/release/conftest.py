"""A loader with the shipped schemas and no hooks, so that these tests show the loader alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mldeploy.findings import render
from mldeploy.release import resolve_release
from mldeploy.schema import composed_schema, shipped_fragment

SAMPLE = Path(__file__).with_name("sample.yaml").read_text("utf-8")
OWNERS = ("sagemaker", "cache", "image", "verify")


class ShippedPlugins:
    """Plugins that own the shipped keys; `fragments` and `hops` add to them."""

    def __init__(self, fragments=(), hops=()):
        self._fragments = fragments
        self._hops = hops

    def schema(self, *, closed=True):
        return composed_schema([*((name, shipped_fragment(name)) for name in OWNERS), *self._fragments], closed=closed)

    def limits(self, release):
        return list(self._hops)


@pytest.fixture
def sample():
    """The smallest complete release file, from the project's brief."""
    return SAMPLE


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write a text to release.yaml in an empty project and load it."""
    monkeypatch.chdir(tmp_path)

    def load(text, env="local", fragments=(), hops=()):
        Path("release.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return resolve_release(Path("release.yaml"), env, lambda _names, _root: ShippedPlugins(fragments, hops))

    return load


@pytest.fixture
def refused(load):
    """Load a text that has to be refused; returns the error and its problems as they are shown."""
    from mldeploy.errors import ReleaseError

    def refused(text, env="local", **more):
        with pytest.raises(ReleaseError) as caught:
            load(text, env, **more)
        return caught.value, render(caught.value.problems, colour=False)

    return refused
