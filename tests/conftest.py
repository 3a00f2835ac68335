from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mldeploy.entry_points import declared
from tests.installation import ROOT, build

Install = Callable[..., None]
LONG_FILES = ("tests/e2e/", "tests/ci/pipelines/", "tests/crash/", "tests/eks/", "tests/apigee/", "tests/plugins/")
"""Where the files are that take longest; they are begun first, so that no worker is left with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first, and leave the others in their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FILES))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a distribution with one plugin on the import path of this process and its children, as pip would leave it."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    declared.cache_clear()

    def put(word: str, source: str, *, module: str = "", entry_points: str = "") -> None:
        module = module or f"{tmp_path.name}_{word}".replace("-", "_")
        (site / f"{module}.py").write_text(source)
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points or f"[mldeploy]\n{word} = {module}\n")
        declared.cache_clear()

    yield put
    declared.cache_clear()
