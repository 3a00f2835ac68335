"""Kubernetes::Deployment: rolled out until it is available, and taken back to its last good pods when it is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mldeploy import DeployError, Observed, Step
from mldeploy.model import JSON, content_hash
from mldeploy_eks.answers import translated
from mldeploy_eks.cluster import Manifest
from mldeploy_eks.fields import applied_fields, managers_of
from mldeploy_eks.rollout import Rollout, was_rolled_out
from mldeploy_eks.serving import ServingDriver, container_of
from mldeploy_eks.takeover import Takeover

HANDOVER = "mldeploy-handover"
"""The field manager that keeps `spec.replicas` while the autoscaler has not written it yet (Kubernetes documentation,
"Server-Side Apply", its section "Transferring ownership")."""
ROLLOUT = "mldeploy-rollout"
"""The field manager that notes which pods were good."""
GOOD = "mldeploy/good-pods"
"""Annotation: the `pod-template-hash` of the last pods that became available."""
HASH = "pod-template-hash"
"""The label by which a ReplicaSet's pods are told apart (Kubernetes documentation, "Deployments")."""


class DeploymentDriver(ServingDriver):
    """Spec: Cluster, Manifest, what goes into it (RepositoryUri, Digest), and RollbackAlarms. Outputs: Name, Release.

    `Release` names what answers: it changes exactly when the pods do. Settings: WaitSeconds, and those of `Takeover`.
    RollbackAlarms are names; only a takeover in steps looks at them.
    """

    def find(self, step: Step) -> Observed | None:
        """Return the deployment; while its pods are not available its spec is unknown, so that `apply` looks at it."""
        found = super().find(step)
        live = self.cluster.get(self.kind, step.name) if found is not None else None
        if found is None or live is None:
            return found
        if not was_rolled_out(live):
            return replace(found, spec={})
        return replace(found, drift=(*found.drift, *self._unfinished(step, live)))

    def manifest(self, step: Step, live: Manifest | None) -> Manifest:
        """Return the manifest with its image; without the number of pods where somebody else has set it."""
        found = super().manifest(step, live)
        if live is not None and set(managers_of(live, "spec", "replicas")) - {HANDOVER}:
            found["spec"].pop("replicas", None)
        return found

    def outputs(self, step: Step, live: Manifest) -> Mapping[str, JSON]:
        """Return the name, and a name for what the pods are made from."""
        template = step.spec.get("Manifest", {}).get("spec", {}).get("template", {})
        made_from = {"pods": _like(template, live["spec"]["template"]), "image": container_of(live).get("image")}
        return {"Name": live["metadata"]["name"], "Release": f"{live['metadata']['name']}-{content_hash(made_from)}"}

    def put(self, step: Step, live: Manifest | None) -> Mapping[str, JSON]:
        """Try new pods out, apply the manifest and wait for its pods; go back to the last good ones where they fail.

        Raises:
            DeployError: the new pods do not work; the cause is named, and the old ones serve again where there are any.
            PendingError: the deadline passed without a verdict, or the run was interrupted.
        """
        wanted = self.manifest(step, live)
        takeover = Takeover(self.context, self.cluster, step)
        takeover.try_out(wanted, live)
        self._say_who_scales(step, wanted, live)
        self._hand_over(wanted, live)
        rollout = Rollout(self.context, self.cluster, step)
        self.cluster.apply(wanted)
        try:
            done = rollout.finished()
        except DeployError as error:
            undone = self._undone(step, wanted, error)
            takeover.end()
            raise undone from error
        self._note_good(done, rollout)
        takeover.end()
        return self.outputs(step, done)

    def delete(self, step: Step, observed: Observed) -> None:
        """Delete the deployment, and first what an interrupted run has left beside it."""
        with translated(f"to delete {step.id}"):
            Takeover(self.context, self.cluster, step).end()
        super().delete(step, observed)

    def _unfinished(self, step: Step, live: Manifest) -> Iterator[str]:
        """Yield words about what a run that was interrupted has not done."""
        if Takeover(self.context, self.cluster, step).is_left():
            yield "new pods are still tried out beside it"
        newest = Rollout(self.context, self.cluster, step).newest()
        if newest is not None and live["metadata"].get("annotations", {}).get(GOOD) != _hash_of(newest):
            yield "its pods are available and not yet noted as good"

    def _say_who_scales(self, step: Step, wanted: Manifest, live: Manifest | None) -> None:
        if live is not None and "replicas" in step.spec["Manifest"]["spec"] and "replicas" not in wanted["spec"]:
            names = ", ".join(managers_of(live, "spec", "replicas"))
            self.context.progress(step.id, f"left at {live['spec']['replicas']} pods, which {names} has set")

    def _hand_over(self, wanted: Manifest, live: Manifest | None) -> None:
        """Keep the number of pods when it leaves our manifest: a field that nobody owns falls back to one pod."""
        if live is None or "replicas" in wanted["spec"] or "f:replicas" not in applied_fields(live).get("f:spec", {}):
            return
        if not managers_of(live, "spec", "replicas"):
            self.cluster.apply({**_identity(wanted), "spec": {"replicas": live["spec"]["replicas"]}}, manager=HANDOVER)

    def _note_good(self, live: Manifest, rollout: Rollout) -> None:
        newest = rollout.newest()
        if newest is not None:
            note = {"annotations": {GOOD: _hash_of(newest)}}
            identity = _identity(live)
            self.cluster.apply({**identity, "metadata": {**identity["metadata"], **note}}, manager=ROLLOUT, force=True)

    def _undone(self, step: Step, wanted: Manifest, error: DeployError) -> DeployError:
        """Bring the last good pods back, and return the error that tells so."""
        live = self.cluster.get(self.kind, step.name)
        good = live["metadata"].get("annotations", {}).get(GOOD) if live is not None else None
        sets = self.cluster.listed("ReplicaSet", labels=f"{HASH}={good}") if good else []
        template = next((found["spec"]["template"] for found in sets if _owner(found) == step.name), None)
        if template is None:
            message = f"{error.message}; there are no earlier pods to go back to, the failed ones stay for a look"
            return DeployError(message, hint=error.hint, details=error.details)
        self.context.progress(step.id, "going back to the last good pods")
        labels = {key: value for key, value in template["metadata"]["labels"].items() if key != HASH}
        back = {**template, "metadata": {**template["metadata"], "labels": labels}}
        back["metadata"].pop("creationTimestamp", None)
        with translated(f"to take {step.id} back"):
            self.cluster.apply({**wanted, "spec": {**wanted["spec"], "template": back}}, force=True)
            Rollout(self.context, self.cluster, step).finished()
        message = f"{error.message}; undone, the last good pods serve again"
        return DeployError(message, hint=error.hint, details=error.details)


def _identity(manifest: Mapping[str, Any]) -> Manifest:
    named = {key: manifest["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named}


def _hash_of(replica_set: Mapping[str, Any]) -> str:
    return str(replica_set["metadata"].get("labels", {}).get(HASH, ""))


def _owner(manifest: Mapping[str, Any]) -> str:
    owners = manifest["metadata"].get("ownerReferences") or [{}]
    return str(owners[0].get("name", ""))


def _like(wanted: Any, live: Any) -> Any:
    """Return the part of a live value that a wanted one describes, so that the server's defaults do not count."""
    if isinstance(wanted, Mapping):
        found = live if isinstance(live, Mapping) else {}
        return {key: _like(value, found.get(key)) for key, value in wanted.items()}
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) <= len(live):
        return [_like(value, found) for value, found in zip(wanted, live, strict=False)]
    return live
