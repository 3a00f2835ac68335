from __future__ import annotations

import threading

import pytest

from mldeploy.errors import DeployError, MldeployError, PendingError, RefusedError
from mldeploy.model import Phase
from tests.core.toy import CHECK, THING, Toy, check, fails_at, thing


def test_outputs_reach_those_that_refer_to_them(toy: Toy) -> None:
    base = thing("base")
    toy.run(base, thing("user", base))
    assert toy.world.things[f"{THING}/user"]["spec"] == {"need0": toy.world.things[base.id]["id"]}


def test_independent_steps_are_made_at_the_same_time(toy: Toy) -> None:
    together = threading.Barrier(5)

    def meet(call: str) -> None:
        if call.startswith("create"):
            together.wait(10)

    toy.world.hook = meet
    toy.run(*(thing(str(n)) for n in range(5)))
    assert len(toy.names) == 5


def test_checks_run_after_everything_else_exists(toy: Toy) -> None:
    base = thing("base")
    toy.run(base, thing("other"), check("c", base))
    assert toy.world.calls[-1] == f"check {CHECK}/c"


def test_a_failure_keeps_what_is_done_and_starts_nothing_new(toy: Toy) -> None:
    a = thing("a")
    b = thing("b", a)
    toy.world.hook = fails_at(f"create {b.id}", ValueError("no capacity"))
    with pytest.raises(DeployError, match=r"Toy::Thing/b: ValueError: no capacity"):
        toy.run(a, b, thing("c", b))
    assert toy.names == {"a"}
    record = toy.store.records()[-1]
    assert record.outcome == "failed"
    assert record.pending == {b.id}
    assert [event.step for event in toy.events if event.state == "skipped"] == [f"{THING}/c"]


def test_the_next_run_goes_on_where_it_stopped_in_the_same_release(toy: Toy) -> None:
    a = thing("a")
    b = thing("b", a)
    toy.world.hook = fails_at(f"create {b.id}", ValueError())
    with pytest.raises(DeployError):
        toy.run(a, b)
    toy.world.hook = lambda _call: None
    toy.world.forget_calls()
    record = toy.run(a, b)
    assert toy.world.changes == [f"create {b.id}"]
    assert (record.number, record.outcome, record.pending) == (1, "deployed", set())


def test_two_failures_are_both_told(toy: Toy) -> None:
    together = threading.Barrier(2)

    def fail(call: str) -> None:
        if call.startswith("create"):
            together.wait(10)
            raise ValueError(call)

    toy.world.hook = fail
    with pytest.raises(DeployError) as failed:
        toy.run(thing("a"), thing("b"))
    told = f"{failed.value.message} {failed.value.details}"
    assert "create Toy::Thing/a" in told
    assert "create Toy::Thing/b" in told


def test_an_expected_error_keeps_its_class_hint_and_details(toy: Toy) -> None:
    error = RefusedError("quota is 0", hint="ask for more", details=("line 1",))
    toy.world.hook = fails_at(f"create {THING}/a", error)
    with pytest.raises(RefusedError) as failed:
        toy.run(thing("a"))
    assert failed.value.message == f"{THING}/a: quota is 0"
    assert (failed.value.hint, failed.value.details) == ("ask for more", ("line 1",))


def test_a_driver_that_cannot_read_is_named_and_nothing_changes(toy: Toy) -> None:
    toy.world.hook = fails_at(f"read {THING}/a", OSError("no route"))
    with pytest.raises(DeployError, match="reading Toy::Thing/a: OSError: no route"):
        toy.run(thing("a"), thing("b"))
    assert not toy.world.changes


def test_what_is_pending_is_on_disk_before_the_step_starts(toy: Toy) -> None:
    seen: list[set[str]] = []
    toy.world.hook = lambda call: seen.append(toy.store.records()[-1].pending) if call.startswith("create") else None
    toy.run(thing("a"))
    assert seen == [{f"{THING}/a"}]


@pytest.mark.req("4.10")
def test_an_interrupted_run_ends_its_running_step_says_so_and_resumes(toy: Toy) -> None:
    a = thing("a")
    toy.world.hook = lambda call: toy.cancelled.set() if call == f"create {a.id}" else None
    with pytest.raises(PendingError, match="1 steps were not started") as stopped:
        toy.run(a, thing("b", a))
    assert "same command" in stopped.value.hint
    assert toy.names == {"a"}
    toy.cancelled.clear()
    record = toy.run(a, thing("b", a))
    assert (record.number, record.outcome) == (1, "deployed")
    assert toy.names == {"a", "b"}


def test_an_interrupt_while_reading_changes_nothing_and_forgets_nothing(toy: Toy) -> None:
    toy.run(thing("a"))
    toy.cancelled.set()
    for verb in (toy.deployment(thing("a"), thing("b")).run, toy.deployment().destroy, toy.deployment().status):
        with pytest.raises(PendingError, match="interrupted before anything was changed"):
            verb()
    assert toy.names == {"a"}
    assert toy.store.records()[-1].outcome == "deployed"


def test_dependants_are_deleted_first(toy: Toy) -> None:
    a = thing("a")
    b = thing("b", a)
    toy.run(a, b, thing("c", b))
    toy.world.forget_calls()
    toy.deployment().destroy()
    assert [call.rpartition("/")[2] for call in toy.world.changes] == ["c", "b", "a"]


@pytest.mark.req("8.8")
def test_phases_run_one_by_one_in_jobs_of_their_own(toy: Toy) -> None:
    image = thing("image", phase=Phase.BUILD, provides="image")
    steps = (image, thing("endpoint", "@image"), thing("api", phase=Phase.EXPOSE))
    for phase, names in [("build", {"image"}), ("provision", {"image", "endpoint"})]:
        record = toy.run(*steps, phases=[Phase(phase)])
        assert toy.names == names
        assert (record.number, record.outcome) == (1, "running")
    record = toy.run(*steps, phases=[Phase.EXPOSE, Phase.VERIFY])
    assert (record.number, record.outcome) == (1, "deployed")


def test_a_phase_before_its_time_says_which_output_is_missing(toy: Toy) -> None:
    image = thing("image", phase=Phase.BUILD, provides="image")
    with pytest.raises(DeployError, match="needs 'Id' of Toy::Thing/image, which does not exist yet") as failed:
        toy.run(image, thing("endpoint", "@image"), phases=[Phase.PROVISION])
    assert "earlier phases" in failed.value.hint


def test_a_change_further_up_reaches_down_in_the_same_run(toy: Toy) -> None:
    base = thing("base", immutable=True)
    toy.run(base, thing("user", base))
    other = thing("base", spec={"v": 2}, immutable=True)
    toy.run(other, thing("user", other))
    new = next(value["id"] for step_id, value in toy.world.things.items() if value["spec"].get("v") == 2)
    assert toy.world.things[f"{THING}/user"]["spec"]["need0"] == new


def test_events_tell_start_and_end_of_each_step_with_its_phase(toy: Toy) -> None:
    toy.run(thing("a"))
    assert [(e.step, e.state, e.action, e.phase) for e in toy.events] == [
        (f"{THING}/a", "started", "create", "provision"),
        (f"{THING}/a", "done", "create", "provision"),
    ]


@pytest.mark.parametrize("keep", [True, False])
def test_every_error_of_a_run_is_an_expected_one(toy: Toy, keep: bool) -> None:
    if keep:
        toy.run(thing("a"))
    toy.world.hook = fails_at(f"create {THING}/b", KeyError("x"))
    with pytest.raises(MldeployError):
        toy.run(thing("a"), thing("b"))
