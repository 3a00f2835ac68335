"""AWS::IAM::Role with its inline policies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none


class RoleDriver(AwsDriver):
    """Spec: AssumeRolePolicyDocument, Policies [{PolicyName, PolicyDocument}], ManagedPolicyArns. Outputs: Arn."""

    service = "iam"

    def find(self, step: Step) -> Observed | None:
        """Return the role with all of its policies."""
        answer = found_or_none(lambda: self.client.get_role(RoleName=step.name), "NoSuchEntity")
        if answer is None:
            return None
        role = answer["Role"]
        names = self.client.list_role_policies(RoleName=step.name)["PolicyNames"]
        attached = self.client.list_attached_role_policies(RoleName=step.name)["AttachedPolicies"]
        return Observed(
            outputs={"Arn": role["Arn"]},
            spec={
                "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
                "Policies": [self._policy(step.name, name) for name in sorted(names)],
                "ManagedPolicyArns": sorted(policy["PolicyArn"] for policy in attached),
            },
            owned=self.owns(role.get("Tags", [])),
            drift=self.tag_drift(role.get("Tags", [])),
        )

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the role, then its policies."""
        trust = json.dumps(step.spec["AssumeRolePolicyDocument"])
        answer = self.client.create_role(RoleName=step.name, AssumeRolePolicyDocument=trust, Tags=self.tag_list())
        self._put_policies(step)
        return {"Arn": answer["Role"]["Arn"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Put trust and policies, and remove policies that are not in the spec."""
        trust = json.dumps(step.spec["AssumeRolePolicyDocument"])
        self.client.update_assume_role_policy(RoleName=step.name, PolicyDocument=trust)
        self._put_policies(step)
        wanted = {policy["PolicyName"] for policy in step.spec.get("Policies", [])}
        for policy in observed.spec["Policies"]:
            if policy["PolicyName"] not in wanted:
                self.client.delete_role_policy(RoleName=step.name, PolicyName=policy["PolicyName"])
        for arn in set(observed.spec["ManagedPolicyArns"]) - set(step.spec.get("ManagedPolicyArns", [])):
            self.client.detach_role_policy(RoleName=step.name, PolicyArn=arn)
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Put our tags."""
        self.client.tag_role(RoleName=step.name, Tags=self.tag_list())

    def remove(self, step: Step, observed: Observed) -> None:
        """Empty the role and delete it: IAM refuses to delete a role that has policies."""
        for policy in observed.spec["Policies"]:
            self.client.delete_role_policy(RoleName=step.name, PolicyName=policy["PolicyName"])
        for arn in observed.spec["ManagedPolicyArns"]:
            self.client.detach_role_policy(RoleName=step.name, PolicyArn=arn)
        self.client.delete_role(RoleName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the roles whose names begin with the name of the release."""
        for page in self.client.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if role["RoleName"].startswith(f"{self.stem}-"):
                    yield Step(kind="AWS::IAM::Role", name=role["RoleName"], phase=Phase.PROVISION)

    def _policy(self, role: str, name: str) -> JSON:
        found = self.client.get_role_policy(RoleName=role, PolicyName=name)
        return {"PolicyName": name, "PolicyDocument": found["PolicyDocument"]}

    def _put_policies(self, step: Step) -> None:
        for policy in step.spec.get("Policies", []):
            document = json.dumps(policy["PolicyDocument"])
            self.client.put_role_policy(RoleName=step.name, PolicyName=policy["PolicyName"], PolicyDocument=document)
        for arn in step.spec.get("ManagedPolicyArns", []):
            self.client.attach_role_policy(RoleName=step.name, PolicyArn=arn)
