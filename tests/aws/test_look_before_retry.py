"""Drivers look before they make again what may have been made already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mldeploy import Context, DeployError, Observed, Phase, RefusedError, Step
from mldeploy_aws.driver import AwsDriver
from mldeploy_aws.failures import AnswerLostError
from tests.aws.stubbed import Account

STEP = Step(kind="Test::Thing", name="thing", phase=Phase.PROVISION, spec={"Size": 2})
IMMUTABLE = Step(kind="Test::Thing", name="thing-1", phase=Phase.PROVISION, spec={"Size": 2}, immutable=True)
LOST = AnswerLostError("CreateThing got no answer")
EXISTS = ClientError({"Error": {"Code": "EntityAlreadyExists", "Message": "thing already exists"}}, "CreateThing")


class Thing(AwsDriver):
    """A thing that appears in the answers of `seen`, one per look, and counts what is made."""

    service = "iam"

    def __init__(self, context: Context, seen: list[Observed | None], *errors: Exception) -> None:
        super().__init__(context)
        self._seen = seen
        self._errors = list(errors)
        self.did: list[str] = []

    def find(self, step: Step) -> Observed | None:
        return self._seen.pop(0) if self._seen else None

    def create(self, step: Step) -> Mapping[str, Any]:
        return self._do("create")

    def update(self, step: Step, observed: Observed) -> Mapping[str, Any]:
        return self._do("update")

    def remove(self, step: Step, observed: Observed) -> None:
        self._do("remove")

    def _do(self, what: str) -> Mapping[str, Any]:
        self.did.append(what)
        if self._errors:
            raise self._errors.pop(0)
        return {"Id": what}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    account = Account("iam")
    return Context(
        name="probe",
        env="dev",
        root=tmp_path,
        config={},
        tags={},
        find_provider=lambda _kind, _context: account,
        emit=lambda _event: None,
    )


@pytest.mark.req("E3")
@pytest.mark.parametrize("error", [LOST, EXISTS], ids=["lost answer", "exists already"])
def test_what_was_made_unseen_is_finished_and_not_made_again(context: Context, error: Exception) -> None:
    thing = Thing(context, [None, Observed(spec={"Size": 1})], error)
    assert thing.apply(STEP, None) == {"Id": "update"}
    assert thing.did == ["create", "update"]


@pytest.mark.req("E3")
def test_what_is_as_wanted_already_or_cannot_change_is_left_as_it_is(context: Context) -> None:
    for step, spec in ((STEP, {"Size": 2}), (IMMUTABLE, {})):
        thing = Thing(context, [Observed(outputs={"Id": "found"}, spec=spec)], LOST)
        assert thing.apply(step, None) == {"Id": "found"}
        assert thing.did == ["create"]


@pytest.mark.req("E3")
def test_what_was_not_made_is_made_again(context: Context) -> None:
    thing = Thing(context, [], LOST, LOST)
    assert thing.apply(STEP, None) == {"Id": "create"}
    assert thing.did == ["create"] * 3


def test_answers_that_are_lost_for_ever_end_in_an_error(context: Context) -> None:
    thing = Thing(context, [], *[LOST] * 20)
    with pytest.raises(DeployError, match="got no answer"):
        thing.apply(STEP, None)
    assert len(thing.did) < 10


def test_a_name_that_somebody_else_took_meanwhile_is_refused(context: Context) -> None:
    thing = Thing(context, [Observed(spec={"Size": 2}, owned=False)], EXISTS)
    with pytest.raises(RefusedError, match="does not carry our tags"):
        thing.apply(STEP, None)


def test_a_name_that_is_taken_where_we_cannot_look_is_an_error(context: Context) -> None:
    with pytest.raises(DeployError, match="already exists"):
        Thing(context, [], EXISTS).apply(STEP, None)


def test_an_update_whose_answer_was_lost_goes_on_from_what_is_there(context: Context) -> None:
    thing = Thing(context, [Observed(spec={"Size": 2})], LOST)
    assert thing.apply(STEP, Observed(spec={"Size": 1})) == {"Id": "update"}
    assert thing.did == ["update", "update"]


@pytest.mark.req("E3")
def test_a_deletion_whose_answer_was_lost_goes_on_from_what_is_left(context: Context) -> None:
    thing = Thing(context, [Observed(), None], LOST, LOST)
    thing.delete(STEP, Observed())
    assert thing.did == ["remove", "remove"]
