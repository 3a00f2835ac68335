"""The EKS plane: DescribeCluster answers the address of an API server that runs.

https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeCluster.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.kubernetes.pod_identity import PodIdentity
from mldeploy_sandbox.plane import AwsError, Call, Operation, Plane, WsgiApp

if TYPE_CHECKING:
    from mldeploy_sandbox.kubernetes.cluster import Cluster
    from mldeploy_sandbox.world import World

VERSION = "1.36"


class EksPlane:
    """Starts an API server for each cluster that somebody describes; moto keeps those that are created."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._clusters: dict[tuple[str, str], Cluster] = {}
        self._pod_identity = PodIdentity()
        self._lock = threading.Lock()

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """See `Plane`."""
        return {
            ("eks", "DescribeCluster"): self._describe,
            ("eks", "DeleteCluster"): self._delete,
            ("eks", "ListClusters"): self._list,
            ("eks", "TagResource"): self._tag,
            **self._pod_identity.operations(),
        }

    def routes(self) -> Mapping[str, WsgiApp]:
        """See `Plane`."""
        return {}

    def close(self) -> None:
        """See `Plane`."""
        with self._lock:
            clusters = list(self._clusters.values())
            self._clusters.clear()
        for cluster in clusters:
            cluster.close()

    def _describe(self, call: Call) -> Mapping[str, Any]:
        """Describe a cluster; in plain mode there is one of every name."""
        name = call.params["name"]
        try:
            described = dict(self._world.moto.answer(call)["cluster"])
        except AwsError:
            if self._world.strict:
                raise
            described = self._of_any_name(call)
        server = self._running(call.region, name).server
        described |= {"endpoint": server.endpoint, "certificateAuthority": {"data": server.authority}}
        return {"cluster": described}

    def _list(self, call: Call) -> Mapping[str, Any]:
        """List the clusters that were created, and those of other names in which somebody has made something."""
        names = set(self._world.moto.answer(call)["clusters"])
        with self._lock:
            here = {name: cluster for (region, name), cluster in self._clusters.items() if region == call.region}
        return {"clusters": sorted(names | {name for name, cluster in here.items() if cluster.is_used})}

    def _of_any_name(self, call: Call) -> dict[str, Any]:
        name = call.params["name"]
        return {
            "name": name,
            "arn": f"arn:aws:eks:{call.region}:{call.account_id}:cluster/{name}",
            "createdAt": datetime.now(UTC),
            "version": VERSION,
            "status": "ACTIVE",
            "platformVersion": "eks.1",
            "accessConfig": {"authenticationMode": "API"},
            "tags": {},
        }

    def _running(self, region: str, name: str) -> Cluster:
        from mldeploy_sandbox.kubernetes.cluster import Cluster  # noqa: PLC0415 - most sandboxes have no cluster

        with self._lock:
            if (region, name) not in self._clusters:
                cluster = self._clusters[region, name] = Cluster(self._world, region, name)
                self._world.notes[f"cluster {name}"] = f"{cluster.server.endpoint}, KUBECONFIG={cluster.kubeconfig}"
            return self._clusters[region, name]

    def _delete(self, call: Call) -> Mapping[str, Any]:
        answer = self._world.moto.answer(call)
        with self._lock:
            cluster = self._clusters.pop((call.region, call.params["name"]), None)
        if cluster is not None:
            cluster.close()
        self._pod_identity.forget(call.region, call.params["name"])
        return answer

    def _tag(self, call: Call) -> Mapping[str, Any]:
        known = self._pod_identity.tag(call.params["resourceArn"], call.params["tags"])
        return {} if known else self._world.moto.answer(call)


def plane(world: World) -> Plane:
    """Make the EKS plane of a sandbox."""
    return EksPlane(world)
