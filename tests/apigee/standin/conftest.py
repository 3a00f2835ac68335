"""One stand-in for all tests of it, in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from standin_client import Apigee


@pytest.fixture(scope="session")
def shared_apigee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apigee]:
    apigee = Apigee(tmp_path_factory.mktemp("apigee"))
    yield apigee
    apigee.close()


@pytest.fixture
def apigee(shared_apigee: Apigee) -> Iterator[Apigee]:
    """The stand-in without faults."""
    yield shared_apigee
    shared_apigee.inject("")


@pytest.fixture
def own_apigee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apigee]:
    """A stand-in whose clock may be moved."""
    apigee = Apigee(tmp_path_factory.mktemp("apigee"))
    yield apigee
    apigee.close()


@pytest.fixture
def strict_apigee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apigee]:
    """A stand-in whose deployments take their time."""
    apigee = Apigee(tmp_path_factory.mktemp("apigee"), strict=True)
    yield apigee
    apigee.close()
