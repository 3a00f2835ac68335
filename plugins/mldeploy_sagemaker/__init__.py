"""The plugin `sagemaker`: real-time, serverless and async endpoints, how they scale and how releases take over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mldeploy import hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, CostLine, Driver, Hop, Problem, Release, Step
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("aws", "image")

NAME = "sagemaker"
LIMITS = {
    "real-time": (60, 6_291_456, "SageMaker Runtime API reference, InvokeEndpoint"),
    "serverless": (60, 4_194_304, "SageMaker developer guide, Invoke a Serverless Endpoint"),
    "async": (3_600, 1_073_741_824, "SageMaker developer guide, Asynchronous inference"),
}
"""`endpoint.mode` → the seconds that a container has to answer, the bytes of a request, and where that is written."""


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own the keys `instance`, `endpoint`, `autoscaling` and `deployment`."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415

    return shipped_fragment("sagemaker")


@hookimpl
def mldeploy_limits(release: Release) -> Iterable[Hop]:
    """Name the endpoint's limits."""
    from mldeploy import Hop  # noqa: PLC0415 - `mldeploy --help` imports this file

    seconds, max_bytes, source = LIMITS[release.value("endpoint.mode")]
    return [Hop(name="sagemaker-endpoint", depth=30, seconds=seconds, max_bytes=max_bytes, source=source)]


@hookimpl
def mldeploy_build(release: Release) -> Iterator[Step | Problem]:
    """Describe the model's archive in S3."""
    from mldeploy_sagemaker.model_sources import describe_model  # noqa: PLC0415

    return describe_model(release)


@hookimpl
def mldeploy_provision(release: Release) -> Iterator[Step | Problem]:
    """Describe the endpoint and all it needs."""
    from mldeploy_sagemaker.steps import describe_endpoint  # noqa: PLC0415

    return describe_endpoint(release)


@hookimpl
def mldeploy_costs(steps: Sequence[Step], region: str) -> Iterable[CostLine]:
    """Price the instances."""
    from mldeploy_sagemaker.costs import instance_costs  # noqa: PLC0415 - only plans ask

    return instance_costs(steps, region)


@hookimpl
def mldeploy_expose(release: Release) -> Iterator[Step | Problem]:
    """Describe the address of an endpoint that is called without a gateway."""
    from mldeploy_sagemaker.direct_access import address_step  # noqa: PLC0415

    if release.value("expose.gateway") == NAME:
        yield address_step(release)


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive models, configurations, endpoints and their scaling."""
    from mldeploy_sagemaker.direct_access import RuntimeAddressDriver  # noqa: PLC0415
    from mldeploy_sagemaker.endpoint_configs import EndpointConfigDriver  # noqa: PLC0415
    from mldeploy_sagemaker.endpoints import EndpointDriver  # noqa: PLC0415
    from mldeploy_sagemaker.instance_quotas import InstanceQuotaDriver  # noqa: PLC0415
    from mldeploy_sagemaker.model_data import ModelDataDriver  # noqa: PLC0415
    from mldeploy_sagemaker.models import ModelDriver  # noqa: PLC0415
    from mldeploy_sagemaker.scaling import (  # noqa: PLC0415
        ScalableTargetDriver,
        ScalingPolicyDriver,
        ScheduledActionDriver,
    )

    return {
        "AWS::ApplicationAutoScaling::ScalableTarget": ScalableTargetDriver(context),
        "AWS::ApplicationAutoScaling::ScalingPolicy": ScalingPolicyDriver(context),
        "AWS::ApplicationAutoScaling::ScheduledAction": ScheduledActionDriver(context),
        "AWS::SageMaker::Endpoint": EndpointDriver(context),
        "AWS::SageMaker::EndpointConfig": EndpointConfigDriver(context),
        "AWS::SageMaker::Model": ModelDriver(context),
        "mldeploy::InstanceQuota": InstanceQuotaDriver(context),
        "mldeploy::ModelData": ModelDataDriver(context),
        "mldeploy::RuntimeAddress": RuntimeAddressDriver(context),
    }


@hookimpl
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open the price list, the diagnosis of an endpoint, and the door `caller` of one without a gateway."""
    if kind == "prices":
        from mldeploy_sagemaker.prices import price_list  # noqa: PLC0415

        return price_list()
    if kind == "diagnosis" and context.config.get("type") == NAME:
        from mldeploy_sagemaker.diagnosis import EndpointDiagnostician  # noqa: PLC0415

        return EndpointDiagnostician(context)
    if kind == "caller" and context.config.get("expose", {}).get("gateway") == NAME:
        from mldeploy_sagemaker.caller import RuntimeCaller  # noqa: PLC0415

        return RuntimeCaller(context)
    return None
