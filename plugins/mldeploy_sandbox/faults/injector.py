"""Decides which call or part a fault hits: by count, by attempt and by a coin whose falls depend on the seed only."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from fnmatch import fnmatchcase

from mldeploy_sandbox.faults.kinds import FAULT_KINDS
from mldeploy_sandbox.faults.plan import Fault, FaultPlan

COIN_BYTES = 8
CALL_FAULTS = frozenset(name for name, kind in FAULT_KINDS.items() if kind.of_calls)


class Injector:
    """The faults of one sandbox; thread-safe. Without a plan nothing is ever hit."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._plan = plan or FaultPlan()
        self._seen: Counter[tuple[int, str]] = Counter()
        self._attempts: Counter[tuple[int, str]] = Counter()
        self._hits: Counter[str] = Counter()

    @property
    def plan(self) -> FaultPlan:
        """The plan in force."""
        return self._plan

    @property
    def hits(self) -> dict[str, int]:
        """How often each kind of fault has hit, in this plan."""
        with self._lock:
            return dict(self._hits)

    def follow(self, plan: FaultPlan) -> None:
        """Put another plan in force; all counts begin again, and the planes that asked for it are told."""
        with self._lock:
            self._plan = plan
            for counts in (self._seen, self._attempts, self._hits):
                counts.clear()
        for tell in self._listeners:
            tell()

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call back whenever another plan comes into force, such as one that takes Redis down."""
        self._listeners.append(tell)

    @property
    def remembers(self) -> bool:
        """Whether the plan has stale reads, so that answers have to be kept."""
        return any(fault.kind == "stale-read" for fault in self._plan.faults)

    def broken(self, kind: str, part: str) -> bool:
        """Tell whether a part is broken now, such as `broken("ping-fail", endpoint_name)`; each question counts."""
        return bool(self._pick(part, part, {kind}))

    def next_faults(self, operation: str, request: str) -> Sequence[Fault]:
        """Return the faults that hit a call, in the order of the plan.

        Arguments:
            operation: `service:Operation`.
            request: the same text for the attempts of one request.
        """
        return self._pick(operation, request, CALL_FAULTS)

    def _pick(self, subject: str, request: str, kinds: Collection[str]) -> Sequence[Fault]:
        """Return delays and the first other fault. Every fault counts the call, but one at a time is met."""
        found: list[Fault] = []
        with self._lock:
            for index, fault in enumerate(self._plan.faults):
                if fault.kind not in kinds or not fnmatchcase(subject, fault.target):
                    continue
                self._seen[index, subject] += 1
                only_delays = all(met.kind == "delay" for met in found)
                if (only_delays or fault.kind == "delay") and self._strikes(index, fault, subject, request):
                    found.append(fault)
            self._hits.update(fault.kind for fault in found)
        return found

    def _strikes(self, index: int, fault: Fault, subject: str, request: str) -> bool:
        """Tell whether the call that was counted last is hit. An attempt that gets through ends a request's series."""
        number = self._seen[index, subject]
        if number < fault.first or (fault.last is not None and number > fault.last):
            return False
        if fault.probability < self._coin(index, subject, number):
            return False
        if fault.times is None:
            return True
        attempt = self._attempts[index, request] + 1
        self._attempts[index, request] = attempt if attempt <= fault.times else 0
        return attempt <= fault.times

    def _coin(self, index: int, subject: str, number: int) -> float:
        """Return a number from 0 to 1; the order in which different operations arrive does not change it."""
        text = f"{self._plan.seed}/{index}/{subject}/{number}".encode()
        return float(int.from_bytes(hashlib.sha256(text).digest()[:COIN_BYTES]) / 2 ** (8 * COIN_BYTES))
