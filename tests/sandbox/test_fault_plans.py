"""Fault plans: what can be said, where a mistake is, and that a seed decides everything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mldeploy_sandbox.faults.injector import Injector
from mldeploy_sandbox.faults.plan import Fault, PlanError, read_plan


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("throttle", Fault(kind="throttle")),
        ("* throttle:3", Fault(kind="throttle", times=3)),
        ("lambda:CreateFunction#1 drop-after", Fault(kind="drop-after", target="lambda:CreateFunction", last=1)),
        ("iam:*#2-4 5xx", Fault(kind="5xx", target="iam:*", first=2, last=4)),
        ("iam:*#2+ 5xx:1", Fault(kind="5xx", target="iam:*", first=2, times=1)),
        ("s3:* delay:200ms @0.25", Fault(kind="delay", target="s3:*", seconds=0.2, probability=0.25)),
        ("my-endpoint ping-fail", Fault(kind="ping-fail", target="my-endpoint")),
    ],
)
def test_an_entry_says_what_is_hit_and_when(text, fault):
    assert read_plan(text).faults == (fault,)


def test_entries_are_separated_by_commas_and_lines_and_the_seed_is_kept():
    plan = read_plan("throttle:1, redis-down\n  lambda:* 5xx , seed=7")
    assert [fault.kind for fault in plan.faults] == ["throttle", "redis-down", "5xx"]
    assert plan.seed == 7


def test_a_plan_without_a_seed_shows_the_one_that_it_got():
    plan = read_plan("* 5xx @0.5")
    assert read_plan(plan.text) == plan


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("explode", 0, "no fault is called 'explode'"),
        ("ping-fail, lambda:* explode", 20, "no fault is called 'explode'"),
        ("CreateFunction throttle", 0, "service:Operation"),
        ("lambda:*#0 throttle", 9, "#1, #2-4 or #3+"),
        ("lambda:* throttle:0", 18, "attempts of each request"),
        ("* delay", 2, "is no duration"),
        ("* delay:5", 8, "is no duration"),
        ("* 5xx @2", 7, "above 0 and is at most 1"),
        ("ping-fail:3", 10, "nothing"),
        ("a b c d", 0, "cannot read"),
    ],
)
def test_a_mistake_has_a_place(text, position, words):
    with pytest.raises(PlanError, match=re.escape(words)) as caught:
        read_plan(text)
    assert caught.value.position == position


@given(st.text(alphabet="abz*:#@0129-+.,= \n", max_size=40))
def test_any_text_is_a_plan_or_a_mistake_inside_it(text):
    position = 0
    try:
        read_plan(text)
    except PlanError as error:
        position = error.position
    assert 0 <= position <= len(text)


def hits(injector: Injector, calls: list[tuple[str, str]]) -> list[bool]:
    return [bool(injector.next_faults(operation, request)) for operation, request in calls]


def test_counts_are_of_calls_and_times_are_of_attempts():
    calls = [("iam:GetRole", "a"), ("iam:GetRole", "b"), ("iam:GetRole", "a"), ("iam:GetRole", "b")]
    assert hits(Injector(read_plan("iam:*#2-3 5xx")), calls) == [False, True, True, False]
    assert hits(Injector(read_plan("iam:* throttle:1")), calls) == [True, True, False, False]
    assert hits(Injector(read_plan("lambda:* throttle")), calls) == [False] * 4


def test_one_fault_at_a_time_but_delays_add_up():
    injector = Injector(read_plan("* delay:1s, * throttle:1, * drop-after:1, * delay:2s"))
    met = [[fault.kind for fault in injector.next_faults("iam:GetRole", "a")] for _ in range(2)]
    assert met == [["delay", "throttle", "delay"], ["delay", "drop-after", "delay"]]
    counted = Injector(read_plan("*#1 throttle, *#2 drop-after"))
    assert [fault.kind for _ in range(3) for fault in counted.next_faults("iam:GetRole", "a")] == [
        "throttle",
        "drop-after",
    ]


def test_the_seed_decides_whatever_the_order_of_different_operations():
    one = [("iam:GetRole", str(number)) for number in range(40)]
    other = [("s3:PutObject", str(number)) for number in range(40)]
    plan = read_plan("* 5xx @0.5, seed=11")
    mixed = [call for pair in zip(one, other, strict=True) for call in pair]
    apart = dict(zip(one + other, hits(Injector(plan), one + other), strict=True))
    together = dict(zip(mixed, hits(Injector(plan), mixed), strict=True))
    assert apart == together
    assert 10 < sum(apart.values()) < 70
    assert hits(Injector(read_plan("* 5xx @0.5, seed=12")), one) != hits(Injector(plan), one)


def test_parts_break_by_name_and_a_new_plan_is_told():
    injector, told = Injector(read_plan("blue ping-fail")), []
    injector.on_change(lambda: told.append(injector.broken("ping-fail", "blue")))
    assert (injector.broken("ping-fail", "blue"), injector.broken("ping-fail", "green")) == (True, False)
    assert injector.broken("capacity", "blue") is False
    injector.follow(read_plan(""))
    assert told == [False]
