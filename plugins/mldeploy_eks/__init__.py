"""The plugin `eks`: the same release on Kubernetes, by server-side apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mldeploy import hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, CostLine, Driver, Encryption, Hop, Problem, Release, Step
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("aws", "image")

NAME = "eks"
MAX_BODY_BYTES = 6_291_456
"""The largest body that the generated service takes, as on SageMaker."""
SECONDS = 55
"""How long the generated service works on a request; load balancers wait longer."""


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own `eks`, and share the keys of `sagemaker`: a release changes its type and nothing else."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415 - not every command reads schemas

    own, shared = shipped_fragment(NAME), shipped_fragment("sagemaker")
    return {**shared, "properties": {**shared["properties"], **own["properties"]}}


@hookimpl
def mldeploy_limits(release: Release) -> Iterable[Hop]:
    """Name the service's limits."""
    from mldeploy import Hop  # noqa: PLC0415 - `mldeploy --help` imports this file

    if release.value("type") != NAME:
        return []
    source = "service/settings.py of the project: request_seconds and MAX_BODY_BYTES"
    return [Hop(name="eks-service", depth=30, seconds=SECONDS, max_bytes=MAX_BODY_BYTES, source=source)]


@hookimpl
def mldeploy_build(release: Release) -> Iterator[Step | Problem]:
    """Describe the image with the model in it."""
    from mldeploy_eks.steps import describe_image  # noqa: PLC0415

    if release.value("type") == NAME:
        yield from describe_image(release)


@hookimpl
def mldeploy_provision(release: Release) -> Iterator[Step | Problem]:
    """Describe the objects in the cluster."""
    from mldeploy_eks.steps import describe_objects  # noqa: PLC0415

    if release.value("type") == NAME:
        yield from describe_objects(release)


@hookimpl
def mldeploy_costs(steps: Sequence[Step], region: str) -> Iterable[CostLine]:
    """Name what the cluster bills."""
    from mldeploy_eks.reviews import cluster_costs  # noqa: PLC0415 - only plans ask

    return cluster_costs(steps, region)


@hookimpl
def mldeploy_encryption(steps: Sequence[Step]) -> Iterable[Encryption]:
    """Tell how the way to the pods is protected."""
    from mldeploy_eks.reviews import cluster_protections  # noqa: PLC0415 - only plans ask

    return cluster_protections(steps)


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive the objects in the cluster, and the image with the model."""
    from mldeploy_eks.drivers import cluster_drivers  # noqa: PLC0415

    return cluster_drivers(context)


@hookimpl
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open the door `kubernetes`, the logs of the pods beside those of AWS, and what doctor and diagnose ask."""
    if kind == "kubernetes":
        from mldeploy_eks.connection import connected  # noqa: PLC0415 - the client loads only when a door is opened

        return connected(context)
    if kind == "health" and context.config.get("type") == NAME:
        from mldeploy_eks.health import cluster_health  # noqa: PLC0415

        return cluster_health(context)
    if kind == "diagnosis" and context.config.get("type") == NAME:
        from mldeploy_eks.diagnosis import ClusterDiagnostician  # noqa: PLC0415

        return ClusterDiagnostician(context)
    if kind == "logs" and context.config.get("type") == NAME:
        from mldeploy_eks.logs import ClusterLogs  # noqa: PLC0415

        return ClusterLogs(context)
    return None
