"""What alarms that watch one metric minute by minute have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mldeploy import DeployError
from mldeploy.model import JSON

MINUTE = 60


def alarm_spec(
    namespace: str, metric: Mapping[str, JSON], dimensions: Mapping[str, JSON], *, minutes: int = 1
) -> dict[str, JSON]:
    """Return the parameters of PutMetricAlarm for "more than Threshold, so many minutes in a row".

    Arguments:
        metric: MetricName, Statistic or ExtendedStatistic, and Threshold.
        dimensions: name → value.
        minutes: how many minutes have to be bad; one without data is not.
    """
    return {
        "Namespace": namespace,
        **metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Period": MINUTE,
        "EvaluationPeriods": minutes,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


def alarms_on(cloudwatch: Any, names: Sequence[str]) -> list[str]:
    """Return which of some alarms are in state ALARM.

    Arguments:
        cloudwatch: its client.
        names: at most 100 (API reference, DescribeAlarms).

    Raises:
        DeployError: one does not exist, and would never go on.
    """
    if not names:
        return []
    answer = cloudwatch.describe_alarms(AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}
    missing = ", ".join(name for name in names if name not in states)
    if missing:
        message = f"there is no alarm {missing}, so that nothing would stop a bad release"
        raise DeployError(message, hint="correct the name under alarms.names, or make the alarm first")
    return [name for name in names if states[name] == "ALARM"]
