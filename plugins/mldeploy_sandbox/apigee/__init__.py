"""The Apigee plane: a management API, and a runtime that carries out the XML that was deployed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.apigee.pages import MANAGEMENT, TOKENS
from mldeploy_sandbox.plane import Operation, Plane, WsgiApp

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.standin import StandIn
    from mldeploy_sandbox.world import World


class ApigeePlane:
    """Starts the stand-in with the first request to it: most sandboxes never see one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._stand_in: StandIn | None = None

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """See `Plane`; there are no AWS calls."""
        return {}

    def routes(self) -> Mapping[str, WsgiApp]:
        """See `Plane`."""
        return dict.fromkeys((MANAGEMENT, TOKENS), self._serve)

    def close(self) -> None:
        """See `Plane`."""
        if self._stand_in is not None:
            self._stand_in.close()

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        from mldeploy_sandbox.apigee.standin import StandIn  # noqa: PLC0415 - see the class

        with self._lock:
            if self._stand_in is None:
                self._stand_in = StandIn(self._world)
        return self._stand_in(environ, start_response)


def plane(world: World) -> Plane:
    """Make the Apigee plane of a sandbox."""
    return ApigeePlane(world)
