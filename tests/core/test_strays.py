"""What no record knows any more is found by what the drivers list, and deleted in an order that works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mldeploy.deployment import Deployment
from mldeploy.errors import DeployError
from mldeploy.graph import settle
from mldeploy.model import Step
from mldeploy.strays import deletion_graph
from tests.core.toy import THING, ThingDriver, Toy, thing


@dataclass
class ListingDriver(ThingDriver):
    """Lists every thing of the world."""

    def existing(self) -> Iterable[Step]:
        return [thing(step_id.partition("/")[2]) for step_id in self.world.things]


@dataclass
class FailingDriver(ThingDriver):
    def existing(self) -> Iterator[Step]:
        raise ValueError("no permission to list")


class ListingToy(Toy):
    driver: type[ThingDriver] = ListingDriver

    def deployment(self, *steps: Step) -> Deployment:
        found = super().deployment(*steps)
        return replace(found, drivers={**found.drivers, THING: self.driver(self.world)})

    def lose_records(self) -> None:
        for record in self.store.records():
            self.store.forget(record.number)


@pytest.fixture
def toy(tmp_path: Path) -> ListingToy:
    return ListingToy(tmp_path)


def version(number: int) -> tuple[Step, ...]:
    model = thing("model", spec={"v": number}, immutable=True)
    config = thing("config", model, immutable=True)
    return (model, config, thing("endpoint", config))


def test_destroy_without_a_record_deletes_what_earlier_releases_left(toy: ListingToy) -> None:
    toy.run(*version(1), thing("dropped"))
    toy.run(*version(2))
    toy.lose_records()
    toy.deployment(*version(2)).destroy()
    assert toy.names == set()


def test_a_run_without_a_record_sweeps_them_and_shows_that_in_its_plan(toy: ListingToy) -> None:
    toy.run(*version(1), thing("dropped"))
    toy.lose_records()
    names = toy.names
    assert list(toy.actions(*version(2)).values()).count("delete") == 3
    toy.run(*version(2))
    assert "dropped" not in toy.names
    assert toy.names & names == {"endpoint"}


def test_a_run_with_a_record_keeps_what_a_rollback_needs(toy: ListingToy) -> None:
    toy.run(*version(1))
    toy.run(*version(2))
    assert len(toy.names) == 5


def test_what_somebody_else_made_stays(toy: ListingToy) -> None:
    toy.run(*version(1), thing("theirs"))
    toy.world.foreign.add(f"{THING}/theirs")
    toy.lose_records()
    toy.deployment(*version(1)).destroy()
    assert toy.names == {"theirs"}


def test_a_driver_that_cannot_list_stops_before_anything_is_changed(toy: ListingToy) -> None:
    toy.run(*version(1))
    toy.driver = FailingDriver
    toy.lose_records()
    with pytest.raises(DeployError, match="no permission to list"):
        toy.deployment(*version(1)).destroy()
    assert len(toy.names) == 3


def test_a_provider_that_the_release_does_not_use_is_not_asked(toy: ListingToy) -> None:
    toy.run(*version(1))
    deployment = toy.deployment(*version(1))
    others = {"Cloud::Thing": FailingDriver(toy.world), "mldeploy::Thing": FailingDriver(toy.world)}
    replace(deployment, drivers={**deployment.drivers, **others}).destroy()
    assert toy.names == set()


def test_a_stray_takes_the_place_of_the_step_that_is_most_like_it() -> None:
    known = settle(
        [
            thing("model", immutable=True),
            Step(kind="Toy::Config", name="config", phase=thing("x").phase, spec={"m": thing("model").ref("Id")}),
            Step(kind="Toy::Endpoint", name="end", phase=thing("x").phase, spec={"c": {"$": _config().ref("Id")}}),
        ]
    )
    strays = [thing("model-old"), replace(_config(), name="config-old"), replace(_config(), kind="Toy::Other")]
    graph = deletion_graph(known, strays)
    model = next(step.id for step in known if step.kind == THING)
    assert graph[model] == {"Toy::Config/config", "Toy::Config/config-old"}
    assert graph["Toy::Thing/model-old"] == {"Toy::Config/config", "Toy::Config/config-old"}
    assert graph["Toy::Config/config-old"] == {"Toy::Endpoint/end"}
    assert graph["Toy::Other/config"] == set()


def _config() -> Step:
    return Step(kind="Toy::Config", name="config", phase=thing("x").phase)
