"""EC2's rule for security groups that something uses."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.world import World

GROUP_IN_USE = declare(
    "ec2-security-group-in-use",
    "ec2:DeleteSecurityGroup",
    says="A security group that a function or an interface endpoint uses cannot be deleted.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html",
)
IN_USE = "DependencyViolation"


def check_group(world: World, call: Call) -> None:
    """Refuse to delete what is used."""
    group = call.params.get("GroupId", "")
    if any(group in used for used in _uses(world, call.region)):
        message = f"resource {group} has a dependent object"
        raise GROUP_IN_USE.refusal(IN_USE, message)


def _uses(world: World, region: str) -> Iterator[list[str]]:
    """Yield the groups of each function and each interface endpoint."""
    for function in world.backend("lambda", region).list_functions():
        yield (function.get_configuration().get("VpcConfig") or {}).get("SecurityGroupIds") or []
    for endpoint in world.backend("ec2", region).vpc_end_points.values():
        if endpoint.state != "deleted":  # moto goes on describing them
            yield endpoint.security_group_ids or []


GUARDS = {("ec2", "DeleteSecurityGroup"): check_group}
