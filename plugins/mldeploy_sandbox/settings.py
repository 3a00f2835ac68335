"""How a sandbox starts: its mode, the speed of its clock, and what goes wrong. Light: imports nothing of AWS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mldeploy.errors import UsageError

if TYPE_CHECKING:
    from mldeploy_sandbox.faults.plan import FaultPlan

MODE_VARIABLE = "MLDEPLOY_SANDBOX_MODE"
SPEED_VARIABLE = "MLDEPLOY_SANDBOX_SPEED"
INJECT_VARIABLE = "MLDEPLOY_SANDBOX_INJECT"
PLAIN, STRICT = "plain", "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was asked for; None asks for nothing, so that a running sandbox keeps what it has.

    - `mode`: "plain" or "strict", fixed for the life of a sandbox.
    - `speed`: sandbox seconds per real second.
    - `inject`: a fault plan (see `faults.plan`).
    """

    mode: str | None = None
    speed: float | None = None
    inject: str | None = None


def settings_from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of sandboxes that commands start by themselves.

    Raises:
        UsageError: a variable has a value that it cannot have.
    """
    mode, speed, inject = (environment.get(name) for name in (MODE_VARIABLE, SPEED_VARIABLE, INJECT_VARIABLE))
    if mode and mode not in {PLAIN, STRICT}:
        message = f"{MODE_VARIABLE} is '{mode}'"
        raise UsageError(message, hint=f"use {PLAIN} or {STRICT}")
    if inject:
        checked_plan(inject)
    return Settings(mode=mode or None, speed=_speed(speed) if speed else None, inject=inject or None)


def checked_plan(text: str) -> FaultPlan:
    """Read a fault plan.

    Raises:
        UsageError: it cannot be read; the details point at the place.
    """
    from mldeploy_sandbox.faults.plan import PlanError, read_plan  # noqa: PLC0415 - few sandboxes have one

    try:
        return read_plan(text)
    except PlanError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        message = f"fault plan:{line}:{column}: {error}"
        shown = (text.splitlines()[line - 1], f"{' ' * (column - 1)}^")
        raise UsageError(message, details=shown, hint="docs/how-to/inject-faults.md has the language") from error


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        message = f"{SPEED_VARIABLE} is '{text}'"
        raise UsageError(message, hint="use a positive number, such as 20 for a clock that runs 20 times as fast")
    return speed
