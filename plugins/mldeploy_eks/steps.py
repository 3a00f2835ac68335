"""What serves predictions on Kubernetes, as steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_eks import autoscalers, manifests
from mldeploy_eks.access import permissions
from mldeploy_eks.alarms import PROPERTY
from mldeploy_eks.inference_services import inference_service
from mldeploy_eks.kinds import PREFIX
from mldeploy_eks.model_sources import describe_model
from mldeploy_eks.names import cluster_name, namespace_of
from mldeploy_eks.redis_steps import redis_address, redis_objects
from mldeploy_eks.rules import problems
from mldeploy_eks.weights import has_load_balancer, is_weighed, shares

ADDED_KINDS = ("HTTPRoute", "InferenceService", "ScaledObject")
"""Kinds that an add-on brings, without which the release cannot be."""
POD_IDENTITY = "AWS::EKS::PodIdentityAssociation"
RUN_PODS = ("Deployment", "InferenceService")
"""Kinds of which pods are made."""


def describe_image(release: Release) -> Iterator[Step | Problem]:
    """Yield what fetches the model, and the image with the model in it, for the build phase."""
    found = list(describe_model(release))
    yield from found
    if any(isinstance(item, Problem) for item in found):
        return
    yield Step(
        kind="mldeploy::ModelImage",
        name=release.resource_name,
        phase=Phase.BUILD,
        spec={
            "RepositoryName": Ref("@image-repository", "RepositoryName"),
            "RepositoryUri": Ref("@image-repository", "RepositoryUri"),
            "BaseDigest": Ref("@image", "Digest"),
            "Source": Ref("@model", "Path"),
            "Sha256": Ref("@model", "Sha256"),
        },
        immutable=True,
    )


def describe_objects(release: Release) -> Iterator[Step | Problem]:
    """Yield the cluster, the objects in it and their address, for the provision phase."""
    found = list(problems(release))
    yield from found
    if any(problem.severity == "error" for problem in found):
        return
    objects = list(_objects(release))
    redis = list(redis_objects(release, _namespace(objects)))
    cluster = _cluster(release, [*objects, *redis])
    yield cluster
    account = list(_pod_identity(release, cluster))
    yield from account
    for step in objects:
        yield replace(step, spec={"Cluster": cluster.ref("Name"), **_after(step, account), **step.spec})
    for step in redis:
        yield replace(step, spec={"Cluster": cluster.ref("Name"), **step.spec})
    yield _address(release, objects)
    yield from redis_address(release)


def _cluster(release: Release, objects: list[Step]) -> Step:
    kinds = [step.kind.removeprefix(PREFIX) for step in objects]
    return Step(
        kind="mldeploy::ClusterAccess",
        name=release.resource_name,
        phase=Phase.PROVISION,
        spec={
            "Name": cluster_name(release.config, release.name, release.env),
            "Namespace": namespace_of(release.config),
            "Permissions": permissions(kinds),
            "Kinds": sorted(kind for kind in kinds if kind in ADDED_KINDS),
        },
    )


def _pod_identity(release: Release, cluster: Step) -> Iterator[Step]:
    """Yield the association of the service account with its role, where EKS Pod Identity hands it out."""
    if release.value("eks.serviceAccount.podIdentity"):
        spec = {
            "ClusterName": cluster.ref("Name"),
            "Namespace": namespace_of(release.config),
            "ServiceAccount": release.resource_name,
            "RoleArn": release.value("eks.serviceAccount.roleArn"),
        }
        yield Step(kind=POD_IDENTITY, name=release.resource_name, phase=Phase.PROVISION, spec=spec)


def _after(step: Step, identity: list[Step]) -> dict[str, JSON]:
    """Return what pods have to wait for: an association has an effect on those only that start after it."""
    runs_pods = step.kind.removeprefix(PREFIX) in RUN_PODS
    return {"PodIdentity": identity[0].ref("AssociationId")} if runs_pods and identity else {}


def _namespace(objects: list[Step]) -> dict[str, JSON]:
    """Return what everything in the namespace waits for, where the release makes it."""
    made = next((step for step in objects if step.kind == f"{PREFIX}Namespace"), None)
    return {} if made is None else {"Namespace": made.ref(Ref.NAME)}


def _objects(release: Release) -> Iterator[Step]:
    """Yield the objects in the order in which one needs the other."""
    first: dict[str, JSON] = {}
    if release.value("eks.createNamespace"):
        namespace = _object(manifests.namespace(release))
        first["Namespace"] = namespace.ref(Ref.NAME)
        yield namespace
    account = _object(manifests.service_account(release), first)
    yield account
    before: dict[str, JSON] = {**first, "ServiceAccount": account.ref(Ref.NAME)}
    if release.value("eks.networkPolicy"):
        policy = _object(manifests.network_policy(release), first)
        before["NetworkPolicy"] = policy.ref(Ref.NAME)
        yield policy
    serving = _serving(release, before)
    after = {"Deployment": serving.ref(Ref.NAME)}
    yield from (serving, _object(manifests.disruption_budget(release), after))
    if not release.value("eks.kserve"):
        yield from _around(release, first, after)


def _around(release: Release, first: dict[str, JSON], after: dict[str, JSON]) -> Iterator[Step]:
    """Yield what KServe would make by itself: scaling, and the way to the pods."""
    yield _object(manifests.service(release), first)
    yield from _scaling(release, after)
    if release.value("eks.ingress"):
        yield _object(manifests.ingress(release), after)
    if release.value("eks.gatewayApi"):
        yield _object(manifests.http_route(release), after)
    if release.value("eks.serviceMonitor"):
        yield _object(manifests.service_monitor(release), first, {"Optional": True})


def _scaling(release: Release, after: dict[str, JSON]) -> Iterator[Step]:
    if release.value("eks.keda"):
        yield _object(autoscalers.scaled_object(release), after)
    elif release.value("autoscaling.enabled"):
        yield _object(autoscalers.pod_autoscaler(release), after)


def _serving(release: Release, before: dict[str, JSON]) -> Step:
    """Return the step of which the pods are made."""
    image = {key: Ref(f"mldeploy::ModelImage/{release.resource_name}", key) for key in ("RepositoryUri", "Digest")}
    settings = {"WaitSeconds": release.value("deployment.waitSeconds"), **_weights(release)}
    manifest = inference_service(release) if release.value("eks.kserve") else manifests.deployment(release)
    return _object(manifest, {**before, **image, **_alarms(release)}, settings)


def _weights(release: Release) -> dict[str, JSON]:
    """Return the settings of `takeover`, where a load balancer can weigh requests."""
    if not has_load_balancer(release):
        return {}
    return {
        "Ingress": manifests.ingress(release),
        "Shares": shares(release),
        "BakeSeconds": release.value("deployment.bakeSeconds"),
        "SettleSeconds": release.value("eks.drainSeconds"),
    }


def _alarms(release: Release) -> dict[str, JSON]:
    """Return the property with the alarms that stop a takeover in steps."""
    names = release.value("deployment.alarms.names")
    return {PROPERTY: names} if names and is_weighed(release) else {}


def _object(manifest: JSON, more: dict[str, JSON] | None = None, settings: dict[str, JSON] | None = None) -> Step:
    return Step(
        kind=f"{PREFIX}{manifest['kind']}",
        name=manifest["metadata"]["name"],
        phase=Phase.PROVISION,
        spec={"Manifest": manifest, **(more or {})},
        settings=settings or {},
    )


def _address(release: Release, objects: list[Step]) -> Step:
    """Return the step that fills the role `endpoint`."""
    by_kind = {step.spec["Manifest"]["kind"]: step for step in objects}
    kind = next(kind for kind in ("InferenceService", "HTTPRoute", "Ingress", "Service") if kind in by_kind)
    front = release.value("eks.ingress") or release.value("eks.gatewayApi") or {}
    return Step(
        kind="mldeploy::ClusterAddress",
        name=release.resource_name,
        phase=Phase.PROVISION,
        spec={
            "Kind": kind,
            "Name": by_kind[kind].ref(Ref.NAME),
            "Release": next(by_kind[kind] for kind in RUN_PODS if kind in by_kind).ref("Release"),
            "Scheme": "https" if front.get("certificateArn") or front.get("https") else "http",
            "Host": front.get("host") or "",
        },
        provides="endpoint",
    )
