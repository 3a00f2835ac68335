"""Kill a deployment before and after every call that a driver makes, run it again, and compare the worlds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mldeploy.model import Step
from tests.core.toy import Toy, World, check, thing


class Killed(BaseException):
    """The process is gone: nothing catches this."""


@dataclass
class KillAt:
    """Kills at the nth thing that drivers say, and everything after it."""

    number: int
    said: list[str] = field(default_factory=list)

    def __call__(self, call: str) -> None:
        self.said.append(call)
        if len(self.said) > self.number:
            raise Killed(call)


def version(number: int) -> Sequence[Step]:
    image = thing("image", spec={"v": number}, immutable=True, provides="image")
    role = thing("role")
    model = thing("model", role, "@image", immutable=True)
    endpoint = thing("endpoint", model)
    return (image, role, model, endpoint, thing(f"only-in-{number}", endpoint), check("c", endpoint))


def first(toy: Toy) -> None:
    toy.run(*version(1))


def second(toy: Toy) -> None:
    toy.run(*version(2))


def back(toy: Toy) -> None:
    if toy.store.records()[-1].number == 2:
        toy.deployment().rollback()
    else:  # the rollback was recorded before it was killed: running that again finishes it
        toy.deployment().rollback(f"r{toy.store.records()[-1].restores}")


def away(toy: Toy) -> None:
    toy.deployment(*version(1)).destroy()


FLOWS: dict[str, list[Callable[[Toy], None]]] = {
    "create": [first],
    "update": [first, second],
    "rollback": [first, second, back],
    "destroy": [first, second, away],
}


@pytest.mark.parametrize(
    ("flow", "lost"),
    [*((flow, False) for flow in FLOWS), ("create", True)],  # what is older is known from the record alone
    ids=[*FLOWS, "create, and the record is lost"],
)
def test_a_deployment_that_was_killed_anywhere_converges(tmp_path: Path, flow: str, lost: bool) -> None:
    *before, last = FLOWS[flow]
    golden, calls = run_through(tmp_path / "golden", before, last)
    assert len(calls) >= 8
    for point in range(len(calls)):
        toy = prepared(tmp_path / str(point), before)
        toy.world.hook = KillAt(point)
        with pytest.raises(Killed):
            last(toy)
        toy.world.hook = quiet
        for record in toy.store.records() if lost else ():
            toy.store.forget(record.number)
        last(toy)
        assert content(toy.world) == golden, f"killed at {calls[point]}"
        assert not [record.pending for record in toy.store.records() if record.pending], calls[point]


def run_through(
    folder: Path, before: list[Callable[[Toy], None]], last: Callable[[Toy], None]
) -> tuple[list[str], list[str]]:
    """Return the world after an undisturbed flow, and what the drivers said in its last verb."""
    toy = prepared(folder, before)
    counting = KillAt(10_000)
    toy.world.hook = counting
    last(toy)
    return content(toy.world), counting.said


def prepared(folder: Path, before: list[Callable[[Toy], None]]) -> Toy:
    folder.mkdir()
    toy = Toy(folder)
    for verb in before:
        verb(toy)
    return toy


def quiet(_call: str) -> None:
    """Let every call pass."""


def content(world: World) -> list[str]:
    """Return the names of what exists; ids differ from world to world."""
    return sorted(world.things)
