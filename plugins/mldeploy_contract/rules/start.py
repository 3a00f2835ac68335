"""From the start to the first healthy answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mldeploy_contract.rule import Need, Outcome, RuleBook, failed, passed, skipped
from mldeploy_contract.sources import PING_REQUESTS, RUN_IMAGE
from mldeploy_contract.startup import Cause

if TYPE_CHECKING:
    from mldeploy_contract.trial import Trial

BOOK = RuleBook("Start")
ENDED = (Cause.ENDED, Cause.ARGUMENT, Cause.MODEL_FOLDER)


@BOOK.rule(
    "SM001",
    "It takes the argument `serve`",
    reason="SageMaker runs `docker run IMAGE serve`.",
    source=RUN_IMAGE,
    fix="let the program accept one argument, `serve`; an image needs an ENTRYPOINT, as `serve` replaces its CMD",
    need=Need.NOTHING,
)
def _takes_serve(trial: Trial) -> Outcome:
    start = trial.start_up
    if start.cause is Cause.ARGUMENT:
        return failed(f"with `serve` it ends with exit code {start.exit_code}; without an argument it becomes healthy")
    if start.cause in ENDED:
        return skipped("it ended with the argument and without it")
    return passed("started with `serve`")


@BOOK.rule(
    "SM002",
    "It does not end by itself",
    reason="A container that ends before it is healthy fails the deployment.",
    source=RUN_IMAGE,
    fix="its last lines of output say why it ended; run it the same way and correct that",
    need=Need.NOTHING,
)
def _keeps_running(trial: Trial) -> Outcome:
    start = trial.start_up
    if start.cause is Cause.ENDED:
        lines = "".join(f"\n| {line}" for line in start.output[-5:])
        return failed(f"it ended with exit code {start.exit_code} after {start.watched_seconds:.2f} s{lines}")
    if start.cause in ENDED:
        return skipped("it ended for a reason that another rule names")
    return passed(f"it runs since {start.watched_seconds:.2f} s")


@BOOK.rule(
    "SM003",
    "It listens on port 8080, or on SAGEMAKER_BIND_TO_PORT",
    reason="Health checks and requests go to one port.",
    source=PING_REQUESTS,
    fix="listen on 0.0.0.0:8080; for a process here, take the port from PORT or SAGEMAKER_BIND_TO_PORT, or use --port",
    need=Need.NOTHING,
)
def _listens(trial: Trial) -> Outcome:
    start = trial.start_up
    if start.cause in ENDED:
        return skipped("it ended")
    if start.cause is not Cause.NOT_LISTENING:
        return passed(f"port {trial.port}")
    ports = " and ".join(map(str, start.ports))
    instead = f"it listens on {ports}" if ports else "it listens nowhere that could be seen"
    got = "" if start.last == "nothing listens" else f" ({start.last})"
    return failed(f"nobody answers on port {trial.port} after {start.watched_seconds:.1f} s{got}; {instead}")


@BOOK.rule(
    "SM004",
    "GET /ping answers 200",
    reason="Only 200 counts as healthy.",
    source=PING_REQUESTS,
    fix="answer GET /ping with 200 and no body when requests can be served, 503 before; no redirect",
    need=Need.NOTHING,
)
def _ping_answers_200(trial: Trial) -> Outcome:
    start = trial.start_up
    if start.cause is Cause.STATUS:
        return failed(f"a ping got: {start.last}")
    if start.healthy_seconds is None:
        return skipped("it never came so far")
    return passed(f"{start.last} to ping {start.pings}")


@BOOK.rule(
    "SM005",
    "GET /ping answers within 2 s",
    reason="A late answer is none.",
    source=PING_REQUESTS,
    fix="let /ping look at a flag only: no prediction, no lock, no call to another service",
    need=Need.NOTHING,
)
def _ping_answers_in_time(trial: Trial) -> Outcome:
    start = trial.start_up
    if start.cause is Cause.LATE:
        return failed(f"pings got: {start.last}")
    if start.healthy_seconds is None:
        return skipped("it never came so far")
    answer = trial.ping()
    return passed(f"{answer.seconds * 1000:.1f} ms when nothing else happens")


@BOOK.rule(
    "SM006",
    "The first 200 comes within the start-up time",
    reason="A variant that is not healthy in time fails; ContainerStartupHealthCheckTimeoutInSeconds sets the time.",
    source=PING_REQUESTS,
    fix="load less or faster, or raise deployment.healthCheckTimeoutSeconds (SageMaker allows up to 3600 s)",
    need=Need.NOTHING,
)
def _starts_in_time(trial: Trial) -> Outcome:
    start, allowed = trial.start_up, trial.limits.startup
    if start.cause is Cause.NEVER:
        return failed(f"no 200 in {start.watched_seconds:.1f} s of {allowed:g} s; the last ping got: {start.last}")
    if start.healthy_seconds is None:
        return skipped("it never came so far")
    evidence = f"first 200 after {start.healthy_seconds:.2f} s of {allowed:g} s"
    return passed(evidence) if start.healthy_seconds <= allowed else failed(evidence)
