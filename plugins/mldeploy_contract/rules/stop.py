"""TERM, and a second start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mldeploy_contract.exchange import Answer
from mldeploy_contract.rule import Need, Outcome, RuleBook, failed, passed, skipped
from mldeploy_contract.sources import RUN_IMAGE
from mldeploy_contract.startup import Cause

if TYPE_CHECKING:
    from mldeploy_contract.trial import Trial

BOOK = RuleBook("Stop")


@BOOK.rule(
    "SM501",
    "Requests under way at TERM are answered",
    reason="Every update and every scale-in stops containers.",
    source=RUN_IMAGE,
    fix="at TERM stop accepting, finish what is under way, then end; a server behind a shell needs `exec`",
    need=Need.ANSWER,
)
def _finishes_requests(trial: Trial) -> Outcome:
    answers = trial.stop().answers
    usual = trial.usual.status if isinstance(trial.usual, Answer) else 0
    lost = [got for got in answers if got != usual]
    if not answers:
        return skipped("no connection was accepted before TERM")
    if lost:
        return failed(f"{len(lost)} of {len(answers)} were not answered: {lost[0]}")
    return passed(f"{len(answers)} of {len(answers)} answered")


@BOOK.rule(
    "SM502",
    "It ends within 30 s of TERM",
    reason="KILL follows after 30 s.",
    source=RUN_IMAGE,
    fix="handle SIGTERM; write ENTRYPOINT in its exec form, or `exec` the server in a shell script",
)
def _ends_in_time(trial: Trial) -> Outcome:
    stopped, allowed = trial.stop(), trial.limits.stop
    if stopped.ended_seconds is None:
        return failed(f"it still ran {allowed:g} s after TERM and had to be killed")
    return passed(f"ended after {stopped.ended_seconds:.2f} s with exit code {stopped.exit_code}")


@BOOK.rule(
    "SM503",
    "It can be started again",
    reason="A container that ends is started again in the same place.",
    source=RUN_IMAGE,
    fix="leave no lock file, socket or child process behind that stands in the way of the next start",
)
def _starts_again(trial: Trial) -> Outcome:
    trial.stop()
    if trial.port_is_open():
        return failed(f"something that it started still listens on port {trial.port}")
    again = trial.restart()
    if again.cause is Cause.HEALTHY:
        return passed(f"first 200 after {again.watched_seconds:.2f} s")
    return failed(f"the second start: {again.cause.value} ({again.last})")
