from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mldeploy.concurrency import WORKERS, walk

MOST = 30


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    """Any graph without circles: a node refers to earlier ones only."""
    count = draw(st.integers(0, MOST))
    return {
        str(node): {str(other) for other in draw(st.sets(st.integers(0, node - 1), max_size=3))} if node else set()
        for node in range(count)
    }


@given(graphs(), st.sets(st.integers(0, MOST)))
def test_each_node_runs_once_after_its_dependencies_and_never_after_a_failed_one(
    graph: dict[str, set[str]], broken: set[int]
) -> None:
    started: list[str] = []
    done: set[str] = set()

    def work(node: str) -> None:
        assert graph[node] <= done
        started.append(node)
        if int(node) in broken:
            raise ValueError(node)
        done.add(node)

    failures, skipped = walk(graph, work, cancelled=threading.Event())
    assert len(started) == len(set(started))
    assert set(failures) == {node for node in started if int(node) in broken}
    assert skipped == set(graph) - set(started)
    assert failures or not skipped
    assert all(str(error) == node for node, error in failures.items())


def test_independent_work_overlaps() -> None:
    together = threading.Barrier(8)
    failures, _ = walk({str(n): set() for n in range(8)}, lambda _n: _meet(together), cancelled=threading.Event())
    assert not failures


def test_what_is_ready_starts_while_something_slow_runs() -> None:
    last_done = threading.Event()

    def work(node: str) -> None:
        if node == "slow":
            assert last_done.wait(10)
        if node == "last":
            last_done.set()

    failures, skipped = walk({"slow": set(), "a": set(), "last": {"a"}}, work, cancelled=threading.Event())
    assert not failures
    assert not skipped


def test_after_a_failure_nothing_new_starts_however_much_is_ready() -> None:
    started: list[str] = []
    failed = threading.Event()

    def work(node: str) -> None:
        started.append(node)
        if node == "0":
            failed.set()
            raise ValueError
        failed.wait(10)

    _, skipped = walk({str(n): set() for n in range(WORKERS * 4)}, work, cancelled=threading.Event())
    assert len(started) < WORKERS * 2
    assert len(skipped) == WORKERS * 4 - len(started)


def test_a_cancelled_walk_lets_the_running_end_and_starts_nothing() -> None:
    cancelled = threading.Event()
    failures, skipped = walk({"a": set(), "b": {"a"}}, lambda _node: cancelled.set(), cancelled=cancelled)
    assert not failures
    assert skipped == {"b"}


def test_an_interrupt_of_the_caller_does_not_wait_for_what_runs() -> None:
    release = threading.Event()
    running = threading.Event()

    def work(node: str) -> None:
        if node == "interrupt":
            running.wait(10)
            raise KeyboardInterrupt
        running.set()
        release.wait(30)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        walk({"interrupt": set(), "long": set()}, work, cancelled=threading.Event())
    release.set()
    assert time.monotonic() - started < 10


def _meet(barrier: threading.Barrier) -> None:
    barrier.wait(10)
