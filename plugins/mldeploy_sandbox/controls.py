"""What people and tests turn while a sandbox runs: its clock, its faults, its quotas and the policy in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.admin import Page
from mldeploy_sandbox.faults.plan import read_plan
from mldeploy_sandbox.permissions.enforcement import Enforcement
from mldeploy_sandbox.permissions.policy import read_policy
from mldeploy_sandbox.world import World


class Controls:
    """Admin pages; what cannot be read is a ValueError and changes nothing."""

    def __init__(self, world: World, enforcement: Enforcement) -> None:
        self._world = world
        self._enforcement = enforcement

    def reading(self) -> Mapping[str, Page]:
        """Return the pages that only show."""
        return {"clock": self._clock, "faults": self._faults}

    def changing(self) -> Mapping[str, Page]:
        """Return the pages that change something."""
        return {"clock": self._set_clock, "faults": self._inject, "quota": self._grant, "policy": self._enforce}

    def _clock(self, _: Mapping[str, str]) -> dict[str, Any]:
        clock = self._world.clock
        return {"now": clock.now().isoformat(timespec="seconds"), "speed": clock.speed}

    def _set_clock(self, values: Mapping[str, str]) -> dict[str, Any]:
        if "speed" in values:
            self._world.clock.run_at(float(values["speed"]))
        self._world.clock.advance(float(values.get("advance", 0)))
        return self._clock(values)

    def _faults(self, _: Mapping[str, str]) -> dict[str, Any]:
        plan = self._world.faults.plan
        return {"plan": plan.text, "seed": plan.seed, "hits": self._world.faults.hits}

    def _inject(self, values: Mapping[str, str]) -> dict[str, Any]:
        self._world.faults.follow(read_plan(values.get("plan", "")))
        return self._faults(values)

    def _grant(self, values: Mapping[str, str]) -> dict[str, Any]:
        try:
            self._world.quotas.grant(values["name"], float(values["value"]))
        except KeyError as error:
            message = f"there is no quota {error}"
            raise ValueError(message) from error
        return dict(values)

    def _enforce(self, values: Mapping[str, str]) -> dict[str, Any]:
        text = values.get("policy", "")
        self._enforcement.policy = read_policy(text) if text else None
        return {"enforced": self._enforcement.policy is not None}
