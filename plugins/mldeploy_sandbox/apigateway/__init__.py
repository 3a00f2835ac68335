"""The API Gateway plane: REST APIs that are imported, deployed as snapshots, and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigateway.control import ControlPlane
from mldeploy_sandbox.apigateway.data_plane import MARK, DataPlane
from mldeploy_sandbox.apigateway.domains import Domains
from mldeploy_sandbox.apigateway.resource_tags import ResourceTags
from mldeploy_sandbox.apigateway.snapshots import Snapshots
from mldeploy_sandbox.apigateway.usage import Usage
from mldeploy_sandbox.plane import Operation, Plane, WsgiApp

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World


class ApiGatewayPlane:
    """Control plane and data plane over the same snapshots and counters."""

    def __init__(self, world: World) -> None:
        snapshots, usage = Snapshots(), Usage()
        self._control = ControlPlane(world, snapshots, usage)
        self._data = DataPlane(world, snapshots, usage)
        self._tags = ResourceTags(world)
        self._domains = Domains(world)

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """See `Plane`."""
        return {**self._control.operations(), **self._tags.operations(), **self._domains.operations()}

    def routes(self) -> Mapping[str, WsgiApp]:
        """See `Plane`."""
        return {f"/restapis/{{api}}/{{stage}}/{MARK}": self._data}

    def close(self) -> None:
        """See `Plane`."""
        self._data.close()


def plane(world: World) -> Plane:
    """Make the API Gateway plane of a sandbox."""
    return ApiGatewayPlane(world)
