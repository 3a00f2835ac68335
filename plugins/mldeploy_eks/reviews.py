"""What reviewers of a plan see of a cluster: what it may cost, and what protects the way to the pods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mldeploy import CostLine, Encryption, Step
from mldeploy_eks.kinds import PREFIX
from mldeploy_eks.serving import container_of

PODS = "pods"
BILLED = {"Deployment": PODS, "InferenceService": PODS, "Service": "load balancer", "Ingress": "load balancer"}


def cluster_costs(steps: Sequence[Step], region: str) -> Iterator[CostLine]:
    """Yield a line of unknown price for pods and load balancers: the nodes are the cluster's, whatever they cost."""
    for step in steps:
        kind = step.kind.removeprefix(PREFIX)
        if step.kind.startswith(PREFIX) and kind in BILLED and not _is_inner(step):
            basis = _pods(step) if BILLED[kind] == PODS else f"made for {kind} {step.name} in {region}"
            yield CostLine(item=BILLED[kind], basis=basis, dollars=None)


def cluster_protections(steps: Sequence[Step]) -> Iterator[Encryption]:
    """Yield a row for the way in, and one for the deployment."""
    for step in steps:
        if step.kind == "mldeploy::ClusterAddress":
            scheme = str(step.spec["Scheme"]).upper()
            way = "HTTPS" if scheme == "HTTPS" else "HTTP inside the VPC"
            yield Encryption(step=step.id, at_rest="stores no data", in_transit=way, weak=scheme != "HTTPS")
        elif step.kind == "mldeploy::ClusterRedis":
            way = "TLS, and one certificate that callers know" if step.spec["Certificate"] else "none"
            yield Encryption(step=step.id, at_rest="memory only", in_transit=way, weak=not step.spec["Certificate"])


def _pods(step: Step) -> str:
    manifest = step.spec["Manifest"]
    asked, spec = container_of(manifest)["resources"]["requests"], manifest["spec"]
    wants = ", ".join(f"{key} {value}" for key, value in asked.items())
    return f"{spec.get('replicas', 'scaled')} x {wants} on the cluster's nodes"


def _is_inner(step: Step) -> bool:
    return bool(step.spec["Manifest"]["spec"].get("type") == "ClusterIP")
