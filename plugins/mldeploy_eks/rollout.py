"""Watch the pods of a deployment until they are available or cannot become it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy import DeployError, Step
from mldeploy.errors import PendingError
from mldeploy_eks.causes import Evidence, Verdict, verdict
from mldeploy_eks.names import selector_text
from mldeploy_eks.pod_evidence import evidence_of, last_output, newest_replica_set

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy_eks.cluster import Cluster, Manifest

DEFAULT_SECONDS = 1800.0
LOOK_SECONDS = 1.0


class Rollout:
    """One rollout of a deployment, from now on; of the one that the step names, or of another that stands beside it."""

    def __init__(self, context: Context, cluster: Cluster, step: Step, *, name: str = "") -> None:
        self._context = context
        self._cluster = cluster
        self._step = step
        self._name = name or step.name
        self._labels = selector_text(context.name, context.env)
        self._seconds = float(step.settings.get("WaitSeconds") or DEFAULT_SECONDS)
        self._next_look = time.monotonic() + LOOK_SECONDS
        self._since: dict[str, float] = {}
        self._said = ""

    def finished(self) -> Manifest:
        """Wait until all pods are new and available, and return the deployment.

        Raises:
            DeployError: they cannot become available; the message has a cause, the details events and output.
            PendingError: the run was interrupted.
        """
        try:
            return self._context.wait(self._look, seconds=self._seconds, what=f"the pods of {self._name}")
        except PendingError:
            if self._context.cancelled.is_set():
                raise
            raise self._failure(verdict(self._evidence()), f"not available after {self._seconds:.0f} s") from None

    def kept(self, seconds: float, also: Callable[[], None]) -> None:
        """Watch available pods for a while.

        Arguments:
            also: what else is looked at each time; raises to give up.

        Raises:
            DeployError: one of them ended, or is not available any more; the message has a cause.
            PendingError: the run was interrupted.
        """
        restarts, until = _restarts(self._evidence()), time.monotonic() + seconds

        def look() -> bool | None:
            evidence = self._evidence()
            if _restarts(evidence) > restarts:
                raise self._failure(verdict(evidence), "starting again while they answer requests")
            self._stop_if_hopeless(evidence)
            also()
            return True if time.monotonic() >= until else None

        self._context.wait(look, seconds=seconds + self._seconds, what=f"the pods of {self._name} to stay available")
        self.finished()

    def newest(self) -> Manifest | None:
        """Return the ReplicaSet of the newest pods."""
        return newest_replica_set(self._cluster, self._name, self._labels)

    def _look(self) -> Manifest | None:
        live = self._cluster.get("Deployment", self._name)
        if live is None:
            message = f"deployment {self._name} disappeared"
            raise DeployError(message, hint="somebody deleted it; run again to make it")
        self._say(_told(live))
        if is_rolled_out(live):
            return live
        if _condition(live, "Progressing").get("reason") == "ProgressDeadlineExceeded" and _is_seen(live):
            raise self._failure(verdict(self._evidence()), "no progress within the deadline")
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_SECONDS
            self._stop_if_hopeless(self._evidence())
        return None

    def _stop_if_hopeless(self, evidence: Evidence) -> None:
        """Stop before the deadline where waiting cannot help."""
        found = verdict(evidence)
        if found is None:
            self._since.clear()
            return
        now = time.monotonic()
        first = self._since.setdefault(found.cause.code, now)
        if found.cause.patience is not None and now - first >= found.cause.patience:
            raise self._failure(found, "")

    def _evidence(self) -> Evidence:
        return evidence_of(self._cluster, self.newest(), self._labels)

    def _failure(self, found: Verdict | None, why: str) -> DeployError:
        evidence = self._evidence()
        told = [f"event: {event.get('reason')}: {event.get('message')}" for event in evidence.events]
        details = (*told, *(f"log: {line}" for line in last_output(self._cluster, evidence)))
        if found is None:
            message = f"the pods of {self._name} are {why}"
            return DeployError(message, hint="`kubectl describe pods` may tell more", details=details)
        message = f"[{found.cause.code}] {found.cause.says}: {found.evidence}"
        return DeployError(message, hint=found.cause.fix, details=details)

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._context.progress(self._step.id, text)


def is_rolled_out(live: Mapping[str, Any]) -> bool:
    """Return whether all pods are of the newest kind and available (what `kubectl rollout status` waits for)."""
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    return bool(
        _is_seen(live)
        and status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
    )


def was_rolled_out(live: Mapping[str, Any]) -> bool:
    """Return whether the newest pods have been available; an autoscaler may be adding some just now.

    The controller keeps this reason until the pods' template changes (Kubernetes documentation, "Deployments", its
    section "Complete Deployment").
    """
    return is_rolled_out(live) or (
        _is_seen(live) and _condition(live, "Progressing").get("reason") == "NewReplicaSetAvailable"
    )


def _is_seen(live: Mapping[str, Any]) -> bool:
    """Return whether the status is about the newest spec."""
    seen = (live.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= live["metadata"].get("generation", 1))


def _told(live: Mapping[str, Any]) -> str:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    new, ready = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    return f"{new} of {wanted} pods are new, {ready} are available" if _is_seen(live) else "waiting for the controller"


def _condition(live: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or []
    return next((found for found in conditions if found.get("type") == kind), {})


def _restarts(evidence: Evidence) -> int:
    return sum(container.get("restartCount", 0) for container in evidence.containers())
