"""What moto would load and nobody here asks for: EC2's catalogue of instances, and AWS's managed policies at once."""

from __future__ import annotations

from typing import Any

from moto.core.config import default_user_config

from mldeploy_sandbox.plane import AwsError, Call, Gate
from mldeploy_sandbox.world import World

CATALOGUE = ("ec2/resources/instance_types.json", "ec2/resources/instance_type_offerings")
INSTANCES = frozenset(
    {
        ("ec2", "DescribeInstanceTypes"),
        ("ec2", "DescribeInstanceTypeOfferings"),
        ("ec2", "RunInstances"),
        ("ec2", "RequestSpotInstances"),
        ("ec2", "RequestSpotFleet"),
        ("ec2", "CreateFleet"),
    }
)
"""Operations that need the catalogue: the sandbox has networks, no machines."""

AWS_POLICY = ":iam::aws:policy/"


def leave_catalogue_out() -> None:
    """Keep moto from reading EC2's catalogue, which takes 85 MB and a second; call it before moto's EC2 is imported."""
    from moto.utilities import utils  # noqa: PLC0415 - changed here, so named here

    read = utils.load_resource

    def read_the_rest(resource: str) -> Any:
        return ({} if resource == CATALOGUE[0] else []) if resource.startswith(CATALOGUE) else read(resource)

    utils.load_resource = read_the_rest


class LateLoading(Gate):
    """A gate that loads AWS's managed policies (20 MB) when the first call names one, and refuses EC2's machines."""

    def __init__(self, world: World) -> None:
        self._world = world

    def before(self, call: Call) -> None:
        """Prepare what the call needs.

        Raises:
            AwsError: it needs the catalogue of instances (501).
        """
        if (call.service, call.operation) in INSTANCES:
            code, message = "NotImplemented", "the sandbox has no EC2 instances, only networks"
            raise AwsError(code, message, 501)
        if call.service == "iam" and (AWS_POLICY in call.params.get("PolicyArn", "") or _lists_policies(call)):
            self._load_policies()

    def _load_policies(self) -> None:
        with self._world.moto.lock:
            store = self._world.backend("iam", "global")
            if store.aws_managed_policies:
                return
            default_user_config["iam"] = {"load_aws_managed_policies": True}
            store.aws_managed_policies = store._init_aws_policies()  # noqa: SLF001 - moto loads them at start or never
            store.managed_policies |= {policy.arn: policy for policy in store.aws_managed_policies}


def _lists_policies(call: Call) -> bool:
    return call.operation == "ListPolicies" and call.params.get("Scope") != "Local"
