"""The door `diagnosis` of a release on Kubernetes: why its pods do not serve what was deployed last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy.doors import Diagnosis, NamedCause
from mldeploy.graph import replace_refs
from mldeploy_eks.answers import translated
from mldeploy_eks.causes import Evidence, verdict
from mldeploy_eks.inference_services import deployment_name
from mldeploy_eks.kinds import PREFIX
from mldeploy_eks.names import selector_text
from mldeploy_eks.pod_evidence import evidence_of, last_output, newest_replica_set, past_evidence_of, replica_sets
from mldeploy_eks.redis_names import COMPONENT
from mldeploy_eks.rollout import is_rolled_out
from mldeploy_eks.serving import container_of

if TYPE_CHECKING:
    from mldeploy import Context, Step
    from mldeploy.record import Record
    from mldeploy_eks.cluster import Cluster, Manifest

SPOKEN = frozenset({"crash-loop", "probe", "not-ready"})
"""Causes of which the output of the service tells more."""


class ClusterDiagnostician:
    """Looks at deployments, their pods, and the events about them; nothing is changed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._labels = selector_text(context.name, context.env)

    def diagnose(self, record: Record) -> Diagnosis:
        """Return what is wrong with the pods of a release, those of the model first.

        Raises:
            DeployError, RefusedError: the cluster does not answer, or does not let us look.
        """
        cluster: Cluster = self._context.provider("kubernetes")
        status, causes = [], []
        with translated("to look for causes"):
            for step in sorted(record.steps, key=_is_component):
                if (name := _deployment(cluster, step)) is not None:
                    live = cluster.get("Deployment", name)
                    status.append(_status(name, live))
                    causes += list(self._causes(cluster, step, name, live))
        return Diagnosis(subject="pods", status="; ".join(status) or "absent", causes=tuple(causes))

    def _causes(self, cluster: Cluster, step: Step, name: str, live: Manifest | None) -> Iterator[NamedCause]:
        if live is None:
            says, fix = "There is no deployment.", "run `mldeploy run`"
            yield NamedCause(code="deployment-missing", says=says, evidence=f"the cluster has no {name}", fix=fix)
            return
        newest = evidence_of(cluster, newest_replica_set(cluster, name, self._labels), self._labels)
        if not is_rolled_out(live):
            yield from _named(cluster, newest)
            if verdict(newest) is None:
                says, fix = "The pods are not available yet.", "wait, or run `mldeploy run`, which waits"
                yield NamedCause(code="busy", says=says, evidence=_status(name, live), fix=fix)
        wanted = self._image(step)
        serves = container_of(live).get("image")
        if wanted is None:
            says = "The image of the release is not in ECR: pods that start anew cannot have it."
            evidence = f"{step.id} names an image that is not found"
            fix = "run `mldeploy run`, which pushes it again; check the repository's lifecycle rules"
            yield NamedCause(code="image-missing", says=says, evidence=evidence, fix=fix)
        elif wanted != serves:
            yield from self._undone(cluster, live, wanted)
            says = "The pods serve, but not what was deployed last: a release that failed was undone."
            evidence = f"{serves} is live, and {wanted} was deployed last"
            fix = "put the cause right and run `mldeploy run` again"
            yield NamedCause(code="undone", says=says, evidence=evidence, fix=fix)

    def _undone(self, cluster: Cluster, live: Manifest, wanted: str) -> Iterator[NamedCause]:
        """Yield why pods of an image failed, from the events that they have left."""
        for found in replica_sets(cluster, live, self._labels):
            if container_of(found).get("image") == wanted:
                yield from _named(cluster, past_evidence_of(cluster, found))

    def _image(self, step: Step) -> str | None:
        """Return the image that a step wants; None where it was never built, or is gone."""
        known = {ref: self._context.outputs(ref.step).get(ref.key, ref) for ref in step.refs()}
        spec = replace_refs(step.spec, known)
        repository, digest = spec.get("RepositoryUri"), spec.get("Digest")
        return f"{repository}@{digest}" if isinstance(repository, str) and isinstance(digest, str) else None


def _is_component(step: Step) -> bool:
    """Return whether a step makes what stands beside the model, such as its Redis."""
    labels = step.spec.get("Manifest", {}).get("metadata", {}).get("labels", {})
    return COMPONENT in labels


def _deployment(cluster: Cluster, step: Step) -> str | None:
    """Return the name of the deployment of which a step's pods are; None for steps without pods."""
    if step.kind == f"{PREFIX}Deployment":
        return step.name
    if step.kind != f"{PREFIX}InferenceService":
        return None
    made = cluster.get("InferenceService", step.name)
    return step.name if made is None else deployment_name(made)


def _named(cluster: Cluster, evidence: Evidence) -> Iterator[NamedCause]:
    """Yield the most telling cause that the evidence shows."""
    found = verdict(evidence)
    if found is None:
        return
    output = [line.strip() for line in last_output(cluster, evidence) if line.strip()]
    told = f"{found.evidence}; its output ends with: {output[-1]}" if output and found.cause.code in SPOKEN else ""
    says = f"{found.cause.says[0].upper()}{found.cause.says[1:]}."
    yield NamedCause(code=found.cause.code, says=says, evidence=told or found.evidence, fix=found.cause.fix)


def _status(name: str, live: Mapping[str, Any] | None) -> str:
    if live is None:
        return f"{name} is absent"
    available, wanted = (live.get("status") or {}).get("availableReplicas", 0), live["spec"].get("replicas", 1)
    return f"{available} of {wanted} of {name} are available"
