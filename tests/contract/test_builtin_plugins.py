"""Every built-in plugin passes the contract that third parties get."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mldeploy.testing import PluginContract, Project

PLAIN = """\
name: sentiment
instance: {type: ml.m5.xlarge, count: 1, region: eu-central-1}
"""
FULL = """\
name: sentiment
team: search
instance: {type: ml.m5.xlarge, count: 1, volumeSizeInGB: 50, region: eu-central-1}
autoscaling: {enabled: true, minInstances: 1, maxInstances: 4}
cache: {enabled: true, ttl: 3600}
expose:
  quota: {limit: 1000}
  cors: {allowOrigins: ["https://app.example.com"]}
verify:
  latencyP95Ms: 300
  requests:
    - {body: {instances: [good]}, expect: {contains: positive}}
"""


# The longest names that the create calls take, from botocore's service models and their documentation.
LONGEST_NAMES = {
    "AWS::Cognito::UserPool": 128,
    "AWS::ECR::Repository": 256,
    "AWS::ElastiCache::ReplicationGroup": 40,
    "AWS::IAM::Role": 64,
    "AWS::Lambda::Function": 64,
    "AWS::Logs::LogGroup": 512,
    "AWS::SageMaker::Endpoint": 63,
    "AWS::SageMaker::EndpointConfig": 63,
    "AWS::SageMaker::Model": 63,
}


SHARED = ".mldeploy"
"""The folder of a project's sandbox; the projects of this file share one, because each start takes seconds."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    project = Project(tmp_path_factory.mktemp("sandbox"))
    project.run_process("sandbox", "up").ok()
    yield project.folder / SHARED
    project.run_process("sandbox", "down").ok()


class _OnSageMaker(PluginContract):
    releases = (PLAIN,)
    longest_names = LONGEST_NAMES

    @pytest.fixture(autouse=True)
    def _in_sandbox(self, sandbox: Path) -> None:
        self.sandbox = sandbox

    def make_project(self, folder: Path) -> None:
        if not (folder / SHARED).exists():
            (folder / SHARED).symlink_to(self.sandbox)
        (folder / "requirements.txt").write_text("")
        (folder / "model").mkdir(exist_ok=True)
        (folder / "model" / "weights.json").write_text("[1, 2]")
        (folder / "Dockerfile").write_text("FROM scratch\n")


class TestImage(_OnSageMaker):
    plugin = "image"


class TestSageMaker(_OnSageMaker):
    plugin = "sagemaker"
    releases = (PLAIN, FULL)


class TestCache(_OnSageMaker):
    plugin = "cache"
    releases = (FULL,)


class TestApiGateway(_OnSageMaker):
    plugin = "api-gateway"
    releases = (FULL,)


class TestApigee(_OnSageMaker):
    plugin = "apigee"
    releases = (FULL.replace("expose:", "expose:\n  gateway: apigee"),)


class TestVerify(_OnSageMaker):
    plugin = "verify"
    releases = (FULL,)


class TestLocal(_OnSageMaker):
    plugin = "local"


class TestAws(_OnSageMaker):
    plugin = "aws"
