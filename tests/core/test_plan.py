from __future__ import annotations

import pytest

from mldeploy.errors import PluginError, RefusedError
from mldeploy.model import Phase, Step
from mldeploy.planning.plan_text import plan_json, plan_text
from tests.core.toy import THING, Toy, check, thing


def reason(toy: Toy, *steps: Step) -> str:
    return next(change.reason for change in toy.deployment(*steps).plan().changes if change.reason)


def test_an_empty_world_is_filled_and_then_kept(toy: Toy) -> None:
    base = thing("base")
    user = thing("user", base)
    assert toy.actions(base, user, check("c", user)) == {"base": "create", "user": "create", "c": "run"}
    toy.run(base, user, check("c", user))
    assert toy.actions(base, user, check("c", user)) == {"base": "keep", "user": "keep", "c": "run"}


def test_planning_changes_nothing(toy: Toy) -> None:
    toy.deployment(thing("a")).plan()
    assert not toy.world.changes
    assert not toy.store.records()


def test_a_changed_value_is_an_update_that_says_from_what_to_what(toy: Toy) -> None:
    toy.run(thing("a", spec={"size": 1, "kind": "x"}))
    assert reason(toy, thing("a", spec={"size": 2, "kind": "x"})) == "size: 1 → 2"


def test_drift_in_the_world_is_an_update(toy: Toy) -> None:
    toy.run(thing("a", spec={"size": 1}))
    toy.world.things[f"{THING}/a"]["spec"]["size"] = 7
    assert reason(toy, thing("a", spec={"size": 1})) == "size: 7 → 1"


def test_live_values_that_we_do_not_manage_are_left_alone(toy: Toy) -> None:
    toy.run(thing("a", spec={"size": 1}))
    toy.world.things[f"{THING}/a"]["spec"]["theirs"] = True
    assert toy.actions(thing("a", spec={"size": 1})) == {"a": "keep"}


def test_settings_are_never_a_reason_to_change(toy: Toy) -> None:
    toy.run(thing("a", settings={"WaitSeconds": 1}))
    assert toy.actions(thing("a", settings={"WaitSeconds": 2})) == {"a": "keep"}


def test_a_value_that_is_known_later_names_the_step_it_comes_from(toy: Toy) -> None:
    user = thing("user")
    toy.run(user)
    base = thing("base")
    assert reason(toy, base, thing("user", base)) == f"need0: known after {base.id}"


def test_a_change_of_content_is_a_new_immutable_step_and_the_old_one_goes(toy: Toy) -> None:
    toy.keep = 1
    toy.run(thing("m", spec={"v": 1}, immutable=True))
    actions = sorted(toy.actions(thing("m", spec={"v": 2}, immutable=True)).values())
    assert actions == ["create", "delete"]


def test_what_is_no_longer_described_is_deleted(toy: Toy) -> None:
    toy.run(thing("a"), thing("b"))
    assert toy.actions(thing("a")) == {"a": "keep", "b": "delete"}


def test_a_lazy_step_is_made_only_for_a_step_that_changes(toy: Toy) -> None:
    train = thing("train", lazy=True, phase=Phase.BUILD)
    model = thing("model", train, immutable=True)
    toy.run(train, model)
    del toy.world.things[train.id]
    assert toy.actions(train, model)["train"] == "keep"
    other = thing("model", train, spec={"v": 2}, immutable=True)
    assert toy.actions(train, other)["train"] == "create"


def test_lazy_steps_pull_each_other_in(toy: Toy) -> None:
    python = thing("python", lazy=True)
    train = thing("train", python, lazy=True)
    assert toy.actions(python, train) == {"python": "keep", "train": "keep"}
    assert toy.actions(python, train, thing("model", train))["python"] == "create"


@pytest.mark.req("6.1")
def test_somebody_elses_thing_is_refused_by_name_with_the_way_out(toy: Toy) -> None:
    toy.world.things[f"{THING}/a"] = {"id": "x", "spec": {}}
    toy.world.foreign.add(f"{THING}/a")
    with pytest.raises(RefusedError, match="'a' exists and does not carry our tags") as refused:
        toy.run(thing("a"))
    assert "--adopt" in refused.value.hint
    assert not toy.world.changes


@pytest.mark.req("6.1")
def test_adopt_takes_it_over_and_it_is_ours_from_then_on(toy: Toy) -> None:
    toy.world.things[f"{THING}/a"] = {"id": "x", "spec": {}}
    toy.world.foreign.add(f"{THING}/a")
    toy.adopt = True
    toy.run(thing("a"))
    toy.adopt = False
    assert toy.actions(thing("a")) == {"a": "keep"}
    assert toy.world.things[f"{THING}/a"]["id"] == "x"


def test_a_kind_without_a_driver_says_what_to_install(toy: Toy) -> None:
    with pytest.raises(PluginError, match="no loaded plugin drives Other::Kind") as refused:
        toy.run(Step(kind="Other::Kind", name="x", phase=Phase.BUILD))
    assert "plugin" in refused.value.hint


def test_the_plan_as_text_and_json_say_the_same(toy: Toy) -> None:
    toy.run(thing("old"), thing("same"))
    plan = toy.deployment(thing("new"), thing("same")).plan()
    text, data = plan_text(plan), plan_json(plan)
    assert "+ Toy::Thing/new" in text
    assert "- Toy::Thing/old" in text
    assert "same" not in text
    assert "same" in plan_text(plan, kept=True)
    assert data["counts"] == {"create": 1, "keep": 1, "delete": 1}
    assert data["mutations"] == 2
    assert text.endswith("1 to create, 0 to update, 1 to keep, 1 to delete, 0 to run")
