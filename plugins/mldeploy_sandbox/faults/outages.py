"""Parts that go down: a cache whose server stops answering, keys of a user pool that cannot be fetched."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.faults.injector import Injector
from mldeploy_sandbox.plane import Call, Gate, Key, WsgiApp
from mldeploy_sandbox.world import World

SERVER = "redis "
"""How the names of the servers' processes begin; the rest is the replication group."""

KEYS = "/.well-known/jwks.json"


class CacheOutage(Gate):
    """Stops the servers of caches that are down, and lets them go on when they are not.

    A stopped server takes connections and says nothing, as one that lost its machine: callers have to time out. It is
    stopped once the group has been seen available, so that a deployment gets that far.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        world.faults.on_change(self._apply)

    def changes(self, key: Key) -> bool:
        """See `Gate`."""
        return key == ("elasticache", "DescribeReplicationGroups")

    def after(self, call: Call, result: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - see Gate
        """See `Gate`."""
        if any(group["Status"] == "available" for group in result["ReplicationGroups"]):
            self._apply()
        return result

    def _apply(self) -> None:
        for server in self._world.processes.named(SERVER):
            down = self._world.faults.broken("redis-down", server.name.removeprefix(SERVER))
            server.signal(signal.SIGSTOP if down else signal.SIGCONT)


def with_key_outage(app: WsgiApp, faults: Injector) -> WsgiApp:
    """Return the pages of user pools, whose keys answer 503 while they are down.

    API Gateway's own authorizer does not fetch them; services and other gateways do.
    """

    def pages(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        if path.endswith(KEYS) and faults.broken("jwks-down", path.removesuffix(KEYS).rsplit("/", 1)[-1]):
            return Answer(status=503, headers=[], body=b"").send(start_response)
        return app(environ, start_response)

    return pages
