"""Quota: requests per identifier and interval; an interval begins with its unit, in UTC.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/quota-policy
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.policies.settings import PolicyError, Setting, setting, weight_of
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.shapes import REFERENCE, TEXT, Shape, policy, shape

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
EPOCH_SUNDAY = 259_200
"""Seconds from 1970 to the first Sunday, on which weeks begin; ours, the page does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Counts requests."""

    SHAPE: ClassVar[Shape] = policy(
        "type",
        Allow=shape("count countRef"),
        Interval=REFERENCE,
        TimeUnit=REFERENCE,
        Identifier=REFERENCE,
        MessageWeight=REFERENCE,
        Distributed=TEXT,
        Synchronous=TEXT,
    )
    name: str
    limit: Setting
    interval: Setting
    unit: Setting
    identifier: Setting
    weight: Setting

    @classmethod
    def from_xml(cls, name: str, document: Element) -> Quota:
        """Read the policy.

        Raises:
            PolicyError: a type or time unit that the stand-in does not have.
        """
        if document.get("type"):
            message = f"the stand-in does not know quotas of type {document.get('type')}"
            raise PolicyError(message)
        unit = setting(document, "TimeUnit")
        if unit.value and unit.value not in (*UNIT_SECONDS, "month"):
            message = f"TimeUnit is '{unit.value}': use minute, hour, day, week or month"
            raise PolicyError(message)
        return cls(
            name=name,
            limit=setting(document, "Allow", reference="countRef", attribute="count"),
            interval=setting(document, "Interval"),
            unit=unit,
            identifier=setting(document, "Identifier"),
            weight=setting(document, "MessageWeight"),
        )

    def run(self, context: Context) -> None:
        """Count a request.

        Raises:
            Fault: QuotaViolation, or a setting that is no number.
        """
        limit = self._number(self.limit, context, "policies.ratelimit.InvalidAllowCount")
        length = self._number(self.interval, context, "policies.ratelimit.FailedToResolveQuotaIntervalReference")
        weight = weight_of(self.weight, context)
        unit = self.unit.read(context)
        if unit not in (*UNIT_SECONDS, "month"):
            code = "policies.ratelimit.FailedToResolveQuotaIntervalTimeUnitReference"
            raise Fault(500, code, f"Failed to resolve quota time unit reference {self.unit.variable}")
        begins, ends = interval(context.services.clock.now(), length, unit)
        identifier = self.identifier.read(context) or "_default"
        place = context.place
        owner = (place.organization.name, place.deployment.environment, place.deployment.api, self.name, identifier)
        count = context.services.counters.count(owner, begins.isoformat(), limit, weight)
        self._note(context, limit, count.used, ends, identifier)
        if not count.allowed:
            context.write(f"ratelimit.{self.name}.failed", "true")
            text = f"Rate limit quota violation. Quota limit  exceeded. Identifier : {identifier}"
            raise Fault(429, "policies.ratelimit.QuotaViolation", text)

    def _number(self, chosen: Setting, context: Context, code: str) -> int:
        value = chosen.read(context)
        if not value.isdigit():
            raise Fault(500, code, f"{self.name}: '{value}' is no number")
        return int(value)

    def _note(self, context: Context, limit: int, used: int, ends: datetime, identifier: str) -> None:
        values = {
            "allowed.count": limit,
            "used.count": used,
            "available.count": limit - used,
            "expiry.time": int(ends.timestamp() * 1000),
            "identifier": identifier,
        }
        for name, value in values.items():
            context.write(f"ratelimit.{self.name}.{name}", str(value))


def interval(now: datetime, length: int, unit: str) -> tuple[datetime, datetime]:
    """Return begin and end of the interval around a time."""
    if unit == "month":
        months = (now.year * 12 + now.month - 1) // length * length
        return _month(now, months), _month(now, months + length)
    seconds = UNIT_SECONDS[unit] * length
    offset = EPOCH_SUNDAY if unit == "week" else 0
    begins = datetime.fromtimestamp((int(now.timestamp()) - offset) // seconds * seconds + offset, now.tzinfo)
    return begins, begins + timedelta(seconds=seconds)


def _month(now: datetime, months: int) -> datetime:
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=now.tzinfo)
