"""The tools that are compared: which commands deploy for the first time, and again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3
from projects import change_release, write_chalice_app, write_mlflow_model

from mldeploy_sandbox.client import Running

HERE = Path(__file__).parent
BUCKET = "bench-models"
REGION = "eu-central-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool in a folder: `commands` by what they do (first, again, changed), to be given in this order."""

    name: str
    makes: str
    commands: Mapping[str, Command]
    folder: Path


def own(folder: Path) -> Tool:
    """Return this checkout's mldeploy."""
    run = (sys.executable, "-m", "mldeploy", "run", "--env", "dev", "--yes")
    commands = {"first": run, "again": run, "changed": run}
    return Tool(name="mldeploy", makes="everything, verified", commands=commands, folder=folder)


def sequential(folder: Path, image: str) -> Tool:
    """Return the boto3 script."""
    run = (sys.executable, HERE / "sequential.py", "script", image, BUCKET)
    return Tool(name="boto3 script", makes="everything", commands={"first": run, "again": run}, folder=folder)


def mlflow(folder: Path, image: str, programs: Path, running: Running) -> Tool:
    """Return MLflow's deployments to SageMaker; role and bucket are made here, because it takes them as they are."""
    keys = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup", "region_name": REGION}
    iam, s3 = (boto3.client(service, endpoint_url=running.url, **keys) for service in ("iam", "s3"))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    role = iam.create_role(RoleName="mlflow", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    model = write_mlflow_model(folder)
    settings = {
        "image_url": image,
        "bucket": BUCKET,
        "execution_role_arn": role,
        "instance_type": "ml.m5.large",
        "instance_count": "1",
    }
    options = [word for key, value in settings.items() for word in ("-C", f"{key}={value}")]
    said = ("-t", f"sagemaker:/{REGION}", "--name", "bench-mlflow", "-m", model, "-f", "python_function", *options)
    commands = {
        "first": (programs / "mlflow", "deployments", "create", *said),
        "again": (programs / "mlflow", "deployments", "update", *said),
    }
    return Tool(name="MLflow", makes="the endpoint alone", commands=commands, folder=folder)


def chalice(folder: Path, programs: Path) -> Tool:
    """Return Chalice, which deploys a function behind a REST API."""
    run = (programs / "chalice", "deploy", "--stage", "dev")
    app = write_chalice_app(folder)
    return Tool(name="Chalice", makes="function and REST API", commands={"first": run, "again": run}, folder=app)


def prepare(tool: Tool, act: str) -> None:
    """Do what comes before a command: a changed release has another model."""
    if act == "changed":
        change_release(tool.folder)
