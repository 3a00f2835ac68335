"""The planes of a sandbox: what it answers itself instead of moto."""

from __future__ import annotations

from mldeploy_sandbox import alarm_states, apigateway, apigee, cache, cognito, ecr, lambda_plane, quotas, sagemaker
from mldeploy_sandbox.kubernetes import eks
from mldeploy_sandbox.plane import Plane
from mldeploy_sandbox.world import World


def make_planes(world: World) -> list[Plane]:
    """Make every plane."""
    modules = (ecr, sagemaker, lambda_plane, apigateway, cognito, cache, quotas, alarm_states, apigee, eks)
    return [module.plane(world) for module in modules]
