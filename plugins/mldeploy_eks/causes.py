"""Causes by which pods do not become available: how each is recognised, and what puts it right.

Source: Kubernetes documentation, "Debug Running Pods" and "Pod Lifecycle"; the reasons of waiting containers are those
of the kubelet (pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime in the Kubernetes sources).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

IMAGE_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
)
CONFIG_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
FEWEST_RESTARTS = 2
FORBIDDEN = ("violates PodSecurity", "is forbidden", "admission webhook")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the cluster tells of the newest pods: their ReplicaSet, the pods, and the events about both by time."""

    replica_set: Mapping[str, Any] = field(default_factory=dict)
    pods: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Mapping[str, Any]] = ()

    def containers(self) -> Iterator[Mapping[str, Any]]:
        """Yield the status of every container."""
        for pod in self.pods:
            yield from (pod.get("status") or {}).get("containerStatuses") or []

    def waiting(self, reasons: frozenset[str]) -> str | None:
        """Return what a container waits for, if it is one of the reasons."""
        for container in self.containers():
            found = (container.get("state") or {}).get("waiting") or {}
            if found.get("reason") in reasons:
                return f"{found['reason']}: {found.get('message') or container.get('image', '')}"
        return None

    def event(self, reason: str, *texts: str) -> str | None:
        """Return the newest message of a reason that holds one of the texts; any message when no text is given."""
        for event in reversed(self.events):
            message = str(event.get("message", ""))
            if event.get("reason") == reason and (not texts or any(text in message for text in texts)):
                return message
        return None

    def past(self, reason: str, *texts: str) -> str | None:
        """Return what an event says about pods that are gone: nothing but events is left of them."""
        return None if self.pods else self.event(reason, *texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause: a code for programs, what it means, what to do, and the words that prove it.

    `patience` is for how many seconds it has to be seen before waiting is given up; None waits for the deadline,
    because a cluster autoscaler may still help.
    """

    code: str
    says: str
    fix: str
    sign: Callable[[Evidence], str | None]
    patience: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A cause that was found, and the evidence for it."""

    cause: Cause
    evidence: str


def verdict(evidence: Evidence) -> Verdict | None:
    """Return the most telling cause that the evidence shows."""
    for cause in CAUSES:
        if (sign := cause.sign(evidence)) is not None:
            return Verdict(cause=cause, evidence=sign)
    return None


def _out_of_memory(evidence: Evidence) -> str | None:
    for container in evidence.containers():
        ended = [(container.get(state) or {}).get("terminated") or {} for state in ("state", "lastState")]
        if any(found.get("reason") == "OOMKilled" for found in ended):
            return f"container {container['name']} was killed {container.get('restartCount', 0) or 1} times"
    return None


def _probe(evidence: Evidence) -> str | None:
    """Return what the startup or liveness probe said when containers are killed for it."""
    killed = evidence.event("Killing", "probe")
    return evidence.event("Unhealthy") or killed if killed else None


def _crash_loop(evidence: Evidence) -> str | None:
    for container in evidence.containers():
        waiting = ((container.get("state") or {}).get("waiting") or {}).get("reason")
        restarts = container.get("restartCount", 0)
        if waiting == "CrashLoopBackOff" and restarts >= FEWEST_RESTARTS:
            ended = (container.get("lastState") or {}).get("terminated") or {}
            return f"container {container['name']} ended {restarts} times, last with code {ended.get('exitCode')}"
    return evidence.past("BackOff", "restarting failed container")


def _unschedulable(evidence: Evidence) -> str | None:
    for pod in evidence.pods:
        for condition in (pod.get("status") or {}).get("conditions") or []:
            if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
                return str(condition.get("message") or pod["metadata"]["name"])
    return evidence.past("FailedScheduling")


def _not_ready(evidence: Evidence) -> str | None:
    return evidence.event("Unhealthy", "Readiness")


CAUSES = (
    Cause(
        code="quota",
        says="the namespace's quota leaves no room for the pods",
        fix="ask for less in eks.resources, or raise the ResourceQuota: `kubectl describe resourcequota`",
        sign=lambda evidence: evidence.event("FailedCreate", "exceeded quota"),
        patience=3.0,
    ),
    Cause(
        code="forbidden",
        says="the cluster's admission does not let the pods in",
        fix="the message names the rule; `mldeploy render` shows what was asked for",
        sign=lambda evidence: evidence.event("FailedCreate", *FORBIDDEN),
        patience=2.0,
    ),
    Cause(
        code="image-pull",
        says="the image cannot be pulled",
        fix="the nodes' role needs AmazonEC2ContainerRegistryPullOnly and a way to ECR; does the image still exist?",
        sign=lambda evidence: evidence.waiting(IMAGE_REASONS) or evidence.past("Failed", "pull image", "ImagePull"),
        patience=2.0,
    ),
    Cause(
        code="container-config",
        says="the container cannot be made",
        fix="does every Secret that eks.secrets names exist in the namespace?",
        sign=lambda evidence: evidence.waiting(CONFIG_REASONS),
        patience=3.0,
    ),
    Cause(
        code="out-of-memory",
        says="the container needs more memory than it may have",
        fix="raise eks.resources.memory, or load a smaller model",
        sign=_out_of_memory,
        patience=0.0,
    ),
    Cause(
        code="probe",
        says="the service does not answer its probes in time",
        fix="`mldeploy contract` starts it here; raise deployment.healthCheckTimeoutSeconds if it only needs longer",
        sign=_probe,
        patience=0.0,
    ),
    Cause(
        code="crash-loop",
        says="the service ends right after its start",
        fix="its output tells why (`mldeploy logs`); `mldeploy contract` starts the service here in the same way",
        sign=_crash_loop,
        patience=0.0,
    ),
    Cause(
        code="unschedulable",
        says="no node has room for the pods",
        fix="ask for less in eks.resources, add nodes, or check eks.gpu and eks.nodeSelector",
        sign=_unschedulable,
        patience=None,
    ),
    Cause(
        code="not-ready",
        says="the pods run and do not become ready",
        fix="the readiness probe asks GET /readiness; the output tells what the service waits for",
        sign=_not_ready,
        patience=None,
    ),
)
"""By how much they tell: a container that was killed for its memory is in a crash loop, too."""
