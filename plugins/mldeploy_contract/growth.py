"""How much memory a service takes from round to round of the same requests."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mldeploy_contract.exchange import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mldeploy_contract.trial import Trial

ROUNDS = 4
"""The first one warms up and does not count."""
FEWEST, MOST = 5, 100
"""How many requests a round sends, as many as its time allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Bytes by which the memory grew in each round after the first, over so many requests."""

    steps: Sequence[int]
    requests: int

    @property
    def total(self) -> int:
        """The bytes of all rounds together."""
        return sum(self.steps)


def measure_growth(trial: Trial) -> Growth | None:
    """Send the example in rounds; None where the memory cannot be seen."""
    levels: list[int] = []
    requests = 0
    for number in range(ROUNDS):
        sent = _round(trial)
        level = trial.running.memory()
        if level is None:
            return None
        levels.append(level)
        requests += sent if number else 0
    return Growth(steps=[after - before for before, after in pairwise(levels)], requests=requests)


def _round(trial: Trial) -> int:
    ends, sent = time.monotonic() + trial.limits.load, 0
    while sent < FEWEST or (sent < MOST and time.monotonic() < ends):
        try:
            trial.invoke()
        except NoAnswerError:
            break
        sent += 1
    return sent
