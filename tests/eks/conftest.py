from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.eks.clustered_release import ClusteredRelease


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusteredRelease]:
    """One sandbox for all tests of the plugin."""
    found = ClusteredRelease(tmp_path_factory.mktemp("eks"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def here(shared: ClusteredRelease) -> ClusteredRelease:
    """A release of which nothing is deployed when a file begins."""
    shared.reset()
    return shared
