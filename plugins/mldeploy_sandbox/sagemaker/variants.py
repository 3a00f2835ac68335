"""Production variants: from a configuration's wish to the summary that DescribeEndpoint shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mldeploy_sandbox.sagemaker.images import Image
from mldeploy_sandbox.sagemaker.rules import NOT_THERE, refused

KEPT = ("ManagedInstanceScaling", "RoutingConfig", "InstancePools")
DEFAULT_WEIGHT = 1.0


def summaries(
    variants: Sequence[Mapping[str, Any]], images: Mapping[str, Sequence[Image]], running: int | None
) -> list[dict[str, Any]]:
    """Return ProductionVariantSummary for each variant.

    Arguments:
        images: what each variant runs, once that is known.
        running: the current number of instances; None says as many as desired.
    """
    return [_summary(variant, images.get(variant["VariantName"], ()), running) for variant in variants]


def retained(
    params: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]], current: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Apply RetainAllVariantProperties: variants of the same name keep their count and weight.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
    """
    excluded = {item["VariantPropertyType"] for item in params.get("ExcludeRetainedVariantProperties", [])}
    if not params.get("RetainAllVariantProperties", False):
        return [dict(variant) for variant in wanted]
    before = {variant["VariantName"]: variant for variant in current}
    result = []
    for variant in wanted:
        old = before.get(variant["VariantName"], {})
        kept = dict(variant)
        if "DesiredInstanceCount" in old and "DesiredInstanceCount" not in excluded:
            kept["InitialInstanceCount"] = old["DesiredInstanceCount"]
        if "DesiredWeight" in old and "DesiredWeight" not in excluded:
            kept["InitialVariantWeight"] = old["DesiredWeight"]
        result.append(kept)
    return result


def with_desired(current: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Apply DesiredWeightsAndCapacities.

    Raises:
        AwsError: a variant is unknown.
    """
    changed = {variant["VariantName"]: dict(variant) for variant in current}
    for wish in wanted:
        name = wish["VariantName"]
        if name not in changed:
            message = f'The variant name "{name}" was not found in the endpoint.'
            raise refused(message, NOT_THERE)
        if "DesiredWeight" in wish:
            changed[name] |= {"CurrentWeight": wish["DesiredWeight"], "DesiredWeight": wish["DesiredWeight"]}
        if "DesiredInstanceCount" in wish:
            count = wish["DesiredInstanceCount"]
            changed[name] |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    return list(changed.values())


def retained_capture(params: Mapping[str, Any], current: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Apply RetainAllVariantProperties to data capture: it goes on as it is unless it is excluded.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VariantProperty.html
    """
    excluded = {item["VariantPropertyType"] for item in params.get("ExcludeRetainedVariantProperties", [])}
    live = current.get("DataCaptureConfig")
    if not params.get("RetainAllVariantProperties") or "DataCaptureConfig" in excluded or not live:
        return {}
    return {
        "DataCaptureConfig": {
            "EnableCapture": live["EnableCapture"],
            "InitialSamplingPercentage": live["CurrentSamplingPercentage"],
            "DestinationS3Uri": live["DestinationS3Uri"],
            "CaptureOptions": [{"CaptureMode": mode} for mode in options],
        }
    }


def pending_summary(config_name: str, variants: Sequence[Mapping[str, Any]], share: float) -> dict[str, Any]:
    """Return PendingDeploymentSummary while a new fleet has a share of the requests."""
    return {
        "EndpointConfigName": config_name,
        "StartTime": datetime.now(UTC),
        "ProductionVariants": [
            {
                "VariantName": variant["VariantName"],
                "CurrentWeight": variant.get("InitialVariantWeight", DEFAULT_WEIGHT) * share,
                "DesiredWeight": variant.get("InitialVariantWeight", DEFAULT_WEIGHT),
                "VariantStatus": [{"Status": "Baking"}],
            }
            for variant in variants
        ],
    }


def capture_summary(capture: Mapping[str, Any]) -> dict[str, Any]:
    """Return DataCaptureConfigSummary for a configuration's DataCaptureConfig."""
    return {
        "EnableCapture": capture.get("EnableCapture", False),
        "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def _summary(variant: Mapping[str, Any], images: Sequence[Image], running: int | None) -> dict[str, Any]:
    weight = variant.get("InitialVariantWeight", DEFAULT_WEIGHT)
    summary: dict[str, Any] = {
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        **{name: variant[name] for name in KEPT if name in variant},
    }
    if "ServerlessConfig" in variant:
        serverless = variant["ServerlessConfig"]
        summary |= {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    if "InstanceType" in variant:
        desired = variant.get("InitialInstanceCount", 1)
        summary |= {
            "DesiredInstanceCount": desired,
            "CurrentInstanceCount": desired if running is None else running,
        }
    if images:
        summary["DeployedImages"] = [
            {"SpecifiedImage": image.specified, "ResolvedImage": image.resolved, "ResolutionTime": datetime.now(UTC)}
            for image in images
        ]
    return summary
