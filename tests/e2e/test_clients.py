"""Other AWS clients use the sandbox: boto3 and the AWS CLI, as the how-to page shows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.documents.pages import CHECKOUT, Page
from tests.e2e.conftest import Project
from tests.e2e.sdk_environments import python_with

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

HOW_TO = Page(CHECKOUT / "docs/how-to/use-the-sandbox-from-boto3-and-aws-cli.md")
PROGRAMS = Path(sys.executable).parent
REQUEST = '{"instances": ["I love it"]}'
SDK_2 = """
from sagemaker.deserializers import JSONDeserializer
from sagemaker.predictor import Predictor
from sagemaker.serializers import JSONSerializer

predictor = Predictor("sentiment-local", serializer=JSONSerializer(), deserializer=JSONDeserializer())
print(predictor.sagemaker_session.sagemaker_client.describe_endpoint(EndpointName="sentiment-local")["EndpointStatus"])
print(predictor.predict({"instances": ["I love it"]})["predictions"][0]["label"])
"""
SDK_3 = """
import json
from sagemaker.core.resources import Endpoint

endpoint = Endpoint.get(endpoint_name="sentiment-local", region="eu-central-1")
print(endpoint.endpoint_status)
answer = endpoint.invoke(body=json.dumps({"instances": ["I love it"]}), content_type="application/json")
print(json.loads(answer.body.read())["predictions"][0]["label"])
"""
TERRAFORM = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
data "aws_lambda_function" "cache" { function_name = "sentiment-local-cache" }
data "aws_lambda_invocation" "predict" {
  function_name = data.aws_lambda_function.cache.function_name
  input         = jsonencode({ instances = ["I love it"] })
}
output "answer" { value = data.aws_lambda_invocation.predict.result }
"""


def blocks(language: str) -> list[str]:
    return [code.text for code in HOW_TO.codes() if code.language == language]


def bash(project: Project, script: str) -> str:
    """Run a script as a user with mldeploy, aws and python on the PATH, and no AWS settings of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=project.root,
        env={**kept, "PATH": f"{PROGRAMS}:{kept['PATH']}", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


def variables(project: Project) -> dict[str, str]:
    """What `mldeploy sandbox up` tells clients."""
    lines = project.ok("sandbox", "up").out.splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


@pytest.mark.req("O5", "E6")
def test_the_shell_lines_of_the_how_to_work(deployed: Project) -> None:
    up, client, last = blocks("sh")
    out = bash(deployed, up + client)
    assert "sentiment-local\tInService" in out
    assert json.loads(out.splitlines()[-1])["predictions"][0]["label"] == "positive"
    assert last.split("\n")[0] == "mldeploy sandbox status"


@pytest.mark.req("O5")
def test_the_python_lines_of_the_how_to_work(deployed: Project) -> None:
    (script,) = blocks("python")
    (deployed.root / "client.py").write_text(script, encoding="utf-8")
    assert bash(deployed, f"{blocks('sh')[0]}\npython client.py").split() == ["positive", "negative"]


def test_aws_takes_the_address_as_an_option(deployed: Project) -> None:
    told = variables(deployed)
    address = told.pop("AWS_ENDPOINT_URL")
    settings = " ".join(f"{name}={value}" for name, value in told.items())
    command = f"{settings} aws --endpoint-url {address} --output json sagemaker list-endpoints"
    (endpoint,) = json.loads(bash(deployed, command))["Endpoints"]
    assert endpoint["EndpointName"] == "sentiment-local"
    assert endpoint["EndpointArn"].startswith("arn:aws:sagemaker:eu-central-1:")


@pytest.mark.req("E6")
def test_local_does_not_depend_on_the_proxy_or_the_profile_of_the_machine(deployed: Project) -> None:
    nowhere = "http://127.0.0.1:9"
    settings = {"HTTP_PROXY": nowhere, "http_proxy": nowhere, "HTTPS_PROXY": nowhere, "AWS_PROFILE": "no-such-profile"}
    for arguments in (["invoke", "I love it"], ["plan"], ["run"]):
        ran = deployed.mldeploy(*arguments, **settings)
        assert ran.code == 0, (arguments, ran)


def test_the_endpoint_answers_boto3_and_wrong_calls_are_refused_as_aws_refuses_them(deployed: Project) -> None:
    told = variables(deployed)
    session = boto3.Session(told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], region_name=told["AWS_REGION"])
    runtime = session.client("sagemaker-runtime", endpoint_url=told["AWS_ENDPOINT_URL"])
    sagemaker = session.client("sagemaker", endpoint_url=told["AWS_ENDPOINT_URL"])

    body = json.dumps({"instances": ["I love it"]})
    answer = runtime.invoke_endpoint(EndpointName="sentiment-local", ContentType="application/json", Body=body)
    assert json.load(answer["Body"])["predictions"][0]["label"] == "positive"
    assert answer["InvokedProductionVariant"]

    with pytest.raises(ClientError, match="not found") as missing:
        runtime.invoke_endpoint(EndpointName="no-such-endpoint", ContentType="application/json", Body=body)
    assert missing.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError) as model_error:
        runtime.invoke_endpoint(EndpointName="sentiment-local", ContentType="application/json", Body="{}")
    assert model_error.value.response["OriginalStatusCode"] == 422
    with pytest.raises(ClientError, match="ValidationException"):
        sagemaker.describe_endpoint(EndpointName="not_a_valid_name")


@pytest.mark.req("E6")
def test_curl_signs_and_predicts(deployed: Project) -> None:
    told = variables(deployed)
    user = f"{told['AWS_ACCESS_KEY_ID']}:{told['AWS_SECRET_ACCESS_KEY']}"
    address = f"{told['AWS_ENDPOINT_URL']}/endpoints/sentiment-local/invocations"
    signed = f"curl -sS --fail --aws-sigv4 aws:amz:{told['AWS_REGION']}:sagemaker --user {user}"
    answer = bash(deployed, f"{signed} -H 'content-type: application/json' -d '{REQUEST}' {address}")
    assert json.loads(answer)["predictions"][0]["label"] == "positive"


@pytest.mark.req("E6")
@pytest.mark.parametrize(
    ("name", "requirement", "script"),
    [("sagemaker-2", "sagemaker>=2,<3", SDK_2), ("sagemaker-3", "sagemaker-core>=2", SDK_3)],
)
def test_the_sagemaker_sdk_reads_and_invokes(deployed: Project, name: str, requirement: str, script: str) -> None:
    python = python_with(name, requirement)
    done = subprocess.run(
        [python, "-c", script],
        cwd=deployed.root,
        env={**os.environ, **variables(deployed)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.split()[-2:] == ["InService", "positive"], done


@pytest.mark.req("E6")
def test_terraform_reads_and_invokes(deployed: Project, tmp_path: Path) -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not installed")
    (tmp_path / "main.tf").write_text(TERRAFORM, encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **variables(deployed), "AWS_EC2_METADATA_DISABLED": "true"}
        command = [terraform, *arguments, "-no-color"]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    prepared = run("init", "-input=false")
    if prepared.returncode != 0:
        pytest.skip(f"terraform's provider hashicorp/aws cannot be installed: {prepared.stderr[-300:]}")
    applied = run("apply", "-auto-approve", "-input=false")
    assert applied.returncode == 0, applied.stderr
    assert "positive" in run("output", "answer").stdout
