"""AWS::EC2::SecurityGroup: who may open connections to whom inside the VPC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Ref, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_cache.names import cache_name, inner_group_name

INTERFACES_SECONDS = 2700
"""Lambda gives its network interfaces back 20 to 45 minutes after the function left the VPC (serverless issue 5008)."""
KIND = "AWS::EC2::SecurityGroup"


class SecurityGroupDriver(AwsDriver):
    """Spec: GroupDescription, VpcId, SecurityGroupIngress [{IpProtocol, FromPort, ToPort, SourceSecurityGroupId}].

    Outputs: GroupId. Traffic out is not limited. A group is found by its name and our tags.
    """

    service = "ec2"

    def find(self, step: Step) -> Observed | None:
        """Return our group."""
        group = next(iter(self._named(step)), None)
        if group is None:
            return None
        spec = {
            "GroupDescription": group["Description"],
            "VpcId": group["VpcId"],
            "SecurityGroupIngress": _in_order_of(
                [_rule(item) for item in group["IpPermissions"]], step.spec.get("SecurityGroupIngress", [])
            ),
        }
        tags = group.get("Tags", [])
        outputs = {"GroupId": group["GroupId"]}
        return Observed(outputs=outputs, spec=spec, owned=self.owns(tags), drift=self.tag_drift(tags))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the group, then let its callers in."""
        answer = self.client.create_security_group(
            GroupName=step.name,
            Description=step.spec["GroupDescription"],
            VpcId=step.spec["VpcId"],
            TagSpecifications=[{"ResourceType": "security-group", "Tags": self.tag_list()}],
        )
        self._allow(answer["GroupId"], step.spec["SecurityGroupIngress"])
        return {"GroupId": answer["GroupId"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Open what is missing and close what nobody asked for; a group cannot move to another VPC."""
        if observed.spec["VpcId"] != step.spec["VpcId"]:
            return super().update(step, observed)
        group_id = observed.outputs["GroupId"]
        wanted, live = step.spec["SecurityGroupIngress"], observed.spec["SecurityGroupIngress"]
        foreign = [item for group in self._named(step) for item in group["IpPermissions"] if _rule(item) not in wanted]
        if foreign:
            self.client.revoke_security_group_ingress(GroupId=group_id, IpPermissions=foreign)
        self._allow(group_id, [rule for rule in wanted if rule not in live])
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the id is enough
        """Put our tags."""
        self.client.create_tags(Resources=[observed.outputs["GroupId"]], Tags=self.tag_list())

    def remove(self, step: Step, observed: Observed) -> None:
        """Delete the group once nothing in the VPC uses it any more."""
        group_id = observed.outputs["GroupId"]

        def deleted() -> bool:
            self.client.delete_security_group(GroupId=group_id)
            return True

        self.context.wait(
            lambda: found_or_none(deleted, "DependencyViolation"),
            seconds=INTERFACES_SECONDS,
            what=f"AWS to free the network interfaces that use {step.name}",
        )

    def candidates(self) -> Iterable[Step]:
        """Yield the function's group, and that of what it calls, whose rules name the former."""
        outer, inner = cache_name(self.stem), inner_group_name(self.stem)
        caller = {"SourceSecurityGroupId": Ref(f"{KIND}/{outer}", "GroupId")}
        yield self.perhaps(KIND, outer, Phase.PROVISION)
        yield self.perhaps(KIND, inner, Phase.PROVISION, {"SecurityGroupIngress": [caller]})

    def _allow(self, group_id: str, rules: list[Mapping[str, JSON]]) -> None:
        if rules:
            permissions = [
                {
                    **{key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort")},
                    "UserIdGroupPairs": [{"GroupId": rule["SourceSecurityGroupId"]}],
                }
                for rule in rules
            ]
            self.client.authorize_security_group_ingress(GroupId=group_id, IpPermissions=permissions)

    def _named(self, step: Step) -> list[dict[str, Any]]:
        """Return the groups of this name, ours first: names are unique only within a VPC."""
        filters = [{"Name": "group-name", "Values": [step.name]}]
        groups = self.client.describe_security_groups(Filters=filters)["SecurityGroups"]
        if isinstance(step.spec.get("VpcId"), str):
            groups = [group for group in groups if self._is_ours(group) or group["VpcId"] == step.spec["VpcId"]]
        else:
            groups = [group for group in groups if self._is_ours(group)]
        return sorted(groups, key=lambda group: not self._is_ours(group))

    def _is_ours(self, group: Mapping[str, Any]) -> bool:
        return self.owns(group.get("Tags", []))


def _in_order_of(live: list[Mapping[str, JSON]], wanted: JSON) -> list[Mapping[str, JSON]]:
    """Return the live rules with the wanted ones first: AWS keeps no order."""
    return [*(rule for rule in wanted if rule in live), *(rule for rule in live if rule not in wanted)]


def _rule(permission: Mapping[str, Any]) -> Mapping[str, JSON]:
    """Return a permission in the step's words; one that is open to others than a single group names them."""
    pairs = permission.get("UserIdGroupPairs", [])
    ranges = [found.get("CidrIp") for found in permission.get("IpRanges", [])]
    only = pairs[0]["GroupId"] if len(pairs) == 1 and not ranges else [*(pair["GroupId"] for pair in pairs), *ranges]
    return {
        "IpProtocol": permission["IpProtocol"],
        "FromPort": permission.get("FromPort"),
        "ToPort": permission.get("ToPort"),
        "SourceSecurityGroupId": only,
    }
