"""The ElastiCache plane: a replication group is a real server on loopback; moto keeps its description."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.cache_placement import Placement
from mldeploy_sandbox.cache_rules import check_creation, check_token_change
from mldeploy_sandbox.plane import AwsError, Call, Operation, Plane, WsgiApp
from mldeploy_sandbox.redis_server import RedisServer, find_engine
from mldeploy_sandbox.tls_authority import server_certificate

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World


class CachePlane:
    """Starts, describes and ends one server per replication group; the world's notes say which program that is."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._servers: dict[tuple[str, str], RedisServer] = {}
        self._placement = Placement(world)
        self._lock = threading.Lock()

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """See `Plane`."""
        return {
            ("elasticache", "CreateReplicationGroup"): self._create,
            ("elasticache", "DescribeReplicationGroups"): self._describe,
            ("elasticache", "DeleteReplicationGroup"): self._delete,
            ("elasticache", "ModifyReplicationGroup"): self._modify,
            **self._placement.operations(),
        }

    def routes(self) -> Mapping[str, WsgiApp]:
        """See `Plane`."""
        return {}

    def close(self) -> None:
        """See `Plane`."""
        with self._lock:
            servers = list(self._servers.values())
            self._servers.clear()
        for server in servers:
            server.stop()

    def _create(self, call: Call) -> Mapping[str, Any]:
        check_creation(call.params, self._placement.names(call.region))
        engine = find_engine()
        self._world.notes["redis"] = engine.note
        password = call.params.get("AuthToken")
        tls = bool(call.params.get("TransitEncryptionEnabled"))
        if (password or tls) and not engine.enforces_passwords:
            code, message = "NotImplemented", f"{engine.note} has neither AUTH nor TLS; install redis-server"
            raise AwsError(code, message, 501)
        answer = self._world.moto.answer(call)
        name = call.params["ReplicationGroupId"]
        certificate = server_certificate(self._world.folder / "tls") if tls else None
        server = RedisServer(self._world, engine, name, password, certificate)
        with self._lock:
            self._servers[(call.region, name)] = server
        self._point_to(call.region, name, server.port)
        self._placement.put(call)
        answer["ReplicationGroup"].pop("NodeGroups")
        return {"ReplicationGroup": {**answer["ReplicationGroup"], "Status": "creating"}}

    def _describe(self, call: Call) -> Mapping[str, Any]:
        with self._lock:
            servers = {name: server for (region, name), server in self._servers.items() if region == call.region}
        for name, server in servers.items():
            status = server.status
            with self._world.moto.lock:
                group = self._world.backend("elasticache", call.region).replication_groups.get(name)
                if group is not None:
                    group.status = group.node_groups[0]["status"] = status
        return self._world.moto.answer(call)

    def _modify(self, call: Call) -> Mapping[str, Any]:
        """Change what moto keeps, the placement, and the passwords that the running server takes."""
        name, password = call.params["ReplicationGroupId"], call.params.get("AuthToken")
        with self._lock:
            server = self._servers.get((call.region, name))
        if password is not None and server is not None:
            check_token_change(call.params, encrypted=server.encrypted)
            server.take_password(password, only=call.params["AuthTokenUpdateStrategy"] == "SET")
            with self._world.moto.lock:
                self._world.backend("elasticache", call.region).replication_groups[name].auth_token_enabled = True
        answer = self._world.moto.answer(call)
        self._placement.put(call)
        return answer

    def _delete(self, call: Call) -> Mapping[str, Any]:
        name = call.params["ReplicationGroupId"]
        answer = self._world.moto.answer(call)
        with self._lock:
            server = self._servers.pop((call.region, name), None)
        if server is not None:
            server.stop()
        with self._world.moto.lock:
            backend = self._world.backend("elasticache", call.region)
            group = backend.replication_groups.pop(name)
            self._placement.forget(call.region, name)
            backend.tagging_service.delete_all_tags_for_resource(group.arn)
        return answer

    def _point_to(self, region: str, name: str, port: int) -> None:
        """Make moto describe the address of the real server."""
        with self._world.moto.lock:
            group = self._world.backend("elasticache", region).replication_groups[name]
            group.status = "creating"
            group.port = port
            for node_group in group.node_groups:
                node_group["port"] = port
                node_group["status"] = "creating"
                node_group["primary_endpoint"] = {"address": "127.0.0.1", "port": port}
                node_group["primary_endpoint_address"] = node_group["reader_endpoint_address"] = "127.0.0.1"
                for member in node_group["node_group_members"]:
                    member["read_endpoint"] = {"address": "127.0.0.1", "port": port}


def plane(world: World) -> Plane:
    """Make the ElastiCache plane of a sandbox."""
    return CachePlane(world)
