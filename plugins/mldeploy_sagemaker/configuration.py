"""The endpoint configuration as a step: variants, capture, asynchronous inference and encryption."""

from __future__ import annotations

from collections.abc import Sequence

from mldeploy import Phase, Release, Step
from mldeploy.model import JSON
from mldeploy_sagemaker.variants import Variant

CAPTURE_OPTIONS = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]


def configuration_step(release: Release, variants: Sequence[Variant], shadow: Variant | None) -> Step:
    """Return the step of the endpoint configuration."""
    spec: dict[str, JSON] = {"ProductionVariants": [variant.described(release) for variant in variants]}
    if shadow is not None:
        spec["ShadowProductionVariants"] = [shadow.described(release)]
    capture, key = release.value("endpoint.dataCapture"), release.value("endpoint.kmsKeyId")
    if capture:
        spec["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": capture["samplingPercentage"],
            "DestinationS3Uri": capture["destination"],
            "CaptureOptions": CAPTURE_OPTIONS,
            **({"KmsKeyId": capture["kmsKeyId"]} if "kmsKeyId" in capture else {}),
        }
    if key:
        spec["KmsKeyId"] = key
    if release.value("endpoint.mode") == "async":
        spec["AsyncInferenceConfig"] = _asynchronous(release)
    return Step(
        kind="AWS::SageMaker::EndpointConfig",
        name=release.resource_name,
        phase=Phase.PROVISION,
        spec=spec,
        immutable=True,
    )


def _asynchronous(release: Release) -> JSON:
    wanted = release.value("endpoint.async")
    output: dict[str, JSON] = {"S3OutputPath": wanted["outputPath"]}
    if "failurePath" in wanted:
        output["S3FailurePath"] = wanted["failurePath"]
    topics = {"SuccessTopic": wanted.get("successTopic"), "ErrorTopic": wanted.get("errorTopic")}
    named = {name: topic for name, topic in topics.items() if topic}
    if named:
        output["NotificationConfig"] = named
    most = wanted.get("maxConcurrentInvocationsPerInstance")
    client = {} if most is None else {"ClientConfig": {"MaxConcurrentInvocationsPerInstance": most}}
    return {"OutputConfig": output, **client}
