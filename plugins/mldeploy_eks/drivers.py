"""The drivers of this plugin by kind."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Context, Driver
from mldeploy_eks.access import ClusterDriver
from mldeploy_eks.address import ClusterAddressDriver
from mldeploy_eks.deployments import DeploymentDriver
from mldeploy_eks.inference_services import InferenceServiceDriver
from mldeploy_eks.kinds import MANAGED, PREFIX
from mldeploy_eks.model_images import ModelImageDriver
from mldeploy_eks.namespaces import NamespaceDriver
from mldeploy_eks.objects import ObjectDriver
from mldeploy_eks.pod_identities import PodIdentityDriver
from mldeploy_eks.redis_address import ClusterRedisDriver
from mldeploy_eks.redis_secrets import RedisSecretDriver
from mldeploy_eks.steps import POD_IDENTITY

SPECIAL = {
    "Deployment": DeploymentDriver,
    "InferenceService": InferenceServiceDriver,
    "Namespace": NamespaceDriver,
    "Secret": RedisSecretDriver,
}


def cluster_drivers(context: Context) -> Mapping[str, Driver]:
    """Return kind → driver."""
    objects = {f"{PREFIX}{kind}": SPECIAL.get(kind, ObjectDriver)(context, kind) for kind in MANAGED}
    return {
        **objects,
        POD_IDENTITY: PodIdentityDriver(context),
        "mldeploy::ClusterAccess": ClusterDriver(context),
        "mldeploy::ClusterAddress": ClusterAddressDriver(context),
        "mldeploy::ClusterRedis": ClusterRedisDriver(context),
        "mldeploy::ModelImage": ModelImageDriver(context),
    }
