from __future__ import annotations

from collections.abc import Iterator

import pytest

from mldeploy_sandbox import client
from tests.sandbox.running_sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A real sandbox per test module."""
    folder = tmp_path_factory.mktemp("sandbox")
    yield Sandbox(client.ensure(folder, kept=False), folder)
    client.stop(folder)
