"""The goals, and whether the measured rows reach them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from measure import Run
from rows import Row

OURS, SCRIPT = "mldeploy", "boto3 script"
MOST_FIRST_CALLS, MOST_AGAIN_CALLS = 22, 14
MOST_FIRST_SHARE, MOST_AGAIN_SHARE = 0.3, 0.42
MOST_SECONDS_OVER_READY = 2.5
MOST_LATE_SECONDS = 1.2
MOST_MEGABYTES = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What was wanted, what was found, and whether that is enough."""

    says: str
    found: str
    met: bool


def judged(rows: Sequence[Row]) -> Iterator[Goal]:
    """Yield every goal for which there are rows."""
    runs = {(row.tool, row.act, row.ready_after): row.run for row in rows if not row.run.error}
    waits = sorted({row.ready_after for row in rows})
    if 0.0 in waits and {(OURS, "first", 0.0), (OURS, "again", 0.0), (SCRIPT, "first", 0.0)} <= runs.keys():
        yield from _at_once(runs)
    for wait in (wait for wait in waits if wait and (OURS, "first", wait) in runs):
        first = runs[OURS, "first", wait]
        most = wait + MOST_SECONDS_OVER_READY
        yield Goal(
            says=f"first, ready after {wait:g} s: ≤ {most:g} s", found=f"{first.wall:.1f} s", met=first.wall <= most
        )
    late = [run.late for (tool, _, _), run in runs.items() if tool == OURS and run.late is not None]
    if late:
        mean = sum(late) / len(late)
        yield Goal(
            says=f"late on average: ≤ {MOST_LATE_SECONDS} s", found=f"{mean:.2f} s", met=mean <= MOST_LATE_SECONDS
        )


def _at_once(runs: dict[tuple[str, str, float], Run]) -> Iterator[Goal]:
    first, again = runs[OURS, "first", 0.0], runs[OURS, "again", 0.0]
    script, repeated = runs[SCRIPT, "first", 0.0], runs[SCRIPT, "again", 0.0]
    yield _most("calls of a first deployment", first.calls, MOST_FIRST_CALLS)
    paused = script.late or 0.0  # what its waiter slept through is no work
    yield _most("a first deployment, times the script", first.wall / (script.wall - paused), MOST_FIRST_SHARE)
    yield _most("calls of an unchanged deployment", again.calls, MOST_AGAIN_CALLS)
    yield _most("changing calls of an unchanged deployment", again.changes, 0)
    yield _most("an unchanged deployment, times the script", again.wall / repeated.wall, MOST_AGAIN_SHARE)
    yield _most("CPU of a first deployment, times the script", first.cpu / script.cpu, 1.0)
    yield _most("memory, MB", max(first.megabytes, again.megabytes), MOST_MEGABYTES)


def _most(what: str, found: float, most: float) -> Goal:
    return Goal(says=f"{what}: ≤ {most:g}", found=f"{found:.3g}", met=found <= most)
