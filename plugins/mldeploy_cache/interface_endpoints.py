"""AWS::EC2::VPCEndpoint: the way from inside the VPC to an AWS service, for a function that has no internet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import DeployError, Observed, Phase, Ref, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver
from mldeploy_cache.names import SERVICES, endpoint_name, inner_group_name

WAIT_SECONDS = 600
LIVE = ("pendingAcceptance", "pending", "available")
NAME = "Name"


class InterfaceEndpointDriver(AwsDriver):
    """Spec: VpcId, ServiceName (such as `sagemaker.runtime`), SubnetIds, SecurityGroupIds. Outputs: VpcEndpointId.

    Endpoints have no names of their own: ours carry the step's name in the tag `Name`. Private DNS is on, so that the
    function's SDK needs no setting.
    """

    service = "ec2"

    def find(self, step: Step) -> Observed | None:
        """Return our endpoint; one that is still being made has no spec, so that applying waits for it."""
        endpoint = next(iter(self._ours(step)), None)
        if endpoint is None:
            return None
        outputs = {"VpcEndpointId": endpoint["VpcEndpointId"]}
        if endpoint["State"].lower() != "available":
            return Observed(outputs=outputs)
        spec = {
            "VpcId": endpoint["VpcId"],
            "ServiceName": endpoint["ServiceName"].removeprefix(self._prefix),
            "SubnetIds": _in_order_of(endpoint.get("SubnetIds", []), step.spec.get("SubnetIds")),
            "SecurityGroupIds": [group["GroupId"] for group in endpoint.get("Groups", [])],
        }
        return Observed(outputs=outputs, spec=spec, drift=self.tag_drift(endpoint.get("Tags", [])))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the endpoint and wait until it can be used.

        Raises:
            DeployError: the VPC has an endpoint for this service already.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - drivers are imported before any AWS is needed

        tags = [*self.tag_list(), {"Key": NAME, "Value": step.name}]
        try:
            answer = self.client.create_vpc_endpoint(
                VpcEndpointType="Interface",
                VpcId=step.spec["VpcId"],
                ServiceName=f"{self._prefix}{step.spec['ServiceName']}",
                SubnetIds=step.spec["SubnetIds"],
                SecurityGroupIds=step.spec["SecurityGroupIds"],
                PrivateDnsEnabled=True,
                TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}],
            )
        except ClientError as error:
            if "conflicting DNS domain" in str(error):
                message = f"the VPC has an endpoint for {step.spec['ServiceName']} already"
                raise DeployError(message, hint="set cache.vpc.interfaceEndpoints to false to use it") from error
            raise
        self._wait(step)
        return {"VpcEndpointId": answer["VpcEndpoint"]["VpcEndpointId"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Wait until the endpoint can be used, then change its subnets and groups."""
        self._wait(step)
        live = self.find(step)
        if live is None:
            return self.create(step)
        if live.spec["VpcId"] != step.spec["VpcId"] or live.spec["ServiceName"] != step.spec["ServiceName"]:
            return super().update(step, observed)
        changes = {
            **_difference("Subnet", live.spec["SubnetIds"], step.spec["SubnetIds"]),
            **_difference("SecurityGroup", live.spec["SecurityGroupIds"], step.spec["SecurityGroupIds"]),
        }
        if changes:
            self.client.modify_vpc_endpoint(VpcEndpointId=observed.outputs["VpcEndpointId"], **changes)
            self._wait(step)
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the id is enough
        """Put our tags."""
        self.client.create_tags(Resources=[observed.outputs["VpcEndpointId"]], Tags=self.tag_list())

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all that are ours go
        """Delete our endpoints and wait until their interfaces are gone."""
        ids = [endpoint["VpcEndpointId"] for endpoint in self._ours(step)]
        if ids:
            self.client.delete_vpc_endpoints(VpcEndpointIds=ids)
            self.context.wait(
                lambda: None if self._all(step) else True, seconds=WAIT_SECONDS, what=f"AWS to delete {step.name}"
            )

    def candidates(self) -> Iterable[Step]:
        """Yield the endpoints of the services that a function may call; their security group goes after them."""
        used = {"SecurityGroupIds": [Ref(f"AWS::EC2::SecurityGroup/{inner_group_name(self.stem)}", "GroupId")]}
        for service in SERVICES:
            yield self.perhaps("AWS::EC2::VPCEndpoint", endpoint_name(self.stem, service), Phase.PROVISION, used)

    @property
    def _prefix(self) -> str:
        return f"com.amazonaws.{self.aws.region}."

    def _wait(self, step: Step) -> None:
        def available() -> bool | None:
            states = {endpoint["State"].lower() for endpoint in self._ours(step)}
            if states & {"failed", "rejected"}:
                message = f"the interface endpoint {step.name} is {', '.join(states)}"
                raise DeployError(message, hint="delete it in the VPC console and run again")
            return True if not states or "available" in states else None

        self.context.wait(available, seconds=WAIT_SECONDS, what=f"the interface endpoint {step.name}")

    def _ours(self, step: Step) -> list[dict[str, Any]]:
        return [endpoint for endpoint in self._all(step) if not endpoint["State"].lower().startswith("delet")]

    def _all(self, step: Step) -> list[dict[str, Any]]:
        filters = [{"Name": f"tag:{NAME}", "Values": [step.name]}]
        pages = self.client.get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
        found = [endpoint for page in pages for endpoint in page["VpcEndpoints"]]
        ours = [endpoint for endpoint in found if self.owns(endpoint.get("Tags", []))]
        return [endpoint for endpoint in ours if endpoint["State"].lower() != "deleted"]


def _difference(kind: str, live: list[str], wanted: list[str]) -> dict[str, list[str]]:
    added, removed = [item for item in wanted if item not in live], [item for item in live if item not in wanted]
    return {
        **({f"Add{kind}Ids": added} if added else {}),
        **({f"Remove{kind}Ids": removed} if removed else {}),
    }


def _in_order_of(live: list[str], wanted: JSON) -> list[str]:
    """Return the live ids in the order of the wanted ones: AWS keeps none."""
    order = list(wanted) if isinstance(wanted, list) else []
    return sorted(live, key=lambda item: (order.index(item) if item in order else len(order), item))
