"""Application Auto Scaling's rule for schedules."""

from __future__ import annotations

import re

from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.world import World

SERVICE = "application-autoscaling"
REFERENCE = "https://docs.aws.amazon.com/autoscaling/application/APIReference"
SCHEDULE = re.compile(
    r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
    r"|rate\([1-9]\d* (minute|minutes|hour|hours|day|days)\)"
    r"|cron\(\S+( \S+){5}\)"
)

FORM = declare(
    "autoscaling-schedule",
    f"{SERVICE}:PutScheduledAction",
    says="A schedule is at(yyyy-mm-ddThh:mm:ss), rate(value unit) or cron(six fields).",
    source=f"{REFERENCE}/API_PutScheduledAction.html",
)
INVALID = "ValidationException"


def check_schedule(world: World, call: Call) -> None:  # noqa: ARG001 - see Guard
    """Refuse a schedule that cannot be read."""
    schedule = call.params.get("Schedule")
    if schedule is not None and not SCHEDULE.fullmatch(schedule):
        message = f"Invalid schedule expression: {schedule}"
        raise FORM.refusal(INVALID, message)


GUARDS = {(SERVICE, "PutScheduledAction"): check_schedule}
