"""The sandbox's clock: it can be moved on and made faster, and whoever waits on it wakes up."""

from __future__ import annotations

import threading
import time

import pytest

from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.duration_text import seconds_of


def test_who_waits_wakes_when_time_moves_on():
    clock, done = Clock(), threading.Event()
    thread = threading.Thread(target=lambda: (clock.wait(3600), done.set()))
    thread.start()
    before = clock.now()
    clock.advance(3601)
    assert done.wait(5)
    thread.join()
    assert (clock.now() - before).total_seconds() >= 3601


def test_a_fast_clock_waits_less_and_never_goes_back():
    clock = Clock()
    clock.advance(10)
    clock.run_at(1000)
    begin, real = clock.monotonic(), time.monotonic()
    assert clock.wait(100) is False
    assert time.monotonic() - real < 5
    assert clock.monotonic() - begin >= 100
    clock.run_at(1)
    assert clock.monotonic() >= begin + 100


def test_a_wait_can_be_given_up():
    stop = threading.Event()
    stop.set()
    assert Clock().wait(3600, stop) is True


@pytest.mark.parametrize(("change", "value"), [("advance", -1), ("run_at", 0), ("run_at", -2)])
def test_time_goes_forward_only(change, value):
    with pytest.raises(ValueError, match="clock"):
        getattr(Clock(), change)(value)


@pytest.mark.parametrize(("text", "seconds"), [("200ms", 0.2), ("60s", 60), ("1.5m", 90), (" 2h ", 7200)])
def test_durations_are_read(text, seconds):
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1d", "1s2s"])
def test_what_is_no_duration_is_said(text):
    with pytest.raises(ValueError, match="no duration"):
        seconds_of(text)
