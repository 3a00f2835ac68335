"""SpikeArrest: a rate per identifier, evenly spaced or within a sliding window.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/spike-arrest-policy. Without
UseEffectiveCount `10ps` lets one request pass per 100 ms; with it, 10 within any second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import is_true
from mldeploy_sandbox.apigee.policies.settings import PolicyError, Setting, setting, weight_of
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.shapes import REFERENCE, TEXT, Shape, policy

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context

RATE = re.compile(r"([1-9]\d*)(ps|pm)")
PERIOD_SECONDS = {"ps": 1.0, "pm": 60.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeArrest:
    """Keeps requests apart; time is real, as it is for the programs behind."""

    SHAPE: ClassVar[Shape] = policy(
        Rate=REFERENCE, Identifier=REFERENCE, MessageWeight=REFERENCE, UseEffectiveCount=TEXT
    )
    name: str
    rate: Setting
    identifier: Setting
    weight: Setting
    sliding: bool

    @classmethod
    def from_xml(cls, name: str, document: Element) -> SpikeArrest:
        """Read the policy.

        Raises:
            PolicyError: the rate is none.
        """
        rate = setting(document, "Rate")
        if not rate.variable and not RATE.fullmatch(rate.value):
            message = f"InvalidAllowedRate: Rate is '{rate.value}': use a whole number with ps or pm"
            raise PolicyError(message)
        return cls(
            name=name,
            rate=rate,
            identifier=setting(document, "Identifier"),
            weight=setting(document, "MessageWeight"),
            sliding=is_true(document, "UseEffectiveCount"),
        )

    def run(self, context: Context) -> None:
        """Let a request pass, or not.

        Raises:
            Fault: SpikeArrestViolation, or a rate that is none.
        """
        rate = self.rate.read(context)
        match = RATE.fullmatch(rate)
        if match is None:
            text = (
                f"Failed to resolve Spike Arrest Rate reference {self.rate.variable} in SpikeArrest policy {self.name}"
            )
            raise Fault(500, "policies.ratelimit.FailedToResolveSpikeArrestRate", text)
        number, period = int(match[1]), PERIOD_SECONDS[match[2]]
        weight = weight_of(self.weight, context)
        place = context.place
        identifier = self.identifier.read(context)
        owner = (place.organization.name, place.deployment.environment, place.deployment.api, self.name, identifier)
        counters = context.services.counters
        passes = (
            counters.slide(owner, period, number, weight)
            if self.sliding
            else counters.space_out(owner, period / number * weight)
        )
        if not passes:
            context.write(f"ratelimit.{self.name}.failed", "true")
            text = (
                f"Spike arrest violation. Allowed rate : MessageRate{{messagesPerPeriod={number}, period={match[2]}}}"
            )
            raise Fault(429, "policies.ratelimit.SpikeArrestViolation", text)
