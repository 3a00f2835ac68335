"""A real sandbox per test module, boto3 clients of it, and process images small enough to be quick."""

from __future__ import annotations

import hashlib
import io
import json
import math
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from mldeploy_sandbox import client
from mldeploy_sandbox.client import Running
from mldeploy_sandbox.settings import settings_from_environment

REGION = "eu-central-1"
REPOSITORY = "services"
REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
SERVICE = """
import http.server, json, os, pathlib, sys, time

print("starting version", os.environ.get("VERSION"), "with", sys.argv[1:])
if os.environ.get("BREAK") == "at start":
    sys.exit("cannot load the model")

class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, document, **headers):
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"die":
            os._exit(7)
        if body == b"fail":
            return self.answer(500, {"detail": "out of cheese"})
        model = os.environ.get("SM_MODEL_DIR")
        self.answer(
            200,
            {
                "path": self.path,
                "version": os.environ.get("VERSION"),
                "pid": os.getpid(),
                "body": body.decode(),
                "content_type": self.headers["Content-Type"],
                "accept": self.headers["Accept"],
                "attributes": self.headers["X-Amzn-SageMaker-Custom-Attributes"],
                "model": pathlib.Path(model, "weights.txt").read_text() if model else None,
                "endpoint_url": os.environ.get("AWS_ENDPOINT_URL"),
                "image": os.environ.get("FROM_IMAGE"),
            },
            X_Amzn_SageMaker_Custom_Attributes="seen",
        )

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def tar_gz(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def eventually(check: Callable[[], Any], *, seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
    return found


def sandbox_seconds(real: int) -> int:
    """Return how many seconds of a sandbox's clock pass in some real ones."""
    return math.ceil(real * (settings_from_environment().speed or 1))


class Sandbox:
    """A running sandbox as a test uses it."""

    def __init__(self, running: Running, folder: Path, *, patient: bool = True) -> None:
        """In strict mode the clients of a patient one let the clock move on until what they ask can be answered."""
        self.running = running
        self.folder = folder
        self._patient = patient and running.mode == "strict"
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a client that retries nothing and leaves all checks to the sandbox."""
        if (service, region) not in self._clients:
            made = boto3.client(
                service,
                endpoint_url=self.running.url,
                region_name=region,
                aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
                aws_secret_access_key="anything",
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            )
            if self._patient:
                from tests.sandbox.patience import be_patient  # plain mode goes without moto in this process

                be_patient(made, self.advance)
            self._clients[service, region] = made
        return self._clients[service, region]

    def push(self, *, label: str | None = "process", source: str = SERVICE, layer: bytes | None = None) -> str:
        """Push an image of one Python file and return its reference by digest."""
        ecr = self.client("ecr")
        if not any(r["repositoryName"] == REPOSITORY for r in ecr.describe_repositories()["repositories"]):
            ecr.create_repository(repositoryName=REPOSITORY)
        blob = tar_gz({"app/serve.py": source}) if layer is None else layer
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Entrypoint": [sys.executable, "serve.py"],
                "Env": ["FROM_IMAGE=yes"],
                "WorkingDir": "/app",
                "Labels": {"io.mldeploy.builder": label} if label else {},
            },
        }
        parts = [self.push_blob(json.dumps(config).encode()), self.push_blob(blob)]
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", **parts[0]},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **parts[1]}],
        }
        text = json.dumps(manifest)
        tag = hashlib.sha256(text.encode()).hexdigest()[:12]
        try:
            image = ecr.put_image(repositoryName=REPOSITORY, imageManifest=text, imageTag=tag)["image"]
        except ecr.exceptions.ImageAlreadyExistsException:
            image = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])["images"][0]
        return f"{REGISTRY}/{REPOSITORY}@{image['imageId']['imageDigest']}"

    def push_blob(self, blob: bytes) -> dict[str, Any]:
        ecr = self.client("ecr")
        digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        known = ecr.batch_check_layer_availability(repositoryName=REPOSITORY, layerDigests=[digest])["layers"]
        if not known or known[0]["layerAvailability"] != "AVAILABLE":
            upload = ecr.initiate_layer_upload(repositoryName=REPOSITORY)["uploadId"]
            ecr.upload_layer_part(
                repositoryName=REPOSITORY,
                uploadId=upload,
                partFirstByte=0,
                partLastByte=len(blob) - 1,
                layerPartBlob=blob,
            )
            ecr.complete_layer_upload(repositoryName=REPOSITORY, uploadId=upload, layerDigests=[digest])
        return {"size": len(blob), "digest": digest}

    def role(self) -> str:
        iam = self.client("iam")
        try:
            return iam.get_role(RoleName="sagemaker")["Role"]["Arn"]
        except iam.exceptions.NoSuchEntityException:
            return iam.create_role(RoleName="sagemaker", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]

    def cluster(self, name: str) -> None:
        """Create an EKS cluster."""
        role = "arn:aws:iam::123456789012:role/cluster"
        self.client("eks").create_cluster(name=name, roleArn=role, resourcesVpcConfig={})

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        client.ask(self.running, "POST", "clock", {"advance": str(seconds)})

    def configure(
        self, name: str, *, image: str | None = None, environment: dict[str, str] | None = None, **variant: Any
    ) -> str:
        """Create a model and an endpoint configuration of the same name."""
        sagemaker = self.client("sagemaker")
        container = {"Image": image or self.push(), "Environment": environment or {}}
        if "ModelDataUrl" in variant:
            container["ModelDataUrl"] = variant.pop("ModelDataUrl")
        role = self.role()
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
        variants = [
            {
                "VariantName": "AllTraffic",
                "ModelName": name,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                **variant,
            }
        ]
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        return name

    def deploy(self, name: str, **settings: Any) -> str:
        """Create an endpoint and wait until it is in service."""
        self.client("sagemaker").create_endpoint(
            EndpointName=name, EndpointConfigName=self.configure(f"{name}-1", **settings)
        )
        self.wait_for(name, "InService")
        return name

    def wait_for(self, name: str, status: str) -> dict[str, Any]:
        sagemaker = self.client("sagemaker")

        def look() -> Any:
            found = sagemaker.describe_endpoint(EndpointName=name)
            assert found["EndpointStatus"] in {status, "Creating", "Updating", "RollingBack"}, found["FailureReason"]
            return found if found["EndpointStatus"] == status else None

        return eventually(look)

    def invoke(self, name: str, body: bytes = b"hello", **params: Any) -> dict[str, Any]:
        answer = self.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=body, **params)
        return json.loads(answer["Body"].read())
