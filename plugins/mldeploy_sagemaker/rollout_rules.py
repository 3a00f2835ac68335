"""Rules of deployment guardrails.

Source: SageMaker developer guide, "Deployment guardrails for updating models in production", its page "Exclusions", and
the service model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from mldeploy import Problem, Release
from mldeploy_sagemaker.rollout import ALL_AT_ONCE, alarm_names

MOST_ALARMS = 10
INFERENTIA_1 = "ml.inf1."
LEAST_PERCENT = {"canary": 1, "linear": 10, "rolling": 5}
STRATEGY = ("deployment", "strategy")


def rollout_problems(release: Release) -> Iterator[Problem]:
    """Yield what is wrong with the way in which a release takes over."""
    strategy, alarms = release.value("deployment.strategy"), alarm_names(release)
    if len(alarms) > MOST_ALARMS:
        message = f"{len(alarms)} alarms watch an update, and SageMaker takes {MOST_ALARMS}"
        hint = "every variant gets an alarm of each kind; take some out"
        yield Problem(message=message, path=("deployment", "alarms"), hint=hint)
    guarded = strategy != ALL_AT_ONCE or alarms
    if guarded and release.value("endpoint.mode") == "serverless":
        message = "a serverless endpoint moves over all at once, and no alarm stops that"
        hint = f"set deployment.strategy to {ALL_AT_ONCE} and take deployment.alarms out"
        yield Problem(message=message, path=STRATEGY, hint=hint)
    elif guarded and release.value("instance.type").startswith(INFERENTIA_1):
        message = f"{release.value('instance.type')} moves over all at once, and no alarm stops that"
        yield Problem(message=message, path=STRATEGY, hint="choose another instance type; inf2 can do it")
    elif strategy != ALL_AT_ONCE:
        yield from _in_steps(release, strategy, has_alarms=bool(alarms))


def _in_steps(release: Release, strategy: str, *, has_alarms: bool) -> Iterator[Problem]:
    if not has_alarms:
        hint = "set deployment.alarms, for example {errorsPerMinute: 5, latencyP99Ms: 500}"
        message = f"{strategy}: without an alarm nothing would notice a bad release, and nothing would stop it"
        yield Problem(message=message, path=STRATEGY, hint=hint)
    if strategy == "rolling" and release.value("endpoint.variants"):
        message = "rolling: SageMaker rolls endpoints with one variant only"
        yield Problem(message=message, path=STRATEGY, hint="use canary or linear, or take endpoint.variants out")
    percent, least = release.value("deployment.stepPercent"), LEAST_PERCENT[strategy]
    if percent < least:
        message = f"{strategy} moves at least {least} % in a step, not {percent} %"
        yield Problem(message=message, path=("deployment", "stepPercent"), hint=f"set it to {least} to 50")
        return
    if release.value("instance.count") == 1:
        message = f"{strategy} with one instance: there is no part of it that could go first"
        hint = "set instance.count to 2 or more"
        yield Problem(message=message, path=STRATEGY, hint=hint, severity="warning")
    steps = 2 if strategy == "canary" else math.ceil(100 / percent)
    bake, allowed = release.value("deployment.bakeSeconds"), release.value("deployment.waitSeconds")
    if steps * bake >= allowed:
        message = f"{steps} steps of {bake} s take {steps * bake} s, and waitSeconds is {allowed}"
        hint = "raise deployment.waitSeconds (starting the instances takes minutes too), or shorten bakeSeconds"
        yield Problem(message=message, path=("deployment", "waitSeconds"), hint=hint)
