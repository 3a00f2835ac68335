"""Health checks while there is work to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mldeploy_contract.exchange import Answer
from mldeploy_contract.rule import Need, Outcome, RuleBook, failed, passed, skipped
from mldeploy_contract.sources import INFERENCE_REQUESTS, PING_REQUESTS

if TYPE_CHECKING:
    from mldeploy_contract.trial import Trial

BOOK = RuleBook("Health under load")


@BOOK.rule(
    "SM101",
    "GET /ping answers within 2 s while requests are served",
    reason="A busy container that misses its health checks is taken out of service, which makes the others busier.",
    source=PING_REQUESTS,
    fix="answer /ping beside the predictions: another thread, the event loop, or predictions in processes of their own",
    need=Need.ANSWER,
)
def _ping_under_load(trial: Trial) -> Outcome:
    load = trial.load
    if load.missed:
        total = len(load.missed) + len(load.pings)
        return failed(f"{len(load.missed)} of {total} pings under {load.callers} callers: {load.missed[0]}")
    if not load.pings:
        return skipped("the load was over before a ping was due")
    return passed(f"{len(load.pings)} pings, the slowest took {max(load.pings) * 1000:.0f} ms")


@BOOK.rule(
    "SM102",
    "Connections are accepted within 250 ms while requests are served",
    reason="A connection that waits for a place in the backlog is given up.",
    source=INFERENCE_REQUESTS,
    fix="accept connections in a thread or process that does nothing else, and give the socket a backlog",
    need=Need.ANSWER,
)
def _accepts_connections(trial: Trial) -> Outcome:
    load, allowed = trial.load, trial.limits.connect
    if not load.connects:
        return skipped("no ping was answered under load")
    slowest = max(load.connects)
    evidence = f"the slowest of {len(load.connects)} took {slowest * 1000:.1f} ms"
    return failed(f"{evidence}, {allowed * 1000:g} ms are allowed") if slowest > allowed else passed(evidence)


@BOOK.rule(
    "SM103",
    "Callers that hang up do no harm",
    reason="SageMaker hangs up after 60 s, and callers do when they like.",
    source=INFERENCE_REQUESTS,
    fix="catch the error of writing to a closed connection, and end the work for it",
    need=Need.ANSWER,
)
def _survives_hang_ups(trial: Trial) -> Outcome:
    example = trial.conditions.example
    for sent in (example.body, example.body[:-1], b""):
        try:
            one = trial.open_invocation()
            one.begin("/invocations", len(example.body), example.headers)
            one.push(sent)
            one.close()
        except OSError:  # it hung up first
            continue
    ping, answer = trial.ping(), trial.invoke()
    usual = trial.usual.status if isinstance(trial.usual, Answer) else 0
    evidence = f"after 3 callers hung up: /ping {ping.status}, /invocations {answer.status}"
    return passed(evidence) if (ping.status, answer.status) == (200, usual) else failed(evidence)
