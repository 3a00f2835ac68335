"""From visits to medians, and from medians to the Markdown tables and the verdicts on our goals."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from measure import Speed, Visit
from servers import FASTAPI_ASYNC, KSERVE, LIMIT_BATCH, OURS, SERVERS

PEERS = tuple(server.name for server in SERVERS if server.peer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One number of ours against one bound; `reference` says what the bound comes from."""

    what: str
    value: float
    bound: float
    most: bool
    reference: str

    @property
    def met(self) -> bool:
        """Whether our number is on the right side."""
        return self.value <= self.bound if self.most else self.value >= self.bound

    def row(self) -> str:
        """Return the line of the table."""
        sign, verdict = "≤" if self.most else "≥", "met" if self.met else "**missed**"
        return f"| {self.what} | {self.value:.4g} | {sign} {self.bound:.4g} | {self.reference} | {verdict} |"


def median(visits: Iterable[Visit]) -> Visit:
    """Return the medians over several visits of one server."""
    chosen = list(visits)
    speeds = {
        concurrency: Speed(
            rate=statistics.median(visit.speeds[concurrency].rate for visit in chosen),
            p50=statistics.median(visit.speeds[concurrency].p50 for visit in chosen),
            p99=statistics.median(visit.speeds[concurrency].p99 for visit in chosen),
        )
        for concurrency in chosen[0].speeds
    }
    start = statistics.median(visit.start for visit in chosen)
    return Visit(start=start, speeds=speeds, memory=statistics.median(visit.memory for visit in chosen))


def speed_table(model: str, seen: Mapping[str, Visit]) -> list[str]:
    """Return the table of one model; each rate with its ratio to that of the best peer."""
    concurrencies = list(next(iter(seen.values())).speeds)
    best = {c: max((seen[name].speeds[c].rate for name in PEERS if name in seen), default=0) for c in concurrencies}
    columns = [f"c{c} req/s (of the best peer) | p50 | p99" for c in concurrencies]
    lines = [f"| {model} | {' | '.join(columns)} | start s | MB |", "|---" + "|---:" * (3 * len(columns) + 2) + "|"]
    for name, visit in seen.items():
        cells = []
        for concurrency, speed in visit.speeds.items():
            ratio = f" ({speed.rate / best[concurrency]:.2f})" if best[concurrency] else ""
            cells.append(f"{speed.rate:.0f}{ratio} | {speed.p50:.1f} | {speed.p99:.1f}")
        lines.append(f"| {name} | {' | '.join(cells)} | {visit.start:.1f} | {visit.memory:.0f} |")
    return lines


def goals(seen: Mapping[str, Mapping[str, Visit]], megabytes: Mapping[str, float]) -> list[Goal]:
    """Return the goals that can be judged by what was measured: `seen` is model → server → medians."""
    judged = [Goal(what="installed MB", value=megabytes[OURS], bound=45, most=True, reference="45")]
    for model, visits in seen.items():
        judged += goals_of_start(model, visits)
        judged += goals_of_speed(model, visits)
    return judged


def goals_of_start(model: str, visits: Mapping[str, Visit]) -> list[Goal]:
    """Return the goals on start and memory, beside plain FastAPI."""
    if model != "tiny" or FASTAPI_ASYNC not in visits:
        return []
    ours, plain = visits[OURS], visits[FASTAPI_ASYNC]
    return [
        Goal(what="start, s", value=ours.start, bound=1.1 * plain.start, most=True, reference="1.1 times FastAPI"),
        Goal(what="MB", value=ours.memory, bound=plain.memory + 15, most=True, reference="FastAPI + 15"),
    ]


def goals_of_speed(model: str, visits: Mapping[str, Visit]) -> list[Goal]:
    """Return the goals on requests per second and on the slowest answers."""
    ours = visits[OURS].speeds
    judged = []
    for concurrency, share, names, reference in SPEED_GOALS[model]:
        rates = [visits[name].speeds[concurrency].rate for name in names if name in visits]
        if concurrency in ours and rates:
            judged.append(
                Goal(
                    what=f"{model} c{concurrency}, req/s",
                    value=ours[concurrency].rate,
                    bound=share * max(rates),
                    most=False,
                    reference=f"{share} times {reference}",
                )
            )
    if model == "tiny" and 64 in ours:
        judged.append(Goal(what="tiny c64, p99 ms", value=ours[64].p99, bound=15, most=True, reference="15"))
    return judged


SERVERS_WITHOUT_LANE = tuple(name for name in PEERS if not name.startswith(("FastAPI", "textbook")))
"""The serving frameworks; plain FastAPI has a goal of its own."""

SPEED_GOALS = {
    "tiny": (
        (1, 0.95, (FASTAPI_ASYNC,), "FastAPI, async"),
        (16, 5, (KSERVE,), "KServe"),
        (64, 10, (KSERVE,), "KServe"),
        (64, 0.6, (LIMIT_BATCH,), "the batch limit"),
    ),
    "heavy": (
        (1, 1.0, SERVERS_WITHOUT_LANE, "the best serving framework"),
        (16, 2.2, PEERS, "the best peer"),
        (64, 5, PEERS, "the best peer"),
        (64, 0.8, (LIMIT_BATCH,), "the batch limit"),
    ),
}
"""Model → concurrency, factor, servers of which the best counts, and what to call them."""
