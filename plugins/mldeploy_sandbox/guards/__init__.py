"""Rules for operations that are moto's otherwise: checks that run before it answers. They hold in both modes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mldeploy_sandbox.guards import api_gateway, functions, identity, monitoring, networks, scaling
from mldeploy_sandbox.plane import Call, Gate, Key
from mldeploy_sandbox.world import World

Guard = Callable[[World, Call], None]
"""Refuses a call with an AwsError, or returns."""

GUARDS: Mapping[Key, Guard] = {
    key: guard
    for module in (api_gateway, functions, identity, monitoring, networks, scaling)
    for key, guard in module.GUARDS.items()
}
"""Operation → check."""


class Guards(Gate):
    """The gate of all guards."""

    def __init__(self, world: World) -> None:
        self._world = world

    def before(self, call: Call) -> None:
        """Run the check of an operation.

        Raises:
            AwsError: it refuses the call.
        """
        check = GUARDS.get((call.service, call.operation))
        if check is not None:
            with self._world.moto.lock:
                check(self._world, call)
