"""AWS::WAFv2::WebACLAssociation: a web ACL of somebody's in front of the stage."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Observed, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_gateway.api_gateway_driver import NOT_FOUND


class WebAclDriver(AwsDriver):
    """Spec: ResourceArn (of the stage), WebACLArn. No outputs.

    A stage has one web ACL at most, and says which; another one takes its place
    (https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html).
    """

    service = "wafv2"
    parents = ("ResourceArn",)

    def find(self, step: Step) -> Observed | None:
        """Return the web ACL of the stage; the stage is ours, so what stands in front of it is."""
        _, _, api_id, _, stage_name = step.spec["ResourceArn"].rsplit(":", 1)[1].split("/")
        client = self.aws.client("apigateway")
        stage = found_or_none(lambda: client.get_stage(restApiId=api_id, stageName=stage_name), NOT_FOUND)
        arn = (stage or {}).get("webAclArn")
        return Observed(spec={"ResourceArn": step.spec["ResourceArn"], "WebACLArn": arn}) if arn else None

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Put the web ACL in front of the stage."""
        self.client.associate_web_acl(WebACLArn=step.spec["WebACLArn"], ResourceArn=step.spec["ResourceArn"])
        return {}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - it is replaced
        """Put it in the place of another one."""
        return self.create(step)

    def remove(self, step: Step, observed: Observed) -> None:
        """Take our web ACL away; one that somebody else has put there stays."""
        if observed.spec["WebACLArn"] == step.spec["WebACLArn"]:
            self.client.disassociate_web_acl(ResourceArn=step.spec["ResourceArn"])
