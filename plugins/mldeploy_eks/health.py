"""What `mldeploy doctor` says about a cluster: what it lacks for a release, and the commands that put it right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mldeploy.errors import MldeployError
from mldeploy.health import Row
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import translated as aws_translated
from mldeploy_eks.access import allows, permissions, rules_text
from mldeploy_eks.answers import translated
from mldeploy_eks.kinds import KINDS
from mldeploy_eks.names import cluster_name, namespace_of

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy_eks.cluster import Cluster

AGENT = "eks-pod-identity-agent"
"""https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html"""
ALWAYS = ("Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount")
LOAD_BALANCER_API = "elbv2.k8s.aws/v1beta1"
METRICS_API = "metrics.k8s.io/v1beta1"
GATEWAY_API = "https://github.com/kubernetes-sigs/gateway-api/releases/latest/download"
KSERVE_CRDS = "helm install kserve-crd oci://ghcr.io/kserve/charts/kserve-crd"
KSERVE = "helm install kserve oci://ghcr.io/kserve/charts/kserve -n kserve --create-namespace"
EKS_CHARTS = "https://aws.github.io/eks-charts"
METRICS = "kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml"
ADD_ONS = {
    "gatewayApi": (
        "HTTPRoute",
        f"kubectl apply --server-side -f {GATEWAY_API}/standard-install.yaml",
    ),
    "kserve": (
        "InferenceService",
        f"{KSERVE_CRDS} && {KSERVE}",
    ),
    "keda": (
        "ScaledObject",
        "helm install keda keda --repo https://kedacore.github.io/charts -n keda --create-namespace",
    ),
}
"""Key of `eks` → the kind that it needs, and how the add-on is installed (each project's installation page)."""


def cluster_health(context: Context) -> Iterator[Row]:
    """Yield one row per thing that the release needs of the cluster; only reads are made."""
    name = cluster_name(context.config, context.name, context.env)
    try:
        cluster: Cluster = context.provider("kubernetes")
        with translated("to tell its version"):
            version = cluster.version()
        yield Row(check="cluster", state="ok", found=f"{name} answers, Kubernetes {version}")
        with translated("to tell what it has"):
            yield from _rows(context, cluster)
        if context.config["eks"]["serviceAccount"]["podIdentity"]:
            yield _pod_identity_agent(context, name)
    except MldeployError as error:
        yield Row(check="cluster", state="fail", found=error.message, fix=error.hint)


def _rows(context: Context, cluster: Cluster) -> Iterator[Row]:
    yield _namespace(context, cluster)
    yield _permissions(cluster)
    settings = context.config["eks"]
    if not (settings["service"].get("loadBalancerClass") or settings["kserve"]):
        name = cluster_name(context.config, context.name, context.env)
        chart = f"helm install aws-load-balancer-controller aws-load-balancer-controller --repo {EKS_CHARTS}"
        fix = f"{chart} -n kube-system --set clusterName={name}; in EKS Auto Mode set eks.service.loadBalancerClass"
        yield _api(cluster, "load balancers", LOAD_BALANCER_API, fix)
    if context.config["autoscaling"]["enabled"] and not settings.get("keda"):
        yield _api(cluster, "metrics server", METRICS_API, METRICS)
    for key, (kind, command) in ADD_ONS.items():
        if settings.get(key):
            there = cluster.serves(KINDS[kind])
            found = f"{kind} is {'known' if there else 'unknown'}"
            yield Row(check=f"eks.{key}", state="ok" if there else "fail", found=found, fix="" if there else command)


def _namespace(context: Context, cluster: Cluster) -> Row:
    name = namespace_of(context.config)
    if context.config["eks"]["createNamespace"] or not cluster.allows("get", KINDS["Namespace"]):
        return Row(check="namespace", state="ok", found=f"{name}, not looked at")
    if cluster.get("Namespace", name) is not None:
        return Row(check="namespace", state="ok", found=name)
    fix = f"kubectl create namespace {name}, or set eks.createNamespace: true"
    return Row(check="namespace", state="fail", found=f"there is no {name}", fix=fix)


def _permissions(cluster: Cluster) -> Row:
    missing = [text for text in permissions(ALWAYS) if not allows(cluster, text)]
    if not missing:
        return Row(check="permissions", state="ok", found=f"enough in namespace {cluster.namespace}")
    rules = rules_text(text.split() for text in missing)
    found = f"{len(missing)} are missing in namespace {cluster.namespace}"
    return Row(
        check="permissions", state="fail", found=found, fix=f"bind a Role with these rules to yourself:\n{rules}"
    )


def _api(cluster: Cluster, check: str, api_version: str, fix: str) -> Row:
    there = cluster.has_group(api_version)
    found = f"{api_version} is {'there' if there else 'missing'}"
    return Row(check=check, state="ok" if there else "warn", found=found, fix="" if there else fix)


def _pod_identity_agent(context: Context, cluster: str) -> Row:
    """Return whether nodes hand out the roles of EKS Pod Identity; those of EKS Auto Mode do without the add-on."""
    with aws_translated(f"looking for the add-on {AGENT}"):
        eks = context.provider("aws").client("eks")
        if eks.describe_cluster(name=cluster)["cluster"].get("computeConfig", {}).get("enabled"):
            return Row(check=AGENT, state="ok", found="part of EKS Auto Mode")
        question = {"clusterName": cluster, "addonName": AGENT}
        answer = found_or_none(lambda: eks.describe_addon(**question), "ResourceNotFoundException")
    status = answer["addon"]["status"] if answer else "missing"
    if status == "ACTIVE":
        return Row(check=AGENT, state="ok", found="the add-on is active")
    fix = f"aws eks create-addon --cluster-name {cluster} --addon-name {AGENT}"
    return Row(check=AGENT, state="fail", found=f"the add-on is {status}; pods get no role without it", fix=fix)
