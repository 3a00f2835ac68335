"""Fault plans: a small language, read with positions.

    PLAN   = ENTRY { ("," | newline) ENTRY }
    ENTRY  = "seed=" NUMBER | [ TARGET [ "#" COUNT ] ] FAULT [ ":" ARGUMENT ] [ "@" PROBABILITY ]
    TARGET = service:Operation, with `*`; for faults of a part: the name of an endpoint, cache or pool
    COUNT  = N | N-M | N+                   (which of the calls that fit)

Such as `lambda:CreateFunction#1 drop-after, * throttle:3, sagemaker:* delay:200ms @0.2, ping-fail, seed=7`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from mldeploy_sandbox.duration_text import seconds_of
from mldeploy_sandbox.faults.kinds import FAULT_KINDS, Argument

ENTRY = re.compile(
    r"(?:(?P<target>[^\s#@,]+)(?:\#(?P<count>[^\s@,]*))?\s+)?(?P<fault>[^\s:@,#]+)(?::(?P<argument>[^\s@,]*))?"
    r"(?:\s*@\s*(?P<probability>\S*))?"
)
SEED = re.compile(r"seed=(?P<seed>\d+)")
COUNT = re.compile(r"(?P<first>[1-9]\d*)(?:-(?P<last>[1-9]\d*)|(?P<open>\+))?")
ALL = "*"


class PlanError(ValueError):
    """A plan cannot be read; `position` counts characters of the text from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of a plan.

    - `target`: pattern of `service:Operation`, or of the name of a part.
    - `first`, `last`: which of the fitting calls, counted from 1 for each operation; `last` None has no end.
    - `times`: attempts of each request that are hit; None hits all.
    - `seconds`: of a delay.
    """

    kind: str
    target: str = ALL
    first: int = 1
    last: int | None = None
    times: int | None = None
    seconds: float = 0.0
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """What goes wrong; the same seed and the same calls give the same faults."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0
    text: str = ""


def read_plan(text: str) -> FaultPlan:
    """Read a plan; one without a seed gets one.

    Raises:
        PlanError: it says what is wrong, and where.
    """
    faults, seed, position = [], None, 0
    for part in re.split(r"[,\n]", text):
        start = position + len(part) - len(part.lstrip())
        position += len(part) + 1
        entry = part.strip()
        if not entry:
            continue
        given = SEED.fullmatch(entry)
        if given is not None:
            seed = int(given["seed"])
        else:
            faults.append(_fault(entry, start))
    chosen = random.randrange(1_000_000) if seed is None else seed
    return FaultPlan(faults=tuple(faults), seed=chosen, text=_with_seed(text, seed, chosen))


def _with_seed(text: str, given: int | None, chosen: int) -> str:
    entries = ", ".join(part.strip() for part in re.split(r"[,\n]", text) if part.strip())
    return entries if given is not None or not entries else f"{entries}, seed={chosen}"


def _fault(entry: str, start: int) -> Fault:
    found = ENTRY.fullmatch(entry)
    if found is None:
        message = f"cannot read '{entry}'; an entry looks like `lambda:CreateFunction#1 drop-after`"
        raise PlanError(message, start)
    kind = FAULT_KINDS.get(found["fault"])
    if kind is None:
        message = f"no fault is called '{found['fault']}'; there are {', '.join(FAULT_KINDS)}"
        raise PlanError(message, start + found.start("fault"))
    target = found["target"] or ALL
    if kind.of_calls and target != ALL and ":" not in target:
        message = f"'{target}' is no call; it looks like service:Operation, such as sagemaker:CreateModel or lambda:*"
        raise PlanError(message, start + found.start("target"))
    first, last = _count(found, start)
    times, seconds = _argument(found, kind.argument, start)
    return Fault(
        kind=found["fault"],
        target=target,
        first=first,
        last=last,
        times=times,
        seconds=seconds,
        probability=_probability(found, start),
    )


def _count(found: re.Match[str], start: int) -> tuple[int, int | None]:
    if found["count"] is None:
        return 1, None
    count = COUNT.fullmatch(found["count"])
    if count is None:
        message = f"'#{found['count']}' is no count; it looks like #1, #2-4 or #3+"
        raise PlanError(message, start + found.start("count"))
    first = int(count["first"])
    return first, None if count["open"] else int(count["last"] or first)


def _argument(found: re.Match[str], wanted: Argument, start: int) -> tuple[int | None, float]:
    """Return times and seconds."""
    given, position = found["argument"], start + max(found.start("argument"), found.start("fault"))
    if wanted is Argument.TIMES and (given is None or re.fullmatch(r"[1-9]\d*", given)):
        return (None if given is None else int(given)), 0.0
    if wanted is Argument.NOTHING and given is None:
        return None, 0.0
    if wanted is Argument.DURATION:
        try:
            return None, seconds_of(given or "")
        except ValueError as error:
            raise PlanError(str(error), position) from error
    message = f"after '{found['fault']}:' comes {wanted.value}"
    raise PlanError(message, position)


def _probability(found: re.Match[str], start: int) -> float:
    if found["probability"] is None:
        return 1.0
    try:
        probability = float(found["probability"])
    except ValueError:
        probability = 0.0
    if not 0 < probability <= 1:
        message = f"'@{found['probability']}' is no probability; it lies above 0 and is at most 1"
        raise PlanError(message, start + found.start("probability"))
    return probability
