"""Pieces of flows: steps with conditions, and fault rules.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/conditions-reference
"""

from __future__ import annotations

from dataclasses import dataclass

from mldeploy.model import JSON
from mldeploy_apigee.bundle.tree import element


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of a policy: the policy as a tree, and when it runs; without a condition, always."""

    policy: JSON
    condition: JSON = ""

    @property
    def name(self) -> str:
        """The name of the policy, which is that of its file, too."""
        return str(self.policy[1]["name"])

    def step(self) -> JSON:
        """Return the step of a flow."""
        conditions = [element("Condition", self.condition)] if self.condition else []
        return element("Step", *conditions, element("Name", self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What becomes of the faults that a condition names; without a condition, of all others."""

    name: str
    condition: str
    uses: tuple[Use, ...]

    def tree(self) -> JSON:
        """Return the fault rule."""
        steps = [use.step() for use in self.uses]
        if not self.condition:
            return element("DefaultFaultRule", *steps, name=self.name)
        return element("FaultRule", element("Condition", self.condition), *steps, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What runs on the way in and on the way out; a `PreFlow`, a `PostFlow`, or a conditional `Flow`."""

    name: str
    request: tuple[Use, ...] = ()
    response: tuple[Use, ...] = ()
    condition: str = ""

    def tree(self) -> JSON:
        """Return the flow."""
        parts = [element("Condition", self.condition)] if self.condition else []
        parts.append(element("Request", *(use.step() for use in self.request)))
        parts.append(element("Response", *(use.step() for use in self.response)))
        return element(self.name if self.name in {"PreFlow", "PostFlow"} else "Flow", *parts, name=self.name)
