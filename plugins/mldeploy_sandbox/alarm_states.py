"""Evaluates CloudWatch alarms from the requests that the sandbox really served; moto never does."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.plane import Call, Operation, Plane, WsgiApp

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

Measure = Callable[[str, Mapping[str, str], str, float], Sequence[float] | None]
"""Region, dimensions, metric, sandbox seconds since when → its data points; None for what is not measured here."""
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": lambda values: float(len(values)),
}


def tripped(world: World, region: str, names: Iterable[str]) -> list[str]:
    """Return the alarms that are in state ALARM, after a fresh look at those on what the sandbox measures.

    Alarms on anything else keep the state that somebody set (SetAlarmState).
    """
    found = []
    with world.moto.lock:
        alarms = world.backend("cloudwatch", region).alarms
        for name in names:
            alarm = alarms.get(name)
            if alarm is None:
                continue
            state = _state(world, region, alarm)
            if state is not None and state != alarm.state_value:
                alarm.update_state("evaluated by the sandbox", json.dumps({}), state)
            if alarm.state_value == "ALARM":
                found.append(name)
    return found


class AlarmsPlane:
    """Answers DescribeAlarms after a fresh look."""

    def __init__(self, world: World) -> None:
        self._world = world

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """See `Plane`."""
        return {("cloudwatch", "DescribeAlarms"): self._describe}

    def routes(self) -> Mapping[str, WsgiApp]:
        """See `Plane`."""
        return {}

    def close(self) -> None:
        """See `Plane`; nothing runs."""

    def _describe(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            names = list(self._world.backend("cloudwatch", call.region).alarms)
        tripped(self._world, call.region, names)
        return self._world.moto.answer(call)


def plane(world: World) -> Plane:
    """Make the alarms plane of a sandbox."""
    return AlarmsPlane(world)


def _state(world: World, region: str, alarm: Any) -> str | None:
    """Return the state that an alarm should be in; None when it is about something that is not measured."""
    measure = world.measured.get(alarm.namespace)
    if measure is None:
        return None
    dimensions = {dimension.name: dimension.value for dimension in alarm.dimensions}
    window = float(alarm.period) * int(alarm.evaluation_periods)
    values = measure(region, dimensions, alarm.metric_name, world.clock.monotonic() - window)
    if values is None:
        return None
    if not values:
        return "ALARM" if alarm.treat_missing_data == "breaching" else "OK"
    return "ALARM" if COMPARE[alarm.comparison_operator](_statistic(alarm, values), float(alarm.threshold)) else "OK"


def _statistic(alarm: Any, values: Sequence[float]) -> float:
    if alarm.extended_statistic:
        rank = float(alarm.extended_statistic.removeprefix("p")) / 100
        return sorted(values)[max(0, math.ceil(rank * len(values)) - 1)]
    return STATISTICS[alarm.statistic](values)
