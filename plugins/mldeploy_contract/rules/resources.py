"""What it does to its model folder and its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mldeploy_contract.growth import measure_growth
from mldeploy_contract.rule import Need, Outcome, RuleBook, failed, passed, skipped
from mldeploy_contract.sources import METRICS, READ_ONLY_MODEL
from mldeploy_contract.startup import Cause

if TYPE_CHECKING:
    from mldeploy_contract.trial import Trial

BOOK = RuleBook("Resources")
MOST_BYTES_PER_REQUEST = 16_384
"""A million requests then take 16 GB: the memory of a small instance."""
NOTABLE_BYTES = 4 * 1024 * 1024
"""What allocators and caches take and give back in a short time."""
FEWEST_REQUESTS = 10


@BOOK.rule(
    "SM401",
    "The model folder is only read",
    reason="/opt/ml/model is read-only on SageMaker.",
    source=READ_ONLY_MODEL,
    fix="write caches and converted models somewhere else, for example in /tmp",
    need=Need.NOTHING,
)
def _leaves_model_alone(trial: Trial) -> Outcome:
    changes = trial.model_folder.changes()
    if changes:
        return failed(f"it wrote {', '.join(changes[:3])}{' …' if len(changes) > 3 else ''}")
    if trial.start_up.cause is Cause.MODEL_FOLDER:
        return failed("it ends when it must not write into the model folder, and runs when it may")
    if trial.start_up.healthy_seconds is None:
        return skipped("it never came so far")
    return passed("no file was written, changed or removed")


@BOOK.rule(
    "SM402",
    "Its memory does not grow with every request",
    reason="A container that runs out of memory is killed, with all requests in it.",
    source=METRICS,
    fix="look for lists, caches and log buffers that only grow; put bounds on them",
    need=Need.ANSWER,
)
def _keeps_memory(trial: Trial) -> Outcome:
    if not trial.alive and trial.restart().cause is not Cause.HEALTHY:
        return skipped("it did not start again")
    growth = measure_growth(trial)
    if growth is None:
        return skipped("its memory cannot be seen from here")
    if growth.requests < FEWEST_REQUESTS:
        return skipped(f"only {growth.requests} requests were answered in the time for it")
    per_request = growth.total / growth.requests
    evidence = f"{growth.total / 1_048_576:+.1f} MiB over {growth.requests} requests"
    steady = all(step > 0 for step in growth.steps)
    if steady and per_request > MOST_BYTES_PER_REQUEST and growth.total > NOTABLE_BYTES:
        return failed(f"{evidence}: {per_request / 1024:.0f} KiB per request")
    return passed(evidence)
