"""Lives of a release, each of its flows disturbed once, and what is wrong with the world after each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.crash.calls import LoseAnswers, Point, Throttle, calls_through
from tests.crash.flows import Ending, Flow, World


@dataclass(frozen=True)
class LostAnswer:
    """The answer to the first call of an operation is lost, after AWS has done what it asked for."""

    call: str

    def __str__(self) -> str:
        return f"lost answer of {self.call}"


@dataclass(frozen=True)
class ThreeThrottles:
    """Each call is refused three times before it passes."""

    def __str__(self) -> str:
        return "every call throttled three times"


Disturbance = Point | LostAnswer | ThreeThrottles


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a disturbed flow.

    - `ending`: how the disturbed command ended; after one that was killed, the same command was given again.
    - `failure`: the output of the last command if that failed.
    - `too_many`, `missing`: lines of the inventory that an undisturbed flow does not leave, or does.
    """

    flow: Flow
    disturbance: str
    ending: Ending
    failure: str = ""
    too_many: Sequence[str] = ()
    missing: Sequence[str] = ()

    @property
    def converged(self) -> bool:
        return not (self.failure or self.too_many or self.missing)


def lives(world: World, disturbances: Mapping[Flow, Sequence[Disturbance]]) -> Iterator[Verdict]:
    """Disturb flows in all given ways, one life after another, and yield a verdict for each way.

    A life begins and ends with an empty world, so that every one also proves that nothing is left. Where nothing is to
    be disturbed in a flow any more, it is given as it is.
    """
    queues = {flow: deque(disturbances.get(flow, ())) for flow in world.flows}
    while any(queues.values()):
        for flow in world.flows:
            if not queues[flow]:
                world.act(flow)
                continue
            verdict = disturbed(world, flow, queues[flow].popleft())
            yield verdict
            if not verdict.converged:
                world.renew()
                break


def disturbed(world: World, flow: Flow, how: Disturbance) -> Verdict:
    """Disturb one flow, give its command again where that ended it, and look at the world."""
    ending: Ending = "finished"
    failure = ""
    try:
        if isinstance(how, Point):
            ending = world.kill(flow, how)
            world.free()
            world.act(flow)
        else:
            with calls_through(_hook(how)):
                world.act(flow)
    except AssertionError as error:
        failure = str(error)
    too_many, missing = differences(world.inventory, world.golden[flow])
    return Verdict(flow=flow, disturbance=str(how), ending=ending, failure=failure, too_many=too_many, missing=missing)


def _hook(how: LostAnswer | ThreeThrottles) -> LoseAnswers | Throttle:
    return Throttle() if isinstance(how, ThreeThrottles) else LoseAnswers(only=lambda call: call == how.call)


def differences(found: Sequence[str], wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the lines that are too many, and those that are missing."""
    missing, extra = list(wanted), []
    for line in found:
        if line in missing:
            missing.remove(line)
        else:
            extra.append(line)
    return extra, missing
