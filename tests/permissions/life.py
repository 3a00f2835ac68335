"""The life of a release under a policy: made, repaired after meddling, changed, rolled back, destroyed."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml

from mldeploy.testing import Project
from mldeploy.testing.project import Outcome
from mldeploy_sandbox import client
from mldeploy_sandbox.client import Running
from mldeploy_sandbox.door import USER
from mldeploy_sandbox.identity import ACCOUNT_ID, WORKLOAD_KEY_ID
from tests.crash.flows import shared_clients
from tests.crash.project import make_project, write_version

REGION = "eu-central-1"
STEM = "probe-local"
DEPLOYER = USER
MEDDLER = WORKLOAD_KEY_ID
"""Who may do anything, because the policy in force is not theirs."""
MACHINES = {1: "ml.m5.large", 2: "ml.m5.xlarge"}


@dataclass
class Life:
    """A project with a sandbox of its own, and the commands of each chapter."""

    project: Project
    running: Running

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Life]:
        """Start a sandbox for a small release; it is stopped in the end."""
        project = make_project(folder)
        with shared_clients():
            project.run("sandbox", "up").ok()
            running = client.find(folder / ".mldeploy" / "sandbox")
            assert running is not None
            try:
                yield cls(project, running)
            finally:
                project.run("sandbox", "down")

    @property
    def chapters(self) -> Mapping[str, Callable[[], Outcome]]:
        """What happens, in this order; each needs those before it."""
        return {
            "create": lambda: self.version(1),
            "repair": self.repair,
            "update": lambda: self.version(2),
            "rollback": lambda: self.project.run("rollback", "--yes"),
            "watch": self.watch,
            "destroy": self.destroy,
        }

    def version(self, number: int) -> Outcome:
        """Deploy a version; the second one has other machines, too, which pauses scaling."""
        write_version(self.project, number)
        release = self.project.folder / "release.yaml"
        text = release.read_text(encoding="utf-8")
        release.write_text(text.replace("ml.m5.large", MACHINES[number]) + "team: search\n", encoding="utf-8")
        return self.project.run("run")

    def repair(self) -> Outcome:
        """Let somebody meddle with the release, then put it right."""
        for change in MEDDLING:
            change(self._as_meddler)
        return self.project.run("run")

    def watch(self) -> Outcome:
        """Look at it in three ways; return what came out worst."""
        looks = (self.project.run(command) for command in ("logs", "status", "diagnose"))
        return max(looks, key=lambda outcome: outcome.exit_code)

    def destroy(self) -> Outcome:
        return self.project.run("destroy", "--yes")

    def move_into_vpc(self) -> None:
        """Let the release have what only some have: a VPC, a password, access logs, alarms and a dashboard."""
        subnets = [subnet["SubnetId"] for subnet in self._as_meddler("ec2").describe_subnets()["Subnets"]]
        path = self.project.folder / "release.yaml"
        release = yaml.safe_load(path.read_text(encoding="utf-8"))
        release["cache"]["vpc"] = {"subnets": subnets[:2]}
        release["expose"]["accessLogs"] = {"setAccountRole": True}
        release["monitoring"] = {"dashboard": True}
        path.write_text(yaml.safe_dump(release), encoding="utf-8")

    def belong_to(self, team: str) -> None:
        """Let another team own the release, which changes a tag of everything."""
        path = self.project.folder / "release.yaml"
        path.write_text(path.read_text(encoding="utf-8") + f"team: {team}\n", encoding="utf-8")

    def policy(self, *options: str) -> dict[str, Any]:
        """Return the deployer's policy as the command prints it."""
        printed: dict[str, Any] = self.project.run("policy", "deployer", "--account", ACCOUNT_ID, *options).ok().json
        return printed

    def enforce(self, policy: Mapping[str, Any] | None) -> None:
        """Put a policy in force; None allows everything again."""
        text = "" if policy is None else text_of(policy)
        client.ask(self.running, "POST", "policy", {"policy": text})

    def calls(self, caller: str = DEPLOYER) -> list[dict[str, Any]]:
        """Return the calls of somebody: the deployer, meddlers, or functions and containers."""
        return [call for call in client.calls(self.running) if call["caller"] == caller]

    def roles(self) -> dict[str, dict[str, Any]]:
        """Return the inline policy of each role of the release."""
        iam = self._as_meddler("iam")
        names = [role["RoleName"] for role in iam.list_roles()["Roles"] if role["RoleName"].startswith(STEM)]
        return {
            name: iam.get_role_policy(
                RoleName=name, PolicyName=iam.list_role_policies(RoleName=name)["PolicyNames"][0]
            )["PolicyDocument"]
            for name in names
        }

    def _as_meddler(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.running.url,
            region_name=REGION,
            aws_access_key_id=MEDDLER,
            aws_secret_access_key=MEDDLER,
        )


def _change_role(connect: Callable[[str], Any]) -> None:
    iam, role = connect("iam"), f"{STEM}-cache"
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=json.dumps(READS_BUCKETS))
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_policy(PolicyName="managed", PolicyDocument=json.dumps(READS_BUCKETS))
    iam.attach_role_policy(RoleName=role, PolicyArn=f"arn:aws:iam::{ACCOUNT_ID}:policy/managed")


def _change_function(connect: Callable[[str], Any]) -> None:
    functions, name = connect("lambda"), f"{STEM}-cache"
    functions.update_function_configuration(FunctionName=name, MemorySize=128)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("handler.py", "")
    functions.update_function_code(FunctionName=name, ZipFile=archive.getvalue())


def _change_pool(connect: Callable[[str], Any]) -> None:
    cognito = connect("cognito-idp")
    pool = cognito.list_user_pools(MaxResults=60)["UserPools"][0]["Id"]
    tags = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["UserPoolTags"]
    cognito.update_user_pool(UserPoolId=pool, UserPoolTags=tags, AutoVerifiedAttributes=["email"])
    cognito.update_resource_server(UserPoolId=pool, Identifier=STEM, Name="other", Scopes=[])
    found = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"][0]["ClientId"]
    cognito.update_user_pool_client(
        UserPoolId=pool, ClientId=found, ClientName=STEM, AllowedOAuthFlowsUserPoolClient=False
    )


def _change_key(connect: Callable[[str], Any]) -> None:
    gateway = connect("apigateway")
    key = gateway.get_api_keys()["items"][0]["id"]
    gateway.update_api_key(apiKey=key, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}])


def _change_repository(connect: Callable[[str], Any]) -> None:
    connect("ecr").put_image_tag_mutability(repositoryName=STEM, imageTagMutability="MUTABLE")


def _change_logs(connect: Callable[[str], Any]) -> None:
    logs, group = connect("logs"), f"/aws/lambda/{STEM}-cache"
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    logs.tag_log_group(logGroupName=group, tags={"team": "nobody"})


def _change_redis(connect: Callable[[str], Any]) -> None:
    connect("elasticache").modify_replication_group(ReplicationGroupId=STEM, CacheNodeType="cache.m7g.large")


MEDDLING = (
    _change_role,
    _change_function,
    _change_pool,
    _change_key,
    _change_repository,
    _change_logs,
    _change_redis,
)
READS_BUCKETS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def without(policy: Mapping[str, Any], action: str) -> dict[str, Any]:
    """Return a policy that lacks one action."""
    found = copy.deepcopy(dict(policy))
    for statement in found["Statement"]:
        statement["Action"] = [name for name in statement["Action"] if name != action]
    found["Statement"] = [statement for statement in found["Statement"] if statement["Action"]]
    return found


def actions(policy: Mapping[str, Any]) -> set[str]:
    """Return all actions that a policy allows."""
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def text_of(policy: Mapping[str, Any]) -> str:
    """Return a policy as the document that IAM takes."""
    return json.dumps(policy)
