from __future__ import annotations

import pytest

from mldeploy.errors import DeployError, RefusedError, RollbackError, UsageError, VerifyError
from mldeploy.model import Step
from mldeploy.planning.planner import Plan
from mldeploy.record import Record
from tests.core.toy import CHECK, THING, Toy, check, fails_at, thing

CHECKED = f"check {CHECK}/c"


def release(version: int) -> tuple[Step, ...]:
    """An endpoint that points to an immutable model, and a check."""
    model = thing("model", spec={"v": version}, immutable=True)
    endpoint = thing("endpoint", model)
    return model, endpoint, check("c", endpoint)


def served(toy: Toy) -> int:
    """The version of the model that the endpoint points to."""
    wanted = toy.world.things[f"{THING}/endpoint"]["spec"]["need0"]
    return next(item["spec"]["v"] for item in toy.world.things.values() if item["id"] == wanted)


def outcomes(toy: Toy) -> list[tuple[int, str]]:
    return [(record.number, record.outcome) for record in toy.store.records()]


def test_the_second_run_of_the_same_release_changes_nothing(toy: Toy) -> None:
    toy.run(*release(1))
    toy.world.forget_calls()
    assert toy.run(*release(1)).number == 1
    assert not toy.world.changes


def test_nothing_changes_when_the_question_is_answered_with_no(toy: Toy) -> None:
    seen: list[Plan] = []

    def refuse(plan: Plan) -> None:
        seen.append(plan)
        raise RefusedError("no")

    with pytest.raises(RefusedError):
        toy.run(*release(1), confirm=refuse)
    assert len(seen[0].mutations) == 2
    assert not toy.world.changes
    assert not toy.store.records()


class TestVerify:
    @pytest.mark.req("W1")
    def test_a_failed_check_brings_the_last_good_release_back(self, toy: Toy) -> None:
        toy.run(*release(1))
        calls = iter([VerifyError("wrong answer")])

        def fail_once(call: str) -> None:
            if call == CHECKED:
                for error in calls:
                    raise error

        toy.world.hook = fail_once
        with pytest.raises(VerifyError, match="wrong answer; rolled back, r1 is serving again"):
            toy.run(*release(2))
        assert served(toy) == 1
        assert toy.actions(*release(1)) == {toy_name(1): "keep", "endpoint": "keep", "c": "run"}
        latest = toy.store.records()[-1]
        assert (latest.outcome, latest.restores) == ("deployed", 1)

    def test_the_first_release_stays_for_a_look(self, toy: Toy) -> None:
        toy.world.hook = fails_at(CHECKED, VerifyError("wrong answer"))
        with pytest.raises(VerifyError, match="wrong answer") as failed:
            toy.run(*release(1))
        assert "no earlier release" in failed.value.hint
        assert served(toy) == 1
        assert outcomes(toy) == [(1, "failed")]

    def test_a_failure_of_the_way_back_needs_a_person(self, toy: Toy) -> None:
        toy.run(*release(1))
        toy.world.hook = fails_at(CHECKED, VerifyError("wrong answer"))
        with pytest.raises(RollbackError, match=r"wrong answer; restoring r1 failed too: .*wrong answer"):
            toy.run(*release(2))
        assert toy.store.records()[-1].outcome == "failed"

    def test_a_run_that_changed_nothing_rolls_nothing_back(self, toy: Toy) -> None:
        toy.run(*release(1))
        toy.run(*release(2))
        toy.world.hook = fails_at(CHECKED, VerifyError("slow today"))
        with pytest.raises(VerifyError, match="slow today") as failed:
            toy.run(*release(2))
        assert "nothing was rolled back" in failed.value.hint
        assert served(toy) == 2
        assert outcomes(toy)[-1] == (2, "deployed")

    def test_any_error_of_a_check_is_a_failed_check(self, toy: Toy) -> None:
        toy.world.hook = fails_at(CHECKED, ValueError("no JSON"))
        with pytest.raises(VerifyError, match="ValueError: no JSON"):
            toy.run(*release(1))


class TestRollback:
    @pytest.mark.req("F6")
    def test_it_brings_all_layers_of_the_earlier_release_back_and_checks_them(self, toy: Toy) -> None:
        toy.run(*release(1))
        toy.run(*release(2))
        toy.world.forget_calls()
        record = toy.deployment().rollback()
        assert served(toy) == 1
        assert (record.number, record.restores) == (3, 1)
        assert CHECKED in toy.world.calls

    def test_to_a_release_by_its_id(self, toy: Toy) -> None:
        for version in (1, 2, 3):
            toy.run(*release(version))
        toy.deployment().rollback("r1")
        assert served(toy) == 1

    def test_it_needs_no_rebuild(self, toy: Toy) -> None:
        toy.run(*release(1))
        toy.run(*release(2))
        toy.world.forget_calls()
        toy.deployment().rollback()
        assert toy.world.changes == [f"update {THING}/endpoint"]

    def test_it_never_goes_back_to_what_is_there(self, toy: Toy) -> None:
        toy.run(*release(1))
        calls = iter([VerifyError("wrong")])
        toy.world.hook = lambda call: [_raise(error) for error in calls] if call == CHECKED else None
        with pytest.raises(VerifyError):
            toy.run(*release(2))
        with pytest.raises(UsageError, match="no earlier release"):
            toy.deployment().rollback()

    @pytest.mark.parametrize("target", ["r7", "latest"])
    def test_an_unknown_release_is_refused_with_those_that_exist(self, toy: Toy, target: str) -> None:
        toy.run(*release(1))
        with pytest.raises(UsageError, match=f"there is no release {target}") as refused:
            toy.deployment().rollback(target)
        assert "r1 (deployed)" in refused.value.hint

    def test_a_failed_check_after_it_is_a_failed_release(self, toy: Toy) -> None:
        toy.run(*release(1))
        toy.run(*release(2))
        toy.world.hook = fails_at(CHECKED, VerifyError("wrong"))
        with pytest.raises(VerifyError):
            toy.deployment().rollback()
        assert outcomes(toy)[-1] == (3, "failed")


class TestRetention:
    @pytest.mark.parametrize("keep", [1, 2, 3])
    def test_the_newest_releases_and_what_they_need_are_kept_and_nothing_else(self, toy: Toy, keep: int) -> None:
        toy.keep = keep
        for version in range(1, 7):
            toy.run(*release(version))
        kept = [toy_name(version) for version in range(7 - keep, 7)]
        assert toy.names == {"endpoint", *kept}
        assert [record.number for record in toy.store.records()] == list(range(7 - keep, 7))

    def test_a_repeated_rollback_takes_nothing_that_the_first_one_kept(self, toy: Toy) -> None:
        toy.keep = 2
        for version in (1, 2):
            toy.run(*release(version))
        for _ in range(2):
            toy.deployment().rollback("r1")
        assert served(toy) == 1
        assert toy.names == {"endpoint", toy_name(1), toy_name(2)}
        toy.deployment().rollback("r2")
        assert served(toy) == 2

    def test_a_failed_release_is_swept_by_the_next_good_one(self, toy: Toy) -> None:
        toy.run(*release(1))
        toy.world.hook = fails_at(f"update {THING}/endpoint", ValueError("no capacity"))
        with pytest.raises(Exception, match="no capacity"):
            toy.run(*release(2))
        toy.world.hook = lambda _call: None
        toy.run(*release(3))
        assert toy.names == {"endpoint", toy_name(1), toy_name(3)}
        assert outcomes(toy) == [(1, "deployed"), (3, "deployed")]

    def test_old_things_go_only_after_the_checks(self, toy: Toy) -> None:
        toy.keep = 1
        toy.run(*release(1))
        toy.world.forget_calls()
        toy.run(*release(2))
        assert toy.world.calls.index(CHECKED) < toy.world.calls.index(f"delete {THING}/{toy_name(1)}")


class TestDestroy:
    def test_everything_of_every_release_goes_and_the_history_with_it(self, toy: Toy) -> None:
        for version in (1, 2, 3):
            toy.run(*release(version))
        toy.deployment().destroy()
        assert not toy.world.things
        assert not toy.store.records()

    def test_it_needs_no_record(self, toy: Toy) -> None:
        toy.run(*release(1))
        lose_records(toy)
        toy.deployment(*release(1)).destroy()
        assert not toy.world.things

    def test_the_second_time_there_is_nothing_to_do(self, toy: Toy) -> None:
        toy.run(*release(1))
        toy.deployment().destroy()
        assert not toy.deployment(*release(1)).destroy().mutations

    def test_somebody_elses_things_stay(self, toy: Toy) -> None:
        endpoint = f"{THING}/endpoint"
        toy.world.things[endpoint] = {"id": "theirs", "spec": {}}
        toy.world.foreign.add(endpoint)
        plan = toy.deployment(*release(1)).destroy()
        assert set(toy.world.things) == {endpoint}
        assert [change.reason for change in plan.changes] == ["left alone: it does not carry our tags"]

    def test_a_failed_deletion_can_be_repeated(self, toy: Toy) -> None:
        toy.run(*release(1))
        toy.world.hook = fails_at(f"delete {THING}/{toy_name(1)}", ValueError("in use"))
        with pytest.raises(Exception, match="in use"):
            toy.deployment().destroy()
        assert toy.store.records()
        toy.world.hook = lambda _call: None
        toy.deployment().destroy()
        assert not toy.world.things


class TestStatus:
    def state(self, toy: Toy) -> dict[str, str]:
        _, plan = toy.deployment().status()
        return {change.step.name.partition("-")[0]: change.action.value for change in plan.changes}

    def test_it_compares_the_record_with_the_world(self, toy: Toy) -> None:
        toy.run(*release(1))
        assert self.state(toy) == {"model": "keep", "endpoint": "keep", "c": "run"}
        toy.world.things[f"{THING}/endpoint"]["spec"]["need0"] = "something else"
        assert self.state(toy)["endpoint"] == "update"
        del toy.world.things[f"{THING}/endpoint"]
        assert self.state(toy)["endpoint"] == "create"

    def test_without_a_record_it_says_how_to_deploy(self, toy: Toy) -> None:
        with pytest.raises(UsageError, match="nothing is deployed in environment 'test'") as refused:
            toy.deployment(*release(1)).status()
        assert "mldeploy run --env test" in refused.value.hint

    def test_what_is_only_looked_up_is_no_deployment(self, toy: Toy) -> None:
        toy.run(*release(1))
        lose_records(toy)
        assert toy.deployment(*release(1)).status()[0].outcome == "unrecorded"
        toy.world.looked_up = set(toy.world.things)
        with pytest.raises(UsageError, match="nothing is deployed"):
            toy.deployment(*release(1)).status()


def test_losing_the_record_loses_nothing(toy: Toy) -> None:
    toy.run(*release(1))
    lose_records(toy)
    toy.world.forget_calls()
    toy.run(*release(1))
    assert not toy.world.changes
    lose_records(toy)
    toy.run(*release(2))
    assert served(toy) == 2


def test_the_record_holds_what_rollback_and_status_need(toy: Toy) -> None:
    record: Record = toy.run(*release(1))
    read = toy.store.records()[-1]
    assert read.to_json() == record.to_json()
    assert read.release_id == "r1"
    assert read.outputs[f"{THING}/endpoint"] == {"Id": toy.world.things[f"{THING}/endpoint"]["id"]}


def toy_name(version: int) -> str:
    """The final name of the model of a version."""
    from mldeploy.graph import settle

    return settle(release(version)[:1])[0].name


def lose_records(toy: Toy) -> None:
    for record in toy.store.records():
        toy.store.forget(record.number)


def _raise(error: Exception) -> None:
    raise error


def test_destroy_after_a_failed_update_lets_go_of_what_was_used_before(toy: Toy) -> None:
    """The stage still points to the old deployment, although its newest form names the new one."""

    def versions(number: int) -> list[Step]:
        deployed = thing("deployment", spec={"version": number}, immutable=True)
        return [deployed, thing("stage", deployed)]

    toy.run(*versions(1))
    toy.world.hook = fails_at("update Toy::Thing/stage", DeployError("no"))
    with pytest.raises(DeployError):
        toy.run(*versions(2))
    toy.world.hook = lambda _call: None
    toy.world.forget_calls()
    toy.deployment(*versions(2)).destroy()
    assert toy.world.changes[0] == "delete Toy::Thing/stage"
    assert not toy.world.things
