"""mldeploy::ClusterAddress: where the pods answer, as the load balancer controller tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mldeploy import Context, Observed, Step
from mldeploy.model import JSON
from mldeploy_eks.answers import translated
from mldeploy_eks.connection import ClusterGoneError
from mldeploy_eks.inference_services import address_of

if TYPE_CHECKING:
    from mldeploy_eks.cluster import Cluster, Manifest

LOAD_BALANCER = "LoadBalancer"
WAIT_SECONDS = 600.0
"""Network and application load balancers take 2 to 5 minutes until they have a name."""


class ClusterAddressDriver:
    """Spec: Kind and Name of the object that has the address, Release, Scheme, Host. Outputs: Url and more.

    - `Host`: the name that release.yaml gives; empty where the load balancer's own name is used.
    - Outputs: Url; EndpointName; EndpointConfigName, which names what answers (see `Release` of the deployment).
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, step: Step) -> Observed | None:
        """Return the address, once there is one."""
        if not isinstance(step.spec["Name"], str):
            return None
        try:
            with translated(f"to read {step.id}"):
                url = self._url(step)
        except ClusterGoneError:
            return None
        return None if url is None else Observed(outputs=_outputs(step, url), spec=step.spec)

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - it is only told
        """Wait for the address and return it."""
        with translated(f"to read {step.id}"):
            what = f"the load balancer of {step.spec['Kind']} {step.spec['Name']}"
            return _outputs(step, self._context.wait(lambda: self._url(step), seconds=WAIT_SECONDS, what=what))

    def delete(self, step: Step, observed: Observed) -> None:
        """Do nothing: the address goes with its object."""

    def _url(self, step: Step) -> str | None:
        cluster: Cluster = self._context.provider("kubernetes")
        live = cluster.get(step.spec["Kind"], step.spec["Name"])
        if step.spec["Kind"] == "InferenceService":
            return address_of(live) if live is not None else None
        place = place_of(live) if live is not None else None
        return f"{step.spec['Scheme']}://{step.spec['Host'] or place}" if place else None


def place_of(live: Manifest) -> str | None:
    """Return host and port of the first load balancer; a route has the address of its gateway, which is named."""
    if live["kind"] == "HTTPRoute":
        return str(live["metadata"]["name"]) if (live.get("status") or {}).get("parents") else None
    found = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    if not found or live["spec"].get("type", LOAD_BALANCER) != LOAD_BALANCER:
        return None
    host, ports = found[0].get("hostname") or found[0].get("ip"), found[0].get("ports") or []
    return f"{host}:{ports[0]['port']}" if ports else str(host)


def _outputs(step: Step, url: str) -> Mapping[str, JSON]:
    return {"Url": url, "EndpointName": step.name, "EndpointConfigName": step.spec["Release"]}
