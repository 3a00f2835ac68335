"""mldeploy::ClusterRedis: where the cache's Redis answers, as the load balancer controller tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mldeploy import Context, Observed, Step
from mldeploy.model import JSON
from mldeploy_eks.address import WAIT_SECONDS, place_of
from mldeploy_eks.answers import translated
from mldeploy_eks.connection import ClusterGoneError
from mldeploy_eks.redis_manifests import PORT

if TYPE_CHECKING:
    from mldeploy_eks.cluster import Cluster


class ClusterRedisDriver:
    """Spec: Name (of the Service), Deployment, Certificate (PEM, or nothing). Outputs: Address, Port, Certificate."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, step: Step) -> Observed | None:
        """Return the address, once there is one."""
        if not isinstance(step.spec["Name"], str):
            return None
        try:
            with translated(f"to read {step.id}"):
                outputs = self._outputs(step)
        except ClusterGoneError:
            return None
        return None if outputs is None else Observed(outputs=outputs, spec=step.spec)

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - it is only told
        """Wait for the address and return it."""
        with translated(f"to read {step.id}"):
            what = f"the load balancer of Service {step.spec['Name']}"
            return self._context.wait(lambda: self._outputs(step), seconds=WAIT_SECONDS, what=what)

    def delete(self, step: Step, observed: Observed) -> None:
        """Do nothing: the address goes with its Service."""

    def _outputs(self, step: Step) -> Mapping[str, JSON] | None:
        cluster: Cluster = self._context.provider("kubernetes")
        live = cluster.get("Service", step.spec["Name"])
        place = place_of(live) if live is not None else None
        if place is None:
            return None
        host, _, port = place.partition(":")
        return {"Address": host, "Port": port or str(PORT), "Certificate": step.spec["Certificate"]}
