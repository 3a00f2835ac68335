"""A rule of the contract: what it asks for, who says so, how it is judged, and what to do when it is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mldeploy_contract.trial import Trial

State = Literal["pass", "fail", "skip"]


class Need(IntEnum):
    """How far a service must have come before a rule can be judged."""

    NOTHING = 0
    HEALTH = 1
    ANSWER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a check found: the evidence, or why it could not look."""

    state: State
    evidence: str


def passed(evidence: str) -> Outcome:
    """Return that a rule holds."""
    return Outcome(state="pass", evidence=evidence)


def failed(evidence: str) -> Outcome:
    """Return that a rule is broken."""
    return Outcome(state="fail", evidence=evidence)


def skipped(reason: str) -> Outcome:
    """Return that a rule could not be judged."""
    return Outcome(state="skip", evidence=reason)


Check = Callable[["Trial"], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    - `id`: SM and three digits; never reused.
    - `title`: a sentence about a service that keeps it.
    - `reason`: what happens otherwise, or what SageMaker does.
    - `source`: the page or document that says so.
    - `fix`: what to try when it is broken.
    - `need`: what must work before it can be judged.
    """

    id: str
    title: str
    reason: str
    source: str
    fix: str
    check: Check
    need: Need = Need.HEALTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one rule; `seconds` is how long the check took."""

    rule: Rule
    state: State
    evidence: str
    seconds: float


class RuleBook:
    """The rules of one subject, in the order in which they are judged."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rules: list[Rule] = []

    def rule(
        self, identifier: str, title: str, *, reason: str, source: str, fix: str, need: Need = Need.HEALTH
    ) -> Callable[[Check], Check]:
        """Register the decorated function as the check of a rule."""

        def register(check: Check) -> Check:
            self.rules.append(
                Rule(id=identifier, title=title, reason=reason, source=source, fix=fix, check=check, need=need)
            )
            return check

        return register
