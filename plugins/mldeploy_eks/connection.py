"""How a cluster is reached: by its name in EKS, or by a kubeconfig."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy.errors import CredentialsError, DeployError, UsageError
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import translated
from mldeploy_aws.patience import Patience
from mldeploy_eks.cluster import Cluster
from mldeploy_eks.names import cluster_name, is_named_by_file, namespace_of
from mldeploy_eks.tokens import Tokens

if TYPE_CHECKING:
    import httpx2

    from mldeploy import Context
    from mldeploy.model import JSON

TIMEOUT_SECONDS = 20.0
CONNECTIONS = 32


class ClusterGoneError(DeployError):
    """There is no cluster of the name that release.yaml says."""


def connected(context: Context) -> Cluster:
    """Return the namespace that release.yaml names, in the cluster that it names.

    Raises:
        UsageError: the client library is not installed, or the kubeconfig cannot be used.
        ClusterGoneError: EKS has no such cluster.
        CredentialsError, DeployError: AWS does not tell where the cluster is.
    """
    try:
        import httpx2  # noqa: PLC0415 - an optional dependency
        from lightkube.config.client_adapter import ConnectionParams  # noqa: PLC0415
    except ImportError as error:
        message = "type eks needs the Kubernetes client, which is not installed"
        raise UsageError(message, hint="pip install 'mldeploy[eks]'") from error
    config = context.config.get("eks", {})
    parameters = ConnectionParams(timeout=httpx2.Timeout(TIMEOUT_SECONDS))
    by_file = is_named_by_file(context.config)
    http = _by_kubeconfig(config, parameters) if by_file else _by_name(context, parameters)
    context.resources.callback(http.close)
    return Cluster(http, namespace_of(context.config), Patience.of(context))


def _by_kubeconfig(config: Mapping[str, JSON], parameters: Any) -> httpx2.Client:
    from lightkube.config.client_adapter import Client  # noqa: PLC0415
    from lightkube.config.kubeconfig import DEFAULT_KUBECONFIG, KubeConfig  # noqa: PLC0415
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415

    file = config.get("kubeconfig") or os.environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG
    try:
        found = KubeConfig.from_file(file).get(config.get("context"))
    except (ConfigError, KeyError) as error:
        message = f"the kubeconfig {file} cannot be used: {error}"
        raise UsageError(message, hint="`kubectl config get-contexts` lists what it has; see eks.context") from error
    if found is None or found.user is None:
        message = f"the kubeconfig {file} names no user for this context"
        raise CredentialsError(message, hint="name a context with credentials: `eks: {context: …}`")
    return Client(found, parameters)


def _by_name(context: Context, parameters: Any) -> httpx2.Client:
    import httpx2  # noqa: PLC0415
    from lightkube.config.client_adapter import Client  # noqa: PLC0415
    from lightkube.config.kubeconfig import KubeConfig  # noqa: PLC0415
    from lightkube.config.models import Cluster as Server  # noqa: PLC0415
    from lightkube.config.models import User  # noqa: PLC0415

    aws, name = context.provider("aws"), cluster_name(context.config, context.name, context.env)
    with translated(f"looking up the cluster {name}"):
        eks = aws.client("eks")
        answer = found_or_none(lambda: eks.describe_cluster(name=name), "ResourceNotFoundException")
    if answer is None:
        message = f"there is no EKS cluster {name} in {aws.region}"
        make = f"eksctl create cluster --name {name} --region {aws.region}"
        hint = f"name one: `eks: {{cluster: …}}`; or make it: `{make}`"
        raise ClusterGoneError(message, hint=hint)
    found = answer["cluster"]
    server = Server(server=found["endpoint"], certificate_auth_data=found["certificateAuthority"]["data"])
    config = KubeConfig.from_one(cluster=server, user=User(token="")).get()
    tokens = Tokens(aws.client("sts"), name)

    class Bearer(httpx2.Auth):
        """Puts a token that has not expired into every request."""

        def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
            request.headers["Authorization"] = f"Bearer {tokens.current()}"
            yield request

    parameters.trust_env = not aws.emulated  # no proxy stands between this machine and itself
    client = Client(config, parameters)  # type: ignore[arg-type]  # None only where no context is named
    client.auth = Bearer()
    return client
