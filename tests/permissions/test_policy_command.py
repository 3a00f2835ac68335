"""`mldeploy policy` as people use it: documents that IAM takes, and clear words about mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mldeploy.testing import Project
from mldeploy_sandbox.permissions.policy import matches
from tests.crash.project import make_project
from tests.permissions.life import actions

ACCOUNT = ("--account", "123456789012")
ORGANIZATION = "6b21f3ea-5a3c-4f1e-9c67-0d1f7a4a2c11"
PROJECT = "a1e2c3d4-0b5f-4e6a-8d7c-9f00112233ff"
PROVIDER = f"oidc.circleci.com/org/{ORGANIZATION}"
CIRCLECI = ("circleci", *ACCOUNT, "--organization", ORGANIZATION, "--project", PROJECT)
SOURCE = ("--origin", "github.com/octo-org/octo-repo", "--branch", "main")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def trust(project: Project, *arguments: str) -> dict[str, Any]:
    statement, *others = project.run("policy", *arguments).ok().json["Statement"]
    assert others == []
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRoleWithWebIdentity")
    return statement


@pytest.mark.req("8")
@pytest.mark.parametrize(
    ("ids", "subject"),
    [
        ((), "repo:octo-org/octo-repo:environment:prod%3Aeu"),
        (
            ("--owner-id", "123456", "--repository-id", "456789"),
            "repo:octo-org@123456/octo-repo@456789:environment:prod%3Aeu",
        ),
    ],
)
def test_github_is_trusted_for_one_environment(project, ids, subject):
    found = trust(project, "github", *ACCOUNT, "--repository", "octo-org/octo-repo", "--environment", "prod:eu", *ids)
    issuer = "token.actions.githubusercontent.com"
    assert found["Principal"] == {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{issuer}"}
    assert found["Condition"] == {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": subject}}


@pytest.mark.req("Q11")
def test_circleci_is_trusted_for_one_branch_of_one_project(project):
    found = trust(project, *CIRCLECI, *SOURCE)
    assert found["Principal"] == {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{PROVIDER}"}
    like = found["Condition"].pop("StringLike")[f"{PROVIDER}:sub"]
    assert found["Condition"] == {
        "StringEquals": {f"{PROVIDER}:aud": ORGANIZATION, f"{PROVIDER}:oidc.circleci.com/project-id": PROJECT}
    }
    user, ours = (
        f"org/{ORGANIZATION}/project/{PROJECT}/user/{PROJECT}",
        "vcs-origin/github.com/octo-org/octo-repo/vcs-ref",
    )
    assert matches(like, f"{user}/{ours}/refs/heads/main")
    for other in (
        f"{user}/{ours}/refs/heads/main2",
        f"{user}/{ours}/refs/heads/x/{ours}/refs/heads/main",
        f"{user}/vcs-origin/github.com/fork/octo-repo/vcs-ref/refs/heads/main",
        f"{user}/vcs-origin/github.com/fork/r/vcs-ref/refs/heads/x/{ours}/refs/heads/main",
        f"{user}",
    ):
        assert not matches(like, other), other


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("deployer",), "Missing option '--account'"),
        (("deployer", "--account", "12345"), "'12345' is not an account id of twelve digits"),
        (("deployer", *ACCOUNT, "--phase", "verify"), "'verify' is not one of"),
        (("deployer", *ACCOUNT, "--phase", "build", "--read-only"), "--read-only changes nothing"),
        (("github", *ACCOUNT, "--repository", "octo-org/*", "--environment", "prod"), "is not OWNER/REPOSITORY"),
        (("github", *ACCOUNT, "--repository", "o/r", "--environment", "*"), "is not the name of an environment"),
        (("github", *ACCOUNT, "--repository", "o/r", "--environment", "p", "--owner-id", "1"), "both ids or none"),
        ((*CIRCLECI, "--origin", "github.com/octo-org/*", "--branch", "main"), "is not HOST/OWNER/REPOSITORY"),
        ((*CIRCLECI, "--origin", "github.com/o/r", "--branch", "release/*"), "is not the name of a branch"),
    ],
)
def test_what_would_trust_too_many_is_refused(project, arguments, words):
    ran = project.run("policy", *arguments)
    assert (ran.exit_code, ran.stdout, words in ran.stderr) == (2, "", True), ran.stderr


@pytest.mark.req("X2")
def test_the_policy_follows_release_yaml(project):
    whole = project.run("policy", "deployer", *ACCOUNT).ok()
    assert "a managed policy has at most 6144 (--split writes several)" in whole.stderr
    project.write(
        "release.yaml",
        "name: probe\nmodel: {source: ./model}\nimage: {builder: buildah}\n"
        "instance: {type: ml.m5.large, region: us-west-2}\nstate: s3://records/ml\n",
    )
    bare = project.run("policy", "deployer", *ACCOUNT, "--env", "dev").ok().json
    cache = {
        action for action in actions(bare) if action.startswith(("lambda:", "elasticache:", "secretsmanager:", "ec2:"))
    }
    assert [action for action in cache if not re.search(r":(Describe|Get|List)", action)] == []  # looks for leftovers
    assert "ecr:GetAuthorizationToken" in actions(bare)
    resources = {resource for statement in bare["Statement"] for resource in statement["Resource"]}
    assert {"arn:aws:s3:::records", "arn:aws:s3:::records/ml/probe/dev/*"} <= resources
    assert "arn:aws:sagemaker:us-west-2:123456789012:endpoint/probe-dev" in resources
    assert "eu-central-1" not in json.dumps(bare)


def test_a_long_policy_is_written_as_managed_policies(project):
    whole = project.run("policy", "deployer", *ACCOUNT).ok().json
    written = project.run("policy", "deployer", *ACCOUNT, "--split", "policies").ok().stdout.split()[1::2]
    parts = [json.loads((project.folder / path).read_text(encoding="utf-8")) for path in written]
    assert len(parts) == 2
    assert [statement for part in parts for statement in part["Statement"]] == whole["Statement"]
    assert all(len(json.dumps(part, separators=(",", ":"))) <= 6144 for part in parts)


def test_a_read_only_policy_changes_nothing(project):
    allowed = actions(project.run("policy", "deployer", *ACCOUNT, "--read-only").ok().json)
    assert {action.partition(":")[2] for action in allowed if action.startswith("apigateway:")} == {"GET"}
    changing = re.compile(r":(Add|Attach|Create|Delete|Deregister|Pass|Put|Register|Tag|Update|Upload)")
    assert not [action for action in allowed if changing.search(action)]
    assert {"sagemaker:DescribeEndpoint", "iam:GetRolePolicy", "s3:ListBucket"} <= allowed


@pytest.mark.parametrize(
    ("key", "resource"),
    [
        ("arn:aws:kms:eu-central-1:999999999999:key/abc", "arn:aws:kms:eu-central-1:999999999999:key/abc"),
        (
            "0a1b2c3d-0000-1111-2222-333344445555",
            "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555",
        ),
        ("alias/models", "arn:aws:kms:eu-central-1:123456789012:key/*"),
    ],
)
def test_a_key_is_used_through_sagemaker_only(project, key, resource):
    release = (project.folder / "release.yaml").read_text(encoding="utf-8")
    project.write("release.yaml", f"{release}endpoint: {{kmsKeyId: '{key}'}}\n")
    statements = project.run("policy", "deployer", *ACCOUNT).ok().json["Statement"]
    found = next(statement for statement in statements if "kms:CreateGrant" in statement["Action"])
    assert found["Resource"] == [resource]
    assert found["Condition"] == {"StringEquals": {"kms:ViaService": "sagemaker.eu-central-1.amazonaws.com"}}
