"""Rules of SageMaker that a schema cannot say: which settings go together."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Problem, Release
from mldeploy_sagemaker.instance_types import instance_type
from mldeploy_sagemaker.rollout_rules import rollout_problems
from mldeploy_sagemaker.scaling_rules import scaling_problems
from mldeploy_sagemaker.variants import MAIN

SERVERLESS_EXCLUDES = {
    ("endpoint", "vpc"): "runs in no VPC",
    ("endpoint", "networkIsolation"): "cannot be isolated from networks",
    ("endpoint", "dataCapture"): "captures no data",
    ("endpoint", "variants"): "has one variant",
    ("endpoint", "shadow"): "has no shadow variants",
    ("endpoint", "kmsKeyId"): "has no volume to encrypt",
    ("instance", "volumeSizeInGB"): "has no volume",
    ("autoscaling", "enabled"): "scales by itself",
}
"""Key → why a serverless endpoint has no use for it (developer guide, "Deploy models with Amazon SageMaker Serverless
Inference": feature exclusions)."""

INFERENTIA_1 = "ml.inf1."
GATEWAY = "sagemaker"


def problems(release: Release) -> Iterator[Problem]:
    """Yield what SageMaker would refuse, before it is asked."""
    mode = release.value("endpoint.mode")
    if mode == "serverless":
        yield from _serverless(release)
    else:
        yield from _volume(release)
        yield from scaling_problems(release)
    yield from _asynchronous(release)
    yield from _direct(release)
    yield from _variants(release)
    yield from rollout_problems(release)


def _serverless(release: Release) -> Iterator[Problem]:
    for path, reason in SERVERLESS_EXCLUDES.items():
        if release.value(".".join(path)):
            yield Problem(
                message=f"{'.'.join(path)}: a serverless endpoint {reason}",
                path=path,
                hint="take the line out, or set endpoint.mode to real-time",
            )
    warm, most = (release.value(f"endpoint.serverless.{key}") for key in ("provisionedConcurrency", "maxConcurrency"))
    if warm is not None and warm > most:
        yield Problem(
            message=f"provisionedConcurrency {warm} is more than maxConcurrency {most}",
            path=("endpoint", "serverless", "provisionedConcurrency"),
            hint=f"set it to at most {most}",
        )


def _volume(release: Release) -> Iterator[Problem]:
    kind = instance_type(release.value("instance.type"))
    if not kind.local_storage:
        return
    for path, what in ((("instance", "volumeSizeInGB"), "volume"), (("endpoint", "kmsKeyId"), "KMS key")):
        if release.value(".".join(path)) is not None:
            yield Problem(
                message=f"{kind.name} has local NVMe storage and takes no {what}",
                path=path,
                hint="take the line out: SageMaker refuses it for this type, whose disk encrypts itself",
            )


def _asynchronous(release: Release) -> Iterator[Problem]:
    mode, wanted = release.value("endpoint.mode"), release.value("endpoint.async")
    if mode != "async":
        if wanted:
            yield Problem(
                message=f"endpoint.async has no effect, because endpoint.mode is {mode}",
                path=("endpoint", "async"),
                hint="set endpoint.mode to async, or take the section out",
            )
        return
    if not wanted:
        yield Problem(
            message="an async endpoint needs to know where answers go",
            path=("endpoint", "mode"),
            hint="set endpoint.async.outputPath, for example to s3://my-bucket/answers",
        )
    if release.value("expose.gateway") != GATEWAY:
        yield Problem(
            message=f"requests to an async endpoint lie in S3, and {release.value('expose.gateway')} passes on bodies",
            path=("expose", "gateway"),
            hint=f"set expose.gateway to {GATEWAY}: callers then use AWS credentials and InvokeEndpointAsync",
        )
    if release.value("endpoint.shadow"):
        yield Problem(
            message="an async endpoint has no shadow variants",
            path=("endpoint", "shadow"),
            hint="take the section out (developer guide, shadow tests)",
        )


def _direct(release: Release) -> Iterator[Problem]:
    """Check a release whose endpoint is called without a gateway."""
    if release.value("expose.gateway") != GATEWAY:
        return
    for key in ("apiKey", "jwt"):
        if release.value(f"expose.auth.{key}"):
            yield Problem(
                message=f"nothing checks expose.auth.{key}: without a gateway, callers sign with AWS credentials",
                path=("expose", "auth"),
                hint="write `auth: {apiKey: false, jwt: false}`, or choose a gateway",
            )
            return
    if release.value("cache.enabled"):
        yield Problem(
            message="cache.enabled: the cache stands behind a gateway, and callers of SageMaker would go past it",
            path=("cache", "enabled"),
            hint="set it to false, or set expose.gateway to api-gateway",
        )


def _variants(release: Release) -> Iterator[Problem]:
    variants, shadow = release.value("endpoint.variants"), release.value("endpoint.shadow")
    path = ("endpoint", "variants")
    total = sum(variant["trafficPercent"] for variant in variants)
    if total >= 100:
        message = f"the further variants take {total:g} % of the requests, and the release's own model none"
        yield Problem(message=message, path=path, hint="their trafficPercent has to add up to less than 100")
    names = [MAIN, *(variant["name"] for variant in variants), *([shadow["name"]] if shadow else [])]
    for name in sorted({name for name in names if names.count(name) > 1}):
        hint = f"each variant needs a name of its own; {MAIN} is the release's own model"
        yield Problem(message=f"two variants are called {name}", path=path, hint=hint)
    if shadow and variants:
        message = "a shadow stands behind one variant only"
        hint = "take endpoint.variants or endpoint.shadow out (API reference, CreateEndpointConfig)"
        yield Problem(message=message, path=("endpoint", "shadow"), hint=hint)
    if shadow and release.value("instance.type").startswith(INFERENTIA_1):
        yield Problem(
            message=f"{release.value('instance.type')} runs no shadow variants",
            path=("endpoint", "shadow"),
            hint="take the section out, or choose another instance type",
        )
