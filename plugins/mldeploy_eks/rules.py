"""What release.yaml may not say about a deployment on Kubernetes, and what means something else there."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Problem, Release
from mldeploy_eks.names import is_named_by_file
from mldeploy_eks.redis_steps import redis_problems
from mldeploy_eks.weights import WEIGHED, is_weighed

LOCAL = "local"


def problems(release: Release) -> Iterator[Problem]:
    """Yield what is wrong, then what is good to know."""
    yield from _cluster(release)
    yield from _way_in(release)
    yield from _serving(release)
    yield from _scaling(release)
    yield from _kserve(release)
    yield from redis_problems(release)
    if release.value("eks.ingress") and release.value("eks.gatewayApi"):
        message = "both an Ingress and a Gateway would stand before the service"
        yield Problem(message=message, path=("eks", "gatewayApi"), hint="take one of the two out")


def _cluster(release: Release) -> Iterator[Problem]:
    settings = release.value("eks")
    named = [key for key in ("cluster", "kubeconfig", "context") if settings.get(key)]
    if not named and release.env != LOCAL:
        yield Problem(
            message="nothing says which cluster",
            path=("eks",),
            hint="name it: `eks: {cluster: …}`, or a context of your kubeconfig: `eks: {context: …}`",
            severity="incomplete",  # `init` writes files before anybody knows the cluster
        )
    if settings["serviceAccount"]["podIdentity"]:
        yield from _pod_identity(release)
    if "cluster" in named and len(named) > 1:
        message = f"eks.cluster and eks.{named[1]} may mean two clusters"
        yield Problem(message=message, path=("eks", named[1]), hint="take one of the two out")


def _pod_identity(release: Release) -> Iterator[Problem]:
    path = ("eks", "serviceAccount", "podIdentity")
    if not release.value("eks.serviceAccount.roleArn"):
        yield Problem(message="no role is named that the pods could get", path=path, hint="set roleArn beside it")
    if is_named_by_file(release.config):
        message = "EKS hands out the role, and a kubeconfig does not tell the name that EKS knows the cluster by"
        hint = "name it: `eks: {cluster: …}` in the place of the kubeconfig; or take podIdentity out, which leaves IRSA"
        yield Problem(message=message, path=path, hint=hint)


def _way_in(release: Release) -> Iterator[Problem]:
    """Yield what keeps the gateway away from a load balancer inside the VPC; on this machine nothing does."""
    if release.env == LOCAL:
        return
    if not release.value("cache.enabled"):
        if release.value("expose.gateway") == "api-gateway" and not release.value("eks.vpcLink"):
            yield Problem(
                message="API Gateway does not reach a load balancer inside the VPC without a VPC link",
                path=("expose", "gateway"),
                hint="`eks: {vpcLink: …}` names one (`aws apigateway create-vpc-link`); or switch the cache on",
                severity="incomplete",
            )
    elif not release.value("cache.vpc"):
        yield Problem(
            message="the function of the cache is in no VPC, and the pods are reached inside theirs only",
            path=("cache", "enabled"),
            hint="name subnets of the cluster's VPC: `cache: {vpc: {subnets: [subnet-…, subnet-…]}}`",
            severity="incomplete",
        )


def _serving(release: Release) -> Iterator[Problem]:
    strategy, mode = release.value("deployment.strategy"), release.value("endpoint.mode")
    if strategy in WEIGHED and not is_weighed(release):
        yield Problem(
            message=f"{strategy}: nothing before the pods can give the new ones a part of the requests",
            path=("deployment", "strategy"),
            hint="set `eks: {ingress: {className: alb}}` (not with eks.kserve), or take rolling, which goes in batches",
        )
    yield from _alarms(release)
    if mode != "real-time":
        message = f"{mode}: pods answer requests at once"
        hint = "use real-time; eks.keda can scale to zero"
        yield Problem(message=message, path=("endpoint", "mode"), hint=hint)
    for key in ("variants", "shadow", "dataCapture", "vpc"):
        if release.value(f"endpoint.{key}"):
            message = f"endpoint.{key} is of SageMaker; type eks would leave it out"
            yield Problem(message=message, path=("endpoint", key), hint="take it out, or serve with type: sagemaker")


def _alarms(release: Release) -> Iterator[Problem]:
    """Yield which alarms stop nothing; we make none, because the controller names what they would watch."""
    wanted = release.value("deployment.alarms")
    for key in [key for key in ("errorsPerMinute", "latencyP99Ms") if key in wanted]:
        yield Problem(
            message=f"{key}: no alarm is made on Kubernetes, so that nothing would stop the new pods",
            path=("deployment", "alarms", key),
            hint="make an alarm on your load balancer and name it under deployment.alarms.names",
            severity="warning",
        )
    strategy = release.value("deployment.strategy")
    if wanted["names"] and not is_weighed(release):
        yield Problem(
            message=f"{strategy}: alarms are watched while new pods get a part of the requests",
            path=("deployment", "alarms", "names"),
            hint="set deployment.strategy to canary or linear, with `eks: {ingress: {className: alb}}`",
            severity="warning",
        )


def _kserve(release: Release) -> Iterator[Problem]:
    for key in ("ingress", "gatewayApi", "keda"):
        if release.value("eks.kserve") and release.value(f"eks.{key}"):
            message = f"KServe makes scaling and the way to its pods by itself; eks.{key} would stand beside it"
            yield Problem(message=message, path=("eks", key), hint="take it out, or take eks.kserve out")


def _scaling(release: Release) -> Iterator[Problem]:
    if release.value("eks.keda") and not release.value("autoscaling.enabled"):
        message = "eks.keda scales the pods, and autoscaling is switched off"
        yield Problem(message=message, path=("eks", "keda"), hint="set autoscaling.enabled: true")
    low, high = release.value("autoscaling.minInstances"), release.value("autoscaling.maxInstances")
    if release.value("autoscaling.enabled") and low > high:
        message = f"at least {low} and at most {high} pods"
        yield Problem(message=message, path=("autoscaling", "minInstances"), hint="raise maxInstances")
    for key in ("schedules", "scaleToZero"):
        if release.value(f"autoscaling.{key}"):
            message = f"autoscaling.{key} is of SageMaker: a HorizontalPodAutoscaler cannot do it"
            hint = "take it out; eks.keda follows a query and can scale to zero pods"
            yield Problem(message=message, path=("autoscaling", key), hint=hint)
