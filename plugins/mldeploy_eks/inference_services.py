"""Kubernetes::InferenceService: the pods, their address and their number by KServe.

KServe makes a Deployment, a Service, an autoscaler and a route from it ("RawDeployment", which needs neither Knative
nor Istio). Sources: https://kserve.github.io/website/docs/reference/crd-api, and for what the pods get
https://github.com/kserve/kserve/blob/master/pkg/apis/serving/v1beta1/component.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mldeploy import DeployError, Observed, Release, Step
from mldeploy.errors import PendingError
from mldeploy.model import JSON
from mldeploy_eks.answers import translated
from mldeploy_eks.cluster import Manifest
from mldeploy_eks.fields import applied_manifest
from mldeploy_eks.manifests import manifest, rolling_update
from mldeploy_eks.pods import pod_template
from mldeploy_eks.rollout import Rollout, was_rolled_out
from mldeploy_eks.serving import POD_RELEASE, ServingDriver

RAW = {"serving.kserve.io/deploymentMode": "RawDeployment"}
CONTAINER = "kserve-container"
"""What KServe calls the container that answers."""
TAKEN_UP_SECONDS = 120.0
"""How long KServe's controller may take until it changes its Deployment."""


def inference_service(release: Release) -> JSON:
    """Return the InferenceService with the same pods as a deployment of ours."""
    template = pod_template(release)
    container = {**template["spec"]["containers"][0], "name": CONTAINER}
    predictor = {
        **template["spec"],
        **_scale(release),
        "containers": [container],
        "labels": template["metadata"]["labels"],
        "annotations": template["metadata"].get("annotations", {}),
        "deploymentStrategy": rolling_update(release),
    }
    return manifest(release, "InferenceService", {"predictor": predictor}, annotations=RAW)


def _scale(release: Release) -> JSON:
    if not release.value("autoscaling.enabled"):
        return {"minReplicas": release.value("instance.count"), "maxReplicas": release.value("instance.count")}
    return {
        "minReplicas": release.value("autoscaling.minInstances"),
        "maxReplicas": release.value("autoscaling.maxInstances"),
        "scaleMetric": "cpu",
        "scaleTarget": release.value("eks.targetCpuPercent"),
    }


class InferenceServiceDriver(ServingDriver):
    """Spec as that of a Deployment. Outputs: Name; Release, which changes exactly when the pods do.

    Setting: WaitSeconds. KServe's status does not tell which state of the object it is about. So its Deployment is
    looked at, too: its pods carry the annotation that `with_image` has put into the manifest.
    """

    def find(self, step: Step) -> Observed | None:
        """Return the object; while it does not serve what it says, its spec is unknown, so that `apply` looks at it."""
        found = super().find(step)
        live = self.cluster.get(self.kind, step.name) if found is not None else None
        return replace(found, spec={}) if found and live and not self._serves(live) else found

    def outputs(self, step: Step, live: Manifest) -> Mapping[str, JSON]:  # noqa: ARG002 - all is in the object
        """Return the name, and a name for what the pods are made from."""
        name = live["metadata"]["name"]
        return {"Name": name, "Release": f"{name}-{_release_of(live)}"}

    def put(self, step: Step, live: Manifest | None) -> Mapping[str, JSON]:
        """Apply the object and wait until KServe says that it is ready; go back to what served before where it fails.

        Raises:
            DeployError: the new pods do not work; the cause is named, and the old ones serve again where there are any.
            PendingError: the run was interrupted.
        """
        before = applied_manifest(live) if live is not None and self._serves(live) else None
        made = self.cluster.apply(self.manifest(step, live))
        try:
            return self.outputs(step, self._ready(step, made))
        except DeployError as error:
            raise self._undone(step, before, error) from error

    def _ready(self, step: Step, made: Manifest) -> Manifest:
        """Wait until KServe has taken the object up, its pods are available, and its address is there."""
        seconds = float(step.settings["WaitSeconds"])
        self._await(step, lambda: self._deployment(made), min(TAKEN_UP_SECONDS, seconds), "take it up")
        Rollout(self.context, self.cluster, step, name=deployment_name(made)).finished()

        def served() -> Manifest | None:
            live = self.cluster.get(self.kind, step.name)
            return live if live is not None and self._serves(live) else None

        return self._await(step, served, seconds, "make it ready")

    def _await(self, step: Step, check: Callable[[], Manifest | None], seconds: float, doing: str) -> Manifest:
        try:
            return self.context.wait(check, seconds=seconds, what=f"KServe to {doing}")
        except PendingError:
            if self.context.cancelled.is_set():
                raise
        live = self.cluster.get(self.kind, step.name) or {}
        message = f"KServe did not {doing} within {seconds:.0f} s"
        hint = f"`kubectl describe inferenceservice {step.name}` tells more"
        raise DeployError(message, hint=hint, details=tuple(_complaints(live)))

    def _deployment(self, live: Manifest) -> Manifest | None:
        """Return KServe's Deployment once it is about an InferenceService as it is now."""
        found = self.cluster.get("Deployment", deployment_name(live))
        if found is None:
            return None
        annotations = found["spec"]["template"]["metadata"].get("annotations", {})
        return found if annotations.get(POD_RELEASE) == _release_of(live) else None

    def _serves(self, live: Manifest) -> bool:
        deployment = self._deployment(live)
        return deployment is not None and was_rolled_out(deployment) and is_ready(live)

    def _undone(self, step: Step, before: Manifest | None, error: DeployError) -> DeployError:
        """Bring back what served before, and return the error that tells so."""
        if before is None:
            message = f"{error.message}; there are no earlier pods to go back to, the failed ones stay for a look"
            return DeployError(message, hint=error.hint, details=error.details)
        self.context.progress(step.id, "going back to the last good pods")
        with translated(f"to take {step.id} back"):
            self._ready(step, self.cluster.apply(before, force=True))
        message = f"{error.message}; undone, the last good pods serve again"
        return DeployError(message, hint=error.hint, details=error.details)


def is_ready(live: Mapping[str, Any]) -> bool:
    """Return whether KServe says that an InferenceService is ready and where it answers."""
    conditions = (live.get("status") or {}).get("conditions") or []
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and address_of(live) is not None


def address_of(live: Mapping[str, Any]) -> str | None:
    """Return the address that KServe names: that of its route, else that inside the cluster."""
    status = live.get("status") or {}
    found = status.get("url") or (status.get("address") or {}).get("url")
    return str(found).rstrip("/") if found else None


def _complaints(live: Mapping[str, Any]) -> list[str]:
    """Return what KServe's status says about why it is not ready."""
    status = live.get("status") or {}
    failed = [each for each in status.get("conditions") or [] if each["status"] != "True"]
    told = [f"{each['type']}: {each.get('reason', '')} {each.get('message', '')}".rstrip() for each in failed]
    info = (status.get("modelStatus") or {}).get("lastFailureInfo") or {}
    return [*told, *([f"{info.get('reason', 'failure')}: {info['message']}"] if info.get("message") else [])]


def deployment_name(live: Mapping[str, Any]) -> str:
    """Return the name of the deployment that KServe makes from an InferenceService."""
    return f"{live['metadata']['name']}-predictor"


def _release_of(live: Mapping[str, Any]) -> str:
    annotations = live["spec"]["predictor"].get("annotations") or {}
    return str(annotations.get(POD_RELEASE, ""))
