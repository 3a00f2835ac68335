"""Target servers: host and port of a backend, by name, so that a bundle fits every environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.errors import already_exists, invalid
from mldeploy_sandbox.apigee.management.routes import ENVIRONMENT, Ask, Route
from mldeploy_sandbox.apigee.store import Document, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store

FIELDS = ("name", "description", "host", "port", "protocol", "isEnabled", "sSLInfo")
PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "GRPC_TARGET", "EXTERNAL_CALLOUT")
SERVERS = f"{ENVIRONMENT}/targetservers"
SERVER = f"{SERVERS}/<server>"


class TargetServers:
    """The target servers of environments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return the routes of target servers."""
        base = "organizations.environments.targetservers"
        return (
            Route(id=f"{base}.create", method="POST", rule=SERVERS, handler=self._create, query=("name",)),
            Route(id=f"{base}.list", method="GET", rule=SERVERS, handler=self._list),
            Route(id=f"{base}.get", method="GET", rule=SERVER, handler=self._get),
            Route(id=f"{base}.update", method="PUT", rule=SERVER, handler=self._update),
            Route(id=f"{base}.delete", method="DELETE", rule=SERVER, handler=self._delete),
        )

    def _servers(self, ask: Ask) -> dict[str, Document]:
        return self._store.environment(ask.path["organization"], ask.path["environment"]).target_servers

    def _document(self, ask: Ask) -> Document:
        document = ask.fields(FIELDS, ("host", "port"))
        port, protocol = document["port"], document.setdefault("protocol", "HTTP")
        if not isinstance(port, int) or not 1 <= port <= 65535:
            raise invalid(reason=f"port {port!r}")
        if protocol not in PROTOCOLS:
            raise invalid(reason=f"protocol {protocol!r}")
        return {"isEnabled": True, **document}

    def _create(self, ask: Ask) -> Document:
        servers = self._servers(ask)
        document = self._document(ask)
        name = document.get("name") or ask.query.get("name", "")
        if not name:
            raise invalid(reason="name is required")
        if name in servers:
            raise already_exists(resource=_place(ask, name))
        servers[name] = document | {"name": name}
        return servers[name]

    def _list(self, ask: Ask) -> list[str]:
        """Return names; the discovery document leaves this method out."""
        return list(self._servers(ask))

    def _get(self, ask: Ask) -> Document:
        return found(self._servers(ask), ask.path["server"], _place(ask))

    def _update(self, ask: Ask) -> Document:
        servers, name = self._servers(ask), ask.path["server"]
        found(servers, name, _place(ask))
        servers[name] = self._document(ask) | {"name": name}
        return servers[name]

    def _delete(self, ask: Ask) -> Document:
        servers, name = self._servers(ask), ask.path["server"]
        found(servers, name, _place(ask))
        return servers.pop(name)


def _place(ask: Ask, name: str = "") -> str:
    path = f"organizations/{ask.path['organization']}/environments/{ask.path['environment']}/targetservers"
    return f"{path}/{name}" if name else path
