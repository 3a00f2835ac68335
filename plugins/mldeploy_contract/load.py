"""Many callers at once, while /ping is asked as SageMaker does."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mldeploy_contract.exchange import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mldeploy_contract.trial import Trial

PING_PAUSE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What callers and health checks got.

    - `answers`: how often each status came, or each way of getting none.
    - `pings`: seconds of every ping that was answered with 200 in time.
    - `connects`: seconds until the connection of each of these was accepted.
    - `missed`: what the other pings got.
    """

    callers: int
    seconds: float
    answers: Mapping[int | str, int]
    pings: Sequence[float]
    connects: Sequence[float]
    missed: Sequence[str]


def press(trial: Trial) -> Load:
    """Let all callers send the example again and again, and ask /ping until the last of them has its answer."""
    callers = trial.conditions.concurrency
    answers: Counter[int | str] = Counter()
    counting = threading.Lock()
    started = time.monotonic()

    def call() -> None:
        while time.monotonic() - started < trial.limits.load and trial.alive:
            got = _answer(trial)
            with counting:
                answers[got] += 1

    with ThreadPoolExecutor(callers + 1) as pool:
        calls = [pool.submit(call) for _ in range(callers)]
        finished = threading.Event()
        health = pool.submit(_ask_health, trial, finished)
        for one in calls:
            one.result()
        finished.set()
        pings, connects, missed = health.result()
    return Load(
        callers=callers,
        seconds=time.monotonic() - started,
        answers=dict(answers),
        pings=pings,
        connects=connects,
        missed=missed,
    )


def _answer(trial: Trial) -> int | str:
    try:
        return trial.invoke().status
    except NoAnswerError as error:
        return str(error)


def _ask_health(trial: Trial, finished: threading.Event) -> tuple[list[float], list[float], list[str]]:
    pings: list[float] = []
    connects: list[float] = []
    missed: list[str] = []
    while not finished.wait(PING_PAUSE) and trial.alive:
        try:
            answer = trial.ping()
        except NoAnswerError as error:
            missed.append(str(error))
            continue
        if answer.status == 200:
            pings.append(answer.seconds)
            connects.append(answer.connect_seconds)
        else:
            missed.append(f"status {answer.status}")
    return pings, connects, missed
