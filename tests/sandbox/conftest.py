"""A real sandbox per test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from running_sandbox import Sandbox

from mldeploy_sandbox import client


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    yield Sandbox(client.ensure(folder, kept=False), folder)
    client.stop(folder)
