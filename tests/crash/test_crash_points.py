"""Take a deployment down before and after its AWS calls: run again, the world is what it should be, and once."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.crash.calls import LoseAnswers, calls_through
from tests.crash.flows import FLOWS, World
from tests.crash.lives import LostAnswer, ThreeThrottles, lives

pytestmark = pytest.mark.timeout(14_400)
SAMPLE = 1
"""Points per flow in `make test`."""
SEED = "a change of the code may choose other points, another day must not"

LARGE_SAMPLE = 20
"""Points per flow of the large release, which has over a thousand; `python -m tests.crash --size large` has all."""

LONGEST_RUN_SECONDS = 8.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of short lives: a release is made and taken away."""
    with World.opened(tmp_path_factory.mktemp("world"), ("create", "destroy")) as opened:
        yield opened


@pytest.fixture(scope="module")
def long_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of whole lives: a release is made, changed, changed back and taken away."""
    with World.opened(tmp_path_factory.mktemp("long")) as opened:
        yield opened


@pytest.mark.req("E1")
def test_a_sample_of_crash_points_converges(world: World) -> None:
    choose = random.Random(SEED)
    verdicts = list(lives(world, {flow: choose.sample(points, SAMPLE) for flow, points in world.points.items()}))
    assert {verdict.ending for verdict in verdicts} == {"killed"}, verdicts
    assert [verdict for verdict in verdicts if not verdict.converged] == []


@pytest.mark.full
@pytest.mark.req("E3")
def test_lost_answers_to_every_kind_of_call_leave_no_duplicate(world: World) -> None:
    for flow in world.flows:
        with calls_through(LoseAnswers()):
            world.act(flow)
        assert world.inventory == world.golden[flow], flow


@pytest.mark.full
@pytest.mark.req("E1", "E2")
def test_every_crash_point_converges(long_world: World) -> None:
    verdicts = list(lives(long_world, long_world.points))
    assert len(verdicts) > 400
    assert {verdict.ending for verdict in verdicts} == {"killed"}
    assert [verdict for verdict in verdicts if not verdict.converged] == []


@pytest.mark.full
@pytest.mark.req("E1", "E2", "E4")
def test_a_large_release_converges_after_crashes_and_throttles(tmp_path: Path) -> None:
    choose = random.Random(SEED)
    with World.opened(tmp_path, size="large") as large:
        ways = {flow: [ThreeThrottles(), *choose.sample(points, LARGE_SAMPLE)] for flow, points in large.points.items()}
        verdicts = list(lives(large, ways))
    assert [verdict for verdict in verdicts if not verdict.converged] == []
    assert sum(verdict.ending == "killed" for verdict in verdicts) == LARGE_SAMPLE * len(FLOWS)


@pytest.mark.full
@pytest.mark.req("E3")
def test_each_lost_answer_alone_leaves_no_duplicate(long_world: World) -> None:
    calls = {flow: sorted({point.call for point in points}) for flow, points in long_world.points.items()}
    verdicts = list(lives(long_world, {flow: [LostAnswer(call) for call in found] for flow, found in calls.items()}))
    assert len(verdicts) > 150
    assert [verdict for verdict in verdicts if not verdict.converged] == []


@pytest.mark.full
@pytest.mark.req("E4")
def test_three_throttles_of_every_call_are_survived(long_world: World) -> None:
    verdicts = list(lives(long_world, {flow: [ThreeThrottles()] for flow in FLOWS}))
    assert [verdict for verdict in verdicts if not verdict.converged] == []


@pytest.mark.full
@pytest.mark.req("E2")
@pytest.mark.parametrize("seed", range(10))
def test_a_process_killed_at_a_random_moment_leaves_nothing_that_the_next_one_does_not_repair(
    world: World, seed: int
) -> None:
    world.write("create")
    with world.project.start("run") as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.Random(seed).uniform(0.5, LONGEST_RUN_SECONDS))
        process.kill()
    world.act("create")
    assert world.inventory == world.golden["create"]
    world.act("destroy")
    assert world.inventory == []


@pytest.mark.full
@pytest.mark.req("E12")
def test_destroy_finds_what_no_record_knows(world: World) -> None:
    """Two releases and a lost record: models, images and configurations of the first one are in no release.yaml."""
    world.act("create")
    world.act("update")
    shutil.rmtree(world.project.folder / ".mldeploy" / "state")
    world.act("destroy")
    assert world.inventory == []
