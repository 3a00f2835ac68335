"""What serves is the model that was built: a pickle needs consent, and an exchanged archive does not start."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator

import pytest

from mldeploy.errors import ExitCode
from mldeploy.model_files import digest_of, manifest_of
from tests.e2e.conftest import Project, new_project

pytestmark = [pytest.mark.full, pytest.mark.timeout(900), pytest.mark.req("2.7", "D7")]
TRAIN = """\
import pathlib, pickle, sys

folder = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
folder.mkdir(parents=True)
(folder / "model.pkl").write_bytes(pickle.dumps(["love"]))
"""
LOADER = '''\
"""The smallest model that is a pickle."""

from pydantic import BaseModel

from service.formats import load_model_file

Instance = str
EXAMPLE_INSTANCES = ["I love it"]


class Prediction(BaseModel):
    label: str
    score: float


def load(model_dir):
    return load_model_file(model_dir / "model.pkl")


def predict(model, instances):
    return [Prediction(label="positive" if model[0] in text else "negative", score=0.75) for text in instances]
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose training pickles."""
    project = new_project(tmp_path_factory.mktemp("pickled"))
    (project.root / "train.py").write_text(TRAIN, encoding="utf-8")
    (project.root / "model_loader.py").write_text(LOADER, encoding="utf-8")
    yield project
    project.mldeploy("sandbox", "down")


def test_a_pickle_is_refused_then_allowed_then_pinned(project: Project):
    refused = project.mldeploy("run")
    assert refused.code == ExitCode.REFUSED
    assert "train.py wrote a pickle: model.pkl" in refused.err
    assert "ONNX" in refused.err

    release = project.root / "release.yaml"
    text = release.read_text().replace("\nmodel:\n", "\nmodel:\n  allowPickle: true\n", 1)
    release.write_text(text + "\ndeployment: {healthCheckTimeoutSeconds: 60}\n")
    deployed = project.ok("run")
    assert "can run code in the service" in deployed.err
    assert project.predict("I love it")["body"]["predictions"][0]["label"] == "positive"

    sagemaker, s3 = project.client("sagemaker"), project.client("s3")
    model = sagemaker.list_models()["Models"][0]["ModelName"]
    container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    archive = s3.get_object(Bucket=bucket, Key=key)
    assert container["Environment"]["MODEL_SHA256"] == archive["Metadata"]["model-sha256"] == digest(archive["Body"])

    s3.put_object(Bucket=bucket, Key=key, Body=packed({"model.pkl": b"evil"}), Metadata=archive["Metadata"])
    config = {"VariantName": "AllTraffic", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="exchanged", ProductionVariants=[config])
    project.catch_up()
    sagemaker.create_endpoint(EndpointName="exchanged", EndpointConfigName="exchanged")
    waiter = sagemaker.get_waiter("endpoint_in_service")
    with pytest.raises(Exception, match="Failed"):
        waiter.wait(EndpointName="exchanged", WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    logs = project.client("logs").filter_log_events(logGroupName="/aws/sagemaker/Endpoints/exchanged")["events"]
    assert any("not the one that was deployed" in event["message"] for event in logs)


def digest(body: io.BufferedIOBase) -> str:
    with tarfile.open(fileobj=io.BytesIO(body.read())) as tar:
        sums = [(member.name, hashlib.sha256(tar.extractfile(member).read()).hexdigest()) for member in tar]
    return digest_of(manifest_of(sums))


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
