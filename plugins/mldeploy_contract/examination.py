"""Judge a target by all rules."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy_contract.exchange import Answer, NoAnswerError
from mldeploy_contract.model_folder import ModelFolder
from mldeploy_contract.rule import Need, Outcome, Rule, Verdict, failed, skipped
from mldeploy_contract.rules import all_rules
from mldeploy_contract.trial import Conditions, Trial

if TYPE_CHECKING:
    from mldeploy_contract.startup import StartUp
    from mldeploy_contract.targets.target import Target

SHOWN_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """The verdicts on one target, in the order of the rules."""

    title: str
    port: int
    conditions: Conditions
    start_up: StartUp
    verdicts: Sequence[Verdict]
    seconds: float

    @property
    def broken(self) -> list[Verdict]:
        """The verdicts on rules that do not hold."""
        return [verdict for verdict in self.verdicts if verdict.state == "fail"]


def examine(
    target: Target,
    conditions: Conditions,
    *,
    model: Path | None = None,
    ignored: Collection[str] = (),
    tell: Callable[[Verdict], None] = lambda _verdict: None,
) -> Examination:
    """Run a target as SageMaker would and judge it.

    Arguments:
        model: the folder that takes the place of /opt/ml/model; a copy of it is used. None means an empty one.
        ignored: ids of rules that are left out.
        tell: called with every verdict as it falls.

    Raises:
        UsageError: the target cannot be started at all.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mldeploy-contract-") as folder:
        trial = Trial(target, ModelFolder(model, Path(folder) / "model"), conditions)
        verdicts = []
        try:
            trial.begin()
            for rule in all_rules():
                if rule.id not in ignored:
                    verdicts.append(_judge(rule, trial))
                    tell(verdicts[-1])
        finally:
            trial.close()
    return Examination(
        title=target.title,
        port=trial.port,
        conditions=conditions,
        start_up=trial.start_up,
        verdicts=verdicts,
        seconds=time.monotonic() - started,
    )


def _judge(rule: Rule, trial: Trial) -> Verdict:
    started = time.monotonic()
    outcome = _outcome(rule, trial)
    return Verdict(rule=rule, state=outcome.state, evidence=outcome.evidence, seconds=time.monotonic() - started)


def _outcome(rule: Rule, trial: Trial) -> Outcome:
    hindrance = _hindrance(rule.need, trial)
    if hindrance:
        return skipped(hindrance)
    try:
        outcome = rule.check(trial)
    except NoAnswerError as error:
        outcome = failed(str(error))
    if outcome.state == "fail" and trial.alive:
        trial.survives()
    if rule.need is not Need.NOTHING and trial.ended_by_itself:
        tail = "".join(f"\n| {line}" for line in trial.running.output[-SHOWN_LINES:])
        outcome = failed(f"{outcome.evidence}; the process ended with exit code {trial.running.exit_code}{tail}")
        trial.restart()
    return outcome


def _hindrance(need: Need, trial: Trial) -> str:
    """Return why a rule cannot be judged; empty when it can."""
    if need >= Need.HEALTH and trial.start_up.healthy_seconds is None:
        return "it never became healthy"
    if need >= Need.ANSWER and (not isinstance(trial.usual, Answer) or trial.usual.status >= 500):
        return "it does not answer the example"
    return ""
