"""What serves predictions on SageMaker, as steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_sagemaker.autoscaling import scaling_steps
from mldeploy_sagemaker.configuration import configuration_step
from mldeploy_sagemaker.execution_role import execution_role
from mldeploy_sagemaker.instance_quotas import quota_step
from mldeploy_sagemaker.live_settings import DESCRIBED, PLACE
from mldeploy_sagemaker.rollout import alarm_names, alarm_steps, deployment_config
from mldeploy_sagemaker.rules import problems
from mldeploy_sagemaker.variants import Variant, production_variants, shadow_variant

LOG_RETENTION_DAYS = 30


def describe_endpoint(release: Release) -> Iterator[Step | Problem]:
    """Yield role, log group, models, configuration, alarms, endpoint and scaling, for the provision phase."""
    found = list(problems(release))
    yield from found
    if any(problem.severity == "error" for problem in found):
        return
    logs = Step(
        kind="AWS::Logs::LogGroup",
        name=f"/aws/sagemaker/Endpoints/{release.resource_name}",
        phase=Phase.PROVISION,
        spec={"RetentionInDays": LOG_RETENTION_DAYS},
    )
    alarms = alarm_steps(release)
    role = execution_role(release, logs, alarm_names(release))
    variants, shadow = production_variants(release, role), shadow_variant(release, role)
    config = configuration_step(release, variants, shadow)
    endpoint = _endpoint(release, config, variants, shadow, settings=_settings(release, logs, config))
    everyone = [variant for variant in (*variants, shadow) if variant is not None]
    quota = quota_step(release, config, everyone)
    if quota is not None:
        yield quota
        endpoint = replace(endpoint, spec={**endpoint.spec, "QuotaSufficient": quota.ref("Sufficient")})
    yield from (logs, role, *(variant.model for variant in everyone), config, *alarms, endpoint)
    if release.value("autoscaling.enabled"):
        yield from scaling_steps(release, endpoint)


def _endpoint(
    release: Release, config: Step, variants: Sequence[Variant], shadow: Variant | None, *, settings: JSON
) -> Step:
    """Return the endpoint's step; everything in its spec has to be live before it counts as done."""
    everyone = [*variants, *([shadow] if shadow else [])]
    spec: dict[str, JSON] = {
        "EndpointConfigName": config.ref(Ref.NAME),
        "DeployedImages": {variant.name: Ref("@image", "Digest") for variant in everyone},
        "Models": {variant.name: variant.model.ref(Ref.NAME) for variant in everyone},
        "DesiredWeights": {variant.name: round(variant.weight, 4) for variant in variants},
        "ForeignSettings": [],
    }
    counts = {variant.name: variant.count for variant in variants if variant.count is not None}
    if counts and not release.value("autoscaling.enabled"):
        spec["DesiredInstanceCounts"] = counts
    if alarm_names(release):
        names = [step.ref(Ref.NAME) for step in alarm_steps(release)]
        spec["RollbackAlarms"] = [*names, *release.value("deployment.alarms.names")]
    if release.value("rehearsal") is not None:
        spec["Rehearsed"] = Ref("@rehearsal", "Passed")
    return Step(
        kind="AWS::SageMaker::Endpoint",
        name=release.resource_name,
        phase=Phase.PROVISION,
        spec=spec,
        settings=settings,
        provides="endpoint",
    )


def _settings(release: Release, logs: Step, config: Step) -> dict[str, JSON]:
    """Return how the endpoint changes; ManagedSettings are those that our configuration sets, variants included."""
    inner = {key for variant in config.spec["ProductionVariants"] for key in variant}
    return {
        "WaitSeconds": release.value("deployment.waitSeconds"),
        "LogGroupName": logs.name,
        "DeploymentConfig": deployment_config(release),
        "ManagedSettings": sorted(({*config.spec} - DESCRIBED) | (inner - PLACE)),
        "ReplaceFailed": release.value("deployment.replaceFailed"),
        "DropForeignSettings": release.value("deployment.dropForeignSettings"),
    }
