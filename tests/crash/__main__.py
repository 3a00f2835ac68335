"""Disturb every flow in every way: `python -m tests.crash [--part 1/2] [--size large]`, a JSON line per verdict."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.crash.flows import FLOWS, Flow, World
from tests.crash.lives import Disturbance, LostAnswer, ThreeThrottles, lives


def main() -> int:
    """Return 1 if something did not converge."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--part", default="1/1", help="the first of two parts of all points is 1/2")
    parser.add_argument("--size", choices=("small", "large"), default="small", help="of the release")
    options = parser.parse_args()
    part, parts = (int(number) for number in options.part.split("/"))
    with tempfile.TemporaryDirectory() as folder, World.opened(Path(folder), size=options.size) as world:
        ways = {flow: everything_at(world, flow)[part - 1 :: parts] for flow in FLOWS}
        return report(world, ways)


def everything_at(world: World, flow: Flow) -> list[Disturbance]:
    """Return all ways to disturb a flow: every crash point, each lost answer alone, throttles."""
    points = world.points[flow]
    calls = sorted({point.call for point in points})
    return [*points, *(LostAnswer(call) for call in calls), ThreeThrottles()]


def report(world: World, ways: Mapping[Flow, Sequence[Disturbance]]) -> int:
    """Write verdicts as they come."""
    failed = 0
    for verdict in lives(world, ways):
        failed += not verdict.converged
        sys.stdout.write(json.dumps({"converged": verdict.converged, **asdict(verdict)}) + "\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
