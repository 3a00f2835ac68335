"""mldeploy::Network: the VPC that the subnets of release.yaml belong to; looked up, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy import Context, DeployError, Observed, Step, Task
from mldeploy.model import JSON
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import translated

UNKNOWN = ("InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed")


class NetworkLookup(Task):
    """Spec: SubnetIds. Outputs: VpcId."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def read(self, step: Step) -> Observed | None:
        """Return the network as it is; None when a subnet is missing, so that applying says so."""
        with translated(f"reading {step.id}"):
            vpcs = {subnet["VpcId"] for subnet in self._subnets(step)}
        if len(vpcs) != 1:
            return None
        return Observed(outputs={"VpcId": vpcs.pop()}, spec=step.spec)

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:
        """Return what was looked up.

        Raises:
            DeployError: a subnet does not exist in this account and region, or they are in several VPCs.
        """
        found = observed or self.read(step)
        if found is None:
            message = f"the subnets {', '.join(step.spec['SubnetIds'])} are not all there, or not in one VPC"
            hint = "compare cache.vpc.subnets with `aws ec2 describe-subnets` in instance.region"
            raise DeployError(message, hint=hint)
        return found.outputs

    def _subnets(self, step: Step) -> list[Mapping[str, Any]]:
        client = self.context.provider("aws").client("ec2")
        wanted = step.spec["SubnetIds"]
        answer = found_or_none(lambda: client.describe_subnets(SubnetIds=wanted), *UNKNOWN)
        return list(answer["Subnets"]) if answer else []
