"""The models behind an endpoint: the release's own, further ones with a share of the requests, and a shadow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mldeploy import Phase, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.naming import shortened
from mldeploy_sagemaker.model_sources import archive_of

MAIN = "AllTraffic"
LONGEST_STEM = 54
"""A model's name has at most 63 characters in the service model; a hyphen and a hash of eight digits follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One model behind the endpoint: its step, its share of the requests and its instances (None: serverless)."""

    name: str
    model: Step
    weight: float
    count: int | None

    def described(self, release: Release) -> dict[str, JSON]:
        """Return the ProductionVariant."""
        variant = {"VariantName": self.name, "ModelName": self.model.ref(Ref.NAME), "InitialVariantWeight": self.weight}
        if self.count is None:
            return {**variant, "ServerlessConfig": _serverless(release)}
        volume = release.value("instance.volumeSizeInGB")
        variant |= {
            "InitialInstanceCount": self.count,
            "InstanceType": release.value("instance.type"),
            "ContainerStartupHealthCheckTimeoutInSeconds": release.value("deployment.healthCheckTimeoutSeconds"),
        }
        return variant if volume is None else {**variant, "VolumeSizeInGB": volume}


def production_variants(release: Release, role: Step) -> list[Variant]:
    """Return the variants that answer requests, the release's own model first."""
    others = release.value("endpoint.variants")
    rest = 100.0 - sum(other["trafficPercent"] for other in others)
    serverless = release.value("endpoint.mode") == "serverless"
    main = Variant(
        name=MAIN,
        model=model_step(release, role, release.resource_name, archive_of(release)),
        weight=rest if others else 1.0,
        count=None if serverless else release.value("instance.count"),
    )
    return [main, *(_further(release, role, other, float(other["trafficPercent"])) for other in others)]


def shadow_variant(release: Release, role: Step) -> Variant | None:
    """Return the variant that gets copies of requests, weighed against the main one's weight of 1."""
    shadow = release.value("endpoint.shadow")
    return _further(release, role, shadow, shadow["trafficPercent"] / 100) if shadow else None


def model_step(release: Release, role: Step, name: str, archive: JSON) -> Step:
    """Return the step of one SageMaker model.

    Arguments:
        archive: the address of its model.tar.gz, or a ref to it.
    """
    vpc = release.value("endpoint.vpc")
    spec: dict[str, JSON] = {
        "ExecutionRoleArn": role.ref("Arn"),
        "PrimaryContainer": {
            "Image": Ref("@image", "ImageUri"),
            "ModelDataUrl": archive,
            "Environment": _environment(release, archive),
        },
    }
    if vpc:
        spec["VpcConfig"] = {"Subnets": vpc["subnets"], "SecurityGroupIds": vpc["securityGroups"]}
    if release.value("endpoint.networkIsolation"):
        spec["EnableNetworkIsolation"] = True
    serverless = release.value("endpoint.mode") == "serverless"
    return Step(
        kind="AWS::SageMaker::Model",
        name=name,
        phase=Phase.PROVISION,
        spec=spec,
        settings={"InstanceTypes": [] if serverless else [release.value("instance.type")]},
        immutable=True,
    )


def _environment(release: Release, archive: JSON) -> dict[str, JSON]:
    """Return the container's variables; with MODEL_SHA256 the service refuses any other model."""
    variables: dict[str, JSON] = {"MLDEPLOY_NAME": release.name, "MLDEPLOY_ENV": release.env}
    if isinstance(archive, Ref):
        variables["MODEL_SHA256"] = Ref(archive.step, "ModelSha256")
    if release.value("model.allowPickle"):
        variables["MODEL_ALLOW_PICKLE"] = "true"
    return variables


def _further(release: Release, role: Step, wanted: Mapping[str, JSON], weight: float) -> Variant:
    name = shortened(f"{release.resource_name}-{wanted['name']}", LONGEST_STEM)
    model = model_step(release, role, name, wanted["modelDataUrl"])
    return Variant(name=wanted["name"], model=model, weight=weight, count=wanted["count"])


def _serverless(release: Release) -> JSON:
    wanted = release.value("endpoint.serverless")
    config = {"MemorySizeInMB": wanted["memorySizeInMB"], "MaxConcurrency": wanted["maxConcurrency"]}
    warm = wanted.get("provisionedConcurrency")
    return config if warm is None else {**config, "ProvisionedConcurrency": warm}
