"""An AWS account that answers everything and refuses one operation for a while, behind the real call contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session

from mldeploy import Context, Driver, Observed, Phase, Step
from mldeploy_aws.log_groups import LogGroupDriver
from mldeploy_aws.roles import RoleDriver
from mldeploy_aws.world import Aws, PublicAddresses
from mldeploy_cache.bundle import code_sha256, function_zip
from mldeploy_cache.functions import FunctionDriver
from mldeploy_cache.replication_groups import ReplicationGroupDriver
from mldeploy_cache.security_groups import SecurityGroupDriver
from mldeploy_container.image_scans import ImageScanDriver
from mldeploy_container.images import ImageDriver
from mldeploy_container.repositories import RepositoryDriver
from mldeploy_gateway.rest_apis import RestApiDriver
from mldeploy_gateway.stages import StageDriver
from mldeploy_gateway.usage_plans import UsagePlanDriver
from mldeploy_gateway.user_pools import UserPoolDomainDriver, UserPoolDriver
from mldeploy_sagemaker.endpoint_configs import EndpointConfigDriver
from mldeploy_sagemaker.endpoints import EndpointDriver
from mldeploy_sagemaker.models import ModelDriver
from mldeploy_sagemaker.scaling import ScalingPolicyDriver
from tests.aws.stubbed import ACCOUNT_ID, REGION, Time

TAGS = {"mldeploy:name": "probe", "mldeploy:environment": "dev"}
TAG_LIST = [{"Key": key, "Value": value} for key, value in TAGS.items()]
ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/probe-dev"
MADE = {"createdDate": "2026-01-01T00:00:00Z", "tags": TAGS, "name": "probe-dev"}
FUNCTION = {
    "FunctionName": "probe-dev-cache",
    "FunctionArn": "arn:f",
    "CodeSha256": code_sha256(function_zip()),
    "Role": ARN,
    "Environment": {"Variables": {}},
    "State": "Active",
}
ENDPOINT = {
    "EndpointName": "probe-dev",
    "EndpointArn": "arn:e",
    "EndpointConfigName": "probe-dev-1",
    "EndpointStatus": "InService",
}
GROUP = {"ReplicationGroupId": "probe-dev", "Status": "available", "Description": "mldeploy probe dev"}
GONE = {"Error": {"Code": "ReplicationGroupNotFoundFault", "Message": "it is gone"}}
POOL = {"Id": "p1", "Name": "probe-dev", "Arn": "arn:p", "UserPoolTags": TAGS, "CreationDate": 1}
DOMAIN = {"UserPoolId": "somebody-elses", "Status": "ACTIVE"}
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "BatchGetImage": {"images": []},
    "CreateEndpointConfig": {"EndpointConfigArn": "arn:c"},
    "CreateFunction": FUNCTION,
    "CreateModel": {"ModelArn": "arn:m"},
    "CreateRestApi": {"id": "a1"},
    "CreateRole": {"Role": {"Arn": ARN}},
    "DescribeEndpoint": ENDPOINT,
    "DescribeImageScanFindings": {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": []}},
    "DescribeEndpointConfig": {"EndpointConfigName": "probe-dev-1", "EndpointConfigArn": "arn:c"},
    "DescribeLogGroups": {"logGroups": [{"logGroupName": "probe-dev", "arn": "arn:l", "retentionInDays": 30}]},
    "DescribeReplicationGroups": {"ReplicationGroups": [GROUP]},
    "DescribeUserPool": {"UserPool": POOL},
    "DescribeUserPoolDomain": {"DomainDescription": DOMAIN},
    "GetCallerIdentity": {"Account": ACCOUNT_ID},
    "GetFunction": {"Configuration": FUNCTION, "Tags": TAGS},
    "GetFunctionConfiguration": FUNCTION,
    "GetRestApis": {"items": [{**MADE, "id": "a1"}]},
    "GetRole": {"Role": {"Arn": ARN, "AssumeRolePolicyDocument": "{}", "Tags": []}},
    "GetUsagePlans": {"items": [{"id": "u1", "name": "probe-dev", "tags": TAGS}]},
    "ListAttachedRolePolicies": {"AttachedPolicies": []},
    "ListRolePolicies": {"PolicyNames": []},
    "ListTags": {"Tags": TAG_LIST},
    "ListTagsLogGroup": {"tags": TAGS},
    "ListUserPools": {"UserPools": [POOL]},
    "PutScalingPolicy": {"PolicyARN": "arn:s"},
}
"""What AWS answers where nothing is wrong: as much of it as drivers read."""


@dataclass
class Refusal:
    """An error that an operation answers with: code, message, status, how many times."""

    operation: str
    code: str
    text: str = ""
    times: int = 1
    status: int = 400


class RefusingAccount(Aws):
    """The door `aws`; `asked` are the operations in the order of the calls. Its clients are slow to make: share it."""

    def __init__(self) -> None:
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        session.set_config_variable("region", REGION)
        session.set_credentials("x", "x")
        session.register("before-call", self._answer)
        self.time = Time()
        self.asked: list[str] = []
        super().__init__(session, PublicAddresses(REGION), patience=self.time.patience)

    def refuse(self, refusal: Refusal, answers: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Begin anew: refuse an operation, and give some other answers than usual."""
        self._refusal = refusal
        self._answers = {**ANSWERS, **(answers or {})}
        self.asked.clear()
        self.time.slept.clear()

    def _answer(self, model: Any, **_more: Any) -> tuple[Any, Mapping[str, Any]]:
        self.asked.append(model.name)
        refusal, status = self._refusal, 200
        body = dict(self._answers.get(model.name, {}))
        if model.name == refusal.operation and self.asked.count(model.name) <= refusal.times:
            body, status = {"Error": {"Code": refusal.code, "Message": refusal.text}}, refusal.status
        elif model.name == "DescribeReplicationGroups" and self.asked[-2:-1] == ["DeleteReplicationGroup"]:
            body, status = dict(GONE), 400
        body["ResponseMetadata"] = {"HTTPStatusCode": status, "RequestId": "4711"}
        return SimpleNamespace(status_code=status), body


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that a driver is asked to do: apply a step that is or is not there, or delete it."""

    driver: Callable[[Context], Driver]
    spec: Mapping[str, Any] = field(default_factory=dict)
    live: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    deletes: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def perform(self, account: Aws, folder: Path) -> None:
        """Do it against an account."""
        context = Context(
            name="probe",
            env="dev",
            root=folder,
            config={},
            tags=TAGS,
            find_provider=lambda _kind, _context: account,
            emit=lambda _event: None,
        )
        step = Step(kind="Test::It", name="probe-dev", phase=Phase.EXPOSE, spec=self.spec, settings=self.settings)
        seen = Observed(outputs=self.outputs, spec=self.live or {})
        driver = self.driver(context)
        if self.deletes:
            driver.delete(step, seen)
        else:
            driver.apply(step, None if self.live is None else seen)


LAMBDA = {"CodeSha256": FUNCTION["CodeSha256"], "Role": ARN, "Environment": {"Variables": {}}}
DOCUMENT = {"info": {"title": "probe-dev"}}
API = {"EndpointConfiguration": {"Types": ["REGIONAL"]}, "Body": DOCUMENT}
ROLE = {"AssumeRolePolicyDocument": {}, "Policies": [{"PolicyName": "p", "PolicyDocument": {}}]}
POLICY = {"ResourceId": "endpoint/probe-dev/variant/main", "PolicyType": "TargetTrackingScaling"}
STAGE = {
    "RestApiId": "a1",
    "DeploymentId": "d1",
    "AccessLogSetting": None,
    "MethodSettings": [{"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1}],
}
MODEL = {
    "ExecutionRoleArn": ARN,
    "PrimaryContainer": {"Image": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/probe@sha256:0"},
}
CONFIG = {"ProductionVariants": [{"VariantName": "main", "ModelName": "m"}]}
SCANNED = {"RepositoryName": "probe-dev", "ImageUri": "r/probe-dev@sha256:0", "Digest": "sha256:0"}
LOST_IMAGE = {
    "RepositoryName": "probe-dev",
    "RepositoryUri": "r/probe-dev",
    "Builder": "docker",
    "Dockerfile": "Dockerfile",
    "ContextSha256": "of files that have changed since",
}
GATE = {"FailOn": "HIGH", "WaitSeconds": 5, "Waivers": []}
WANTED = {"EndpointConfigName": "probe-dev-1"}
ACTS: Mapping[str, Act] = {
    "make a model": Act(driver=ModelDriver, spec=MODEL),
    "make a configuration": Act(driver=EndpointConfigDriver, spec=CONFIG),
    "make an endpoint": Act(driver=EndpointDriver, spec=WANTED),
    "wait for an endpoint": Act(driver=EndpointDriver, spec=WANTED, settings={"WaitSeconds": 0.01}),
    "move an endpoint": Act(driver=EndpointDriver, spec={"EndpointConfigName": "probe-dev-2"}, live={}),
    "make a policy": Act(driver=ScalingPolicyDriver, spec=POLICY),
    "make a function": Act(driver=FunctionDriver, spec=LAMBDA),
    "change a function's code": Act(driver=FunctionDriver, spec=LAMBDA, live={**LAMBDA, "CodeSha256": "old"}),
    "make an API": Act(driver=RestApiDriver, spec=API),
    "delete an API": Act(driver=RestApiDriver, deletes=True),
    "make a stage": Act(driver=StageDriver, spec=STAGE),
    "delete a usage plan": Act(driver=UsagePlanDriver, deletes=True),
    "delete a pool": Act(driver=UserPoolDriver, deletes=True),
    "make a domain": Act(driver=UserPoolDomainDriver, spec={"UserPoolId": "p1"}),
    "make a role": Act(driver=RoleDriver, spec=ROLE),
    "delete a role": Act(driver=RoleDriver, deletes=True, live={"Policies": [], "ManagedPolicyArns": []}),
    "bring an image back": Act(driver=ImageDriver, spec=LOST_IMAGE),
    "pass an image scan": Act(driver=ImageScanDriver, spec=SCANNED, settings=GATE),
    "make a log group": Act(driver=LogGroupDriver, spec={"RetentionInDays": 30}),
    "delete a repository": Act(driver=RepositoryDriver, deletes=True),
    "delete Redis": Act(driver=ReplicationGroupDriver, deletes=True),
    "delete a security group": Act(driver=SecurityGroupDriver, deletes=True, outputs={"GroupId": "sg-1"}),
}
