"""What CreateEndpointConfig refuses beyond the shapes of the service model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mldeploy_sagemaker.instance_types import catalogue
from mldeploy_sandbox.rules import declare

INVALID = "ValidationException"
SERVERLESS = declare(
    "sagemaker-serverless-features",
    "sagemaker:CreateEndpointConfig",
    says="A serverless configuration has one variant, without shadow, data capture, volume or network settings.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html",
)
LOCAL_STORAGE = declare(
    "sagemaker-local-storage",
    "sagemaker:CreateEndpointConfig",
    says="Instance types with local NVMe storage take neither VolumeSizeInGB nor KmsKeyId.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html",
)
SHADOW = declare(
    "sagemaker-shadow",
    "sagemaker:CreateEndpointConfig",
    says="A shadow stands behind one production variant; not with async inference and not on Inf1.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests.html",
)
VARIANTS = declare(
    "sagemaker-variants",
    "sagemaker:CreateEndpointConfig",
    says="Variants have names of their own, a model, and either instances or a ServerlessConfig.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariant.html",
)


def check_configuration(params: Mapping[str, Any]) -> None:
    """Refuse a configuration whose parts do not go together.

    Raises:
        AwsError: the first rule that is broken.
    """
    variants, shadows = params["ProductionVariants"], params.get("ShadowProductionVariants", [])
    names = [variant["VariantName"] for variant in (*variants, *shadows)]
    if len(set(names)) < len(names):
        message = "The variant names of an endpoint configuration must be unique."
        raise VARIANTS.refusal(INVALID, message)
    for variant in (*variants, *shadows):
        _check_variant(variant)
    for complaint in _serverless(params, variants):
        raise SERVERLESS.refusal(INVALID, complaint)
    for complaint in _volumes(params, (*variants, *shadows)):
        raise LOCAL_STORAGE.refusal(INVALID, complaint)
    if shadows and (len(variants) > 1 or len(shadows) > 1 or "AsyncInferenceConfig" in params or _inferentia(variants)):
        message = (
            "ShadowProductionVariants needs one production variant and one shadow variant, without "
            "AsyncInferenceConfig and not on Inf1 instances."
        )
        raise SHADOW.refusal(INVALID, message)


def _check_variant(variant: Mapping[str, Any]) -> None:
    """Refuse a variant without a model or without a place to run.

    A variant without ModelName holds inference components, which this sandbox does not run.
    """
    if "ModelName" not in variant:
        message = "This sandbox does not run inference components: every production variant needs a ModelName."
        raise VARIANTS.refusal(INVALID, message)
    places = [key for key in ("InstanceType", "ServerlessConfig", "InstancePools") if key in variant]
    if len(places) != 1:
        message = f"Variant {variant['VariantName']} must have either InstanceType or ServerlessConfig."
        raise VARIANTS.refusal(INVALID, message)
    if "InstanceType" in variant and "InitialInstanceCount" not in variant:
        message = f"Variant {variant['VariantName']} has an InstanceType but no InitialInstanceCount."
        raise VARIANTS.refusal(INVALID, message)


def _serverless(params: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not any("ServerlessConfig" in variant for variant in variants):
        return
    if len(variants) > 1:
        yield "A serverless endpoint has exactly one production variant."
    excluded = ("ShadowProductionVariants", "DataCaptureConfig", "KmsKeyId", "VpcConfig", "AsyncInferenceConfig")
    yield from (f"{name} is not supported for serverless endpoints." for name in excluded if params.get(name))
    config = variants[0].get("ServerlessConfig", {})
    if config.get("MemorySizeInMB", 1024) % 1024:
        yield "MemorySizeInMB must be 1024, 2048, 3072, 4096, 5120 or 6144."
    if config.get("ProvisionedConcurrency", 0) > config.get("MaxConcurrency", 0):
        yield "ProvisionedConcurrency must not be more than MaxConcurrency."


def _volumes(params: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for variant in variants:
        kind = catalogue().get(variant.get("InstanceType", ""))
        if kind is None or not kind.local_storage:
            continue
        if "VolumeSizeInGB" in variant:
            yield f"VolumeSizeInGB is not supported for instance type {kind.name}, which has local storage."
        if params.get("KmsKeyId"):
            yield f"KmsKeyId is not supported for instance type {kind.name}, which has local storage."


def _inferentia(variants: Sequence[Mapping[str, Any]]) -> bool:
    return any(variant.get("InstanceType", "").startswith("ml.inf1.") for variant in variants)
