"""The call contract: the one way in which AWS is called, and what is repeated when.

The SDK repeats a call whose answer was lost, which makes a second resource wherever AWS has no idempotency tokens; and
it gives up long before some throttles end. So its retries are off, and this is what happens instead:

- throttled: wait with jitter, five minutes in all;
- refused for a reason that passes (see `operations`): the same, for as long as that reason usually lasts;
- no answer, or a server error: repeat what may be repeated; else raise `AnswerLostError`, so that somebody looks;
- deleting what is gone: done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mldeploy_aws.answers import Meaning, is_answer, meaning_of, says_gone, text_of
from mldeploy_aws.failures import AnswerLostError, code_of
from mldeploy_aws.operations import BUSY, Kind, Operation, operation_of
from mldeploy_aws.patience import Patience, pause_before

BUDGETS = {Meaning.THROTTLED: 300.0, Meaning.LOST: 60.0, Meaning.UNSENT: 20.0}
"""Seconds to go on trying."""


class Contract:
    """Makes calls for one account and region; thread-safe.

    `guard` is called before each attempt to change something, and raises to stop it. `paced` tells whether to keep the
    intervals that AWS asks for; what stands in for AWS answers as quickly as it can.
    """

    def __init__(self, patience: Patience, *, paced: bool = True) -> None:
        self.patience = patience
        self._paced = paced
        self.guard: Callable[[], None] = unguarded
        self._next: dict[tuple[str, str], float] = {}
        self._reserving = threading.Lock()

    def call(
        self, service: str, name: str, send: Callable[[], Mapping[str, Any]], *, guarded: bool = True
    ) -> Mapping[str, Any]:
        """Make a call and return its answer.

        Arguments:
            send: makes one attempt.
            guarded: ask `guard` before an attempt to change something.

        Raises:
            AnswerLostError: see there.
            ClientError, BotoCoreError: AWS refused, or what is worth a wait lasted too long.
        """
        operation = operation_of(service, name)
        started, attempt = self.patience.clock(), 0
        while True:
            if guarded and operation.kind is not Kind.READ:
                self.guard()
            self._keep_interval(service, name, operation)
            try:
                return send()
            except (ClientError, BotoCoreError) as error:
                if operation.kind is Kind.DELETE and says_gone(error):
                    return {}
                budget = _budget(service, operation, error)
                if meaning_of(error) is Meaning.LOST and not operation.repeatable:
                    raise _lost(name, error) from error
                pause = pause_before(attempt)
                if not budget or self.patience.clock() + pause - started > budget:
                    raise
                self.patience.say(f"{name} {type(error).__name__}", f"{name}: {_why(error)}; trying again")
            self.patience.sleep(pause)
            attempt += 1

    def _keep_interval(self, service: str, name: str, operation: Operation) -> None:
        """Wait until AWS allows the next call of an operation that it allows rarely."""
        if not self._paced or not operation.interval:
            return
        with self._reserving:
            now = self.patience.clock()
            start = max(now, self._next.get((service, name), now))
            self._next[service, name] = start + operation.interval
        if start > now:
            text = f"{name}: AWS allows one per {operation.interval:g} s; waiting {start - now:.0f} s"
            self.patience.say(name, text)
            self.patience.sleep(start - now)


def _budget(service: str, operation: Operation, error: Exception) -> float:
    """Return for how many seconds an error is worth further attempts."""
    if is_answer(error):
        for transient in (*operation.transient, *BUSY.get(service, ())):
            if transient.matches(code_of(error), text_of(error)):
                return transient.seconds
    return BUDGETS.get(meaning_of(error), 0.0)


def _lost(name: str, error: Exception) -> AnswerLostError:
    message = f"nobody knows whether {name} was done: {_why(error)}"
    return AnswerLostError(message, hint="run again: what it may have made is looked for first")


def _why(error: Exception) -> str:
    return f"AWS answers {code_of(error)}" if is_answer(error) else str(error)


def unguarded() -> None:
    """Let every change pass."""
