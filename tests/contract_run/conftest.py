"""The services of this folder, examined with SageMaker's rules and shorter times."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("psutil")

from mldeploy_contract.examination import Examination, examine
from mldeploy_contract.example import Example
from mldeploy_contract.limits import Limits
from mldeploy_contract.targets.process import ProcessTarget
from mldeploy_contract.trial import Conditions
from mldeploy_sandbox.processes import Processes

SERVICES = Path(__file__).with_name("services")
LIMITS = Limits(ping=1.0, invocation=3.0, stop=1.5, startup=8.0, settle=0.6, load=0.15, in_flight=0.4)
EXAMPLE = Example(body=b'{"instances": ["a"]}')
AT_ONCE = 4

Examine = Callable[..., Examination]


def service(name: str) -> Path:
    return SERVICES / f"{name}.py"


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    with closing(Processes()) as started:
        yield started


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    (folder / "weights").write_text("1")
    return folder


@pytest.fixture(scope="session")
def examined_command(processes: Processes, model: Path) -> Examine:
    """Examine a command; `limits` are changes to the shorter times."""

    def run(command: list[str], *, ignored: Collection[str] = (), **limits: float) -> Examination:
        conditions = Conditions(limits=replace(LIMITS, **limits), example=EXAMPLE, concurrency=4)
        return examine(ProcessTarget(processes, command, SERVICES), conditions, model=model, ignored=ignored)

    return run


@pytest.fixture(scope="session")
def examined(examined_command: Examine) -> Examine:
    """Examine one of the services by its name."""
    return lambda name, **changes: examined_command([sys.executable, str(service(name))], **changes)


@pytest.fixture(scope="module")
def at_once(examined: Examine) -> Iterator[Callable[[dict[str, dict[str, float]]], dict[str, Future[Examination]]]]:
    """Start the examination of many services, a few at a time: they mostly wait."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield lambda wanted: {name: pool.submit(examined, name, **limits) for name, limits in wanted.items()}
