"""What the cluster tells of the pods of a deployment: their ReplicaSet, themselves, and the events about both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_eks.causes import Evidence

if TYPE_CHECKING:
    from mldeploy_eks.cluster import Cluster, Manifest

MOST_EVENTS = 10
LOG_LINES = 20


def newest_replica_set(cluster: Cluster, deployment: str, labels: str) -> Manifest | None:
    """Return the ReplicaSet of a deployment's newest pods."""
    live = cluster.get("Deployment", deployment)
    if live is None or not revision_of(live):
        return None
    sets = replica_sets(cluster, live, labels)
    return next((each for each in sets if revision_of(each) == revision_of(live)), None)


def replica_sets(cluster: Cluster, deployment: Manifest, labels: str) -> list[Manifest]:
    """Return the ReplicaSets of a deployment; those without pods are kept for a way back."""
    return [each for each in cluster.listed("ReplicaSet", labels=labels) if _belongs(each, deployment)]


def evidence_of(cluster: Cluster, replica_set: Manifest | None, labels: str) -> Evidence:
    """Return the evidence about a ReplicaSet and the pods that it has now."""
    if replica_set is None:
        return Evidence()
    pods = [pod for pod in cluster.listed("Pod", labels=labels) if _belongs(pod, replica_set)]
    names = {replica_set["metadata"]["name"], *(pod["metadata"]["name"] for pod in pods)}
    events = _events(cluster, lambda name: name in names)
    return Evidence(replica_set=replica_set, pods=pods, events=events)


def past_evidence_of(cluster: Cluster, replica_set: Manifest) -> Evidence:
    """Return the evidence about pods that are gone: the cluster keeps the events about them for an hour."""
    own = replica_set["metadata"]["name"]
    events = _events(cluster, lambda name: name == own or name.rpartition("-")[0] == own)
    return Evidence(replica_set=replica_set, events=events)


def last_output(cluster: Cluster, evidence: Evidence) -> list[str]:
    """Return the last lines of a pod that failed: of the container before, if it was started again."""
    for pod in evidence.pods:
        name = pod["metadata"]["name"]
        text = cluster.log(name, previous="true", tailLines=str(LOG_LINES))
        if text := text or cluster.log(name, tailLines=str(LOG_LINES)):
            return text.splitlines()[-LOG_LINES:]
    return []


def revision_of(found: Mapping[str, Any]) -> str:
    """Return which of a deployment's states it is, or was made for."""
    annotations = found["metadata"].get("annotations") or {}
    return str(annotations.get("deployment.kubernetes.io/revision", ""))


def _belongs(found: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    owners = found["metadata"].get("ownerReferences") or []
    return any(each.get("name") == owner["metadata"]["name"] for each in owners)


def _events(cluster: Cluster, is_about: Callable[[str], bool]) -> list[Manifest]:
    """Return the newest events about objects of some names, by time."""
    found = [each for each in cluster.listed("Event") if is_about(str(each.get("involvedObject", {}).get("name", "")))]
    return sorted(found, key=_when)[-MOST_EVENTS:]


def _when(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")
