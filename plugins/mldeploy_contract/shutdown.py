"""Stop a service as SageMaker does: TERM while requests are under way, and KILL when its time is over."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mldeploy_contract.exchange import Answer, NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mldeploy_contract.exchange import Exchange
    from mldeploy_contract.trial import Trial

REQUESTS = 2
"""Of each kind: complete ones, and ones whose last byte is still on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown:
    """What was seen; times in seconds since TERM.

    - `answers`: the status of each request that was under way, or why there is none.
    - `ended_seconds`: when the process was gone; None when it had to be killed.
    """

    answers: Sequence[int | str]
    ended_seconds: float | None
    exit_code: int | None


def shut_down(trial: Trial) -> Shutdown:
    """Send requests (to a service that answers them), TERM in the middle of them, wait, and KILL."""
    wanted = 2 * REQUESTS if isinstance(trial.usual, Answer) else 0
    opened = [one for one in (_opened(trial) for _ in range(wanted)) if one is not None]
    held, complete = opened[:REQUESTS], opened[REQUESTS:]
    body = trial.conditions.example.body
    for one in opened:
        _push_head(trial, one, body[:-1] if one in held else body)
    time.sleep(trial.limits.in_flight)
    started = time.monotonic()
    trial.running.terminate()
    with ThreadPoolExecutor(len(opened) or 1) as pool:
        pause = trial.limits.in_flight
        answers = [pool.submit(_finish, one, body[-1:] if one in held else b"", pause) for one in (*held, *complete)]
        ended = trial.running.wait(trial.limits.stop)
        seconds = time.monotonic() - started if trial.running.exit_code is not None else None
        if seconds is None:
            trial.running.kill()
        got = [answer.result() for answer in answers]
    return Shutdown(answers=got, ended_seconds=seconds, exit_code=ended)


def _opened(trial: Trial) -> Exchange | None:
    try:
        return trial.open_invocation()
    except NoAnswerError:
        return None


def _push_head(trial: Trial, one: Exchange, part: bytes) -> None:
    example = trial.conditions.example
    try:
        one.begin("/invocations", len(example.body), example.headers)
        one.push(part)
    except OSError:
        return


def _finish(one: Exchange, rest: bytes, pause: float) -> int | str:
    """Send what is missing, after a pause, and read the answer; a connection that broke tells so when it is read."""
    try:
        if rest:
            time.sleep(pause)
            one.push(rest)
    except OSError:
        pass
    try:
        return one.receive().status
    except NoAnswerError as error:
        return str(error)
    finally:
        one.close()
