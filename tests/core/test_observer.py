"""Reading the world: at the same time where a record knows the way, and never wrongly because the record is wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mldeploy.errors import DeployError
from mldeploy.model import Observed, Step
from mldeploy.observer import World
from tests.core.toy import THING, thing

PARENT = thing("api")
CHILD = thing("stage", PARENT)
GRANDCHILD = thing("key", CHILD)
STEPS = (PARENT, CHILD, GRANDCHILD)
PATIENCE_SECONDS = 20


def is_there(_step: Step) -> None:
    """Find nothing wrong."""


@dataclass
class Places:
    """Finds things under the ids of what they are in: `things` has (name, id of the parent) → own id."""

    things: Mapping[tuple[str, Any], str]
    on_read: Callable[[Step], None] = is_there
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def read(self, step: Step) -> Observed | None:
        place = step.name, step.spec.get("need0")
        self.asked.append(place)
        self.on_read(step)
        found = self.things.get(place) if isinstance(place[1], str | None) else None
        return None if found is None else Observed(outputs={"Id": found})

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, Any]:
        raise AssertionError(f"reading changes {step.id}")

    def delete(self, step: Step, observed: Observed) -> None:
        raise AssertionError(f"reading deletes {step.id}")


def observed(driver: Places, recorded: Mapping[str, str]) -> World:
    outputs = {f"{THING}/{name}": {"Id": value} for name, value in recorded.items()}
    world = World(drivers={THING: driver}, outputs=outputs)
    world.observe(STEPS, cancelled=threading.Event())
    return world


def found(world: World) -> dict[str, Any]:
    return {step.name: world.outputs.get(step.id, {}).get("Id") for step in STEPS}


RECORD = {"api": "a1", "stage": "s1", "key": "k1"}
AS_RECORDED = {("api", None): "a1", ("stage", "a1"): "s1", ("key", "s1"): "k1"}


def test_what_a_record_knows_is_read_at_the_same_time() -> None:
    together = threading.Barrier(len(STEPS), timeout=PATIENCE_SECONDS)
    driver = Places(AS_RECORDED, lambda _step: together.wait() and None)
    assert found(observed(driver, RECORD)) == RECORD
    assert len(driver.asked) == len(STEPS)


def test_without_a_record_parents_come_first() -> None:
    driver = Places(AS_RECORDED)
    assert found(observed(driver, {})) == RECORD
    assert driver.asked == [("api", None), ("stage", "a1"), ("key", "s1")]


def test_children_of_a_parent_that_was_made_anew_are_read_again() -> None:
    moved = {("api", None): "a2", ("stage", "a2"): "s2", ("key", "s2"): "k2", ("stage", "a1"): "s1"}
    assert found(observed(Places(moved), RECORD)) == {"api": "a2", "stage": "s2", "key": "k2"}


def test_a_child_is_gone_with_its_parent() -> None:
    left = {("stage", "a1"): "s1", ("key", "s1"): "k1"}
    world = observed(Places(left), RECORD)
    assert found(world) == {"api": None, "stage": None, "key": None}
    assert set(world.observed.values()) == {None}


def test_an_error_counts_only_where_the_record_was_right() -> None:
    def fail_at(place: tuple[str, str]) -> Callable[[Step], None]:
        def fail(step: Step) -> None:
            if (step.name, step.spec.get("need0")) == place:
                raise DeployError("there is no such API")

        return fail

    anew = {("api", None): "a2", ("stage", "a2"): "s2", ("key", "s2"): "k2"}
    assert found(observed(Places(anew, fail_at(("stage", "a1"))), RECORD))["stage"] == "s2"
    with pytest.raises(DeployError, match="no such API"):
        observed(Places(AS_RECORDED, fail_at(("stage", "a1"))), RECORD)
