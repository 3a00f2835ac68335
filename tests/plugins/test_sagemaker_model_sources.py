"""Models from S3 and from registries are pinned to a version and a hash, and nothing else is deployed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from mldeploy import Context, Problem, Step
from mldeploy.errors import DeployError, RefusedError, UsageError
from mldeploy.graph import settle
from mldeploy.model_files import model_digest
from mldeploy_container.model_cli import resolve
from mldeploy_container.pinned_models import PinnedArchiveDriver, RegisteredModelDriver
from mldeploy_container.pins import read_pin, write_pin
from mldeploy_sagemaker import mldeploy_build, mldeploy_provision
from tests.plugins.served_release import ARCHIVE, BUCKET, ServedRelease, image_steps, release_of
from tests.sandbox.running_sandbox import tar_gz

FILES = {"weights.json": "[1, 2]", "vocabulary/words.txt": "good"}


class Mlflow(BaseHTTPRequestHandler):
    """The endpoints of MLflow's REST API that are used, for one model with two versions."""

    alias: ClassVar[str] = "1"
    files: ClassVar[dict[str, str]] = dict(FILES)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        name = url.path.removeprefix("/api/2.0/")
        if name == "mlflow/registered-models/alias":
            return self._json({"model_version": {"version": self.alias}} if query["alias"] == "champion" else None)
        if name == "mlflow/model-versions/get":
            return self._json({"model_version": {"version": query["version"], "status": "READY"}})
        if name == "mlflow/model-versions/get-download-uri":
            return self._json({"artifact_uri": f"mlflow-artifacts:/0/run{query['version']}/artifacts/model"})
        if name == "mlflow-artifacts/artifacts":
            return self._json({"files": self._listed(query["path"].split("/artifacts/model", 1)[1].strip("/"))})
        content = self.files[name.split("/artifacts/model/", 1)[1]]
        return self._send(200, content.encode())

    def _listed(self, folder: str) -> list[dict[str, Any]]:
        if folder:
            return [{"path": name.split("/")[1], "is_dir": False} for name in self.files if name.startswith(folder)]
        tops = {name.split("/")[0]: "/" in name for name in self.files}
        return [{"path": name, "is_dir": is_folder} for name, is_folder in tops.items()]

    def _json(self, document: Any) -> None:
        self._send(200 if document else 404, json.dumps(document or {"error_code": "RESOURCE_DOES_NOT_EXIST"}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mlflow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(Mlflow, "alias", "1")
    monkeypatch.setattr(Mlflow, "files", dict(FILES))
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRelease]:
    served = ServedRelease(tmp_path_factory.mktemp("sources"))
    yield served
    served.close()


def offline(folder: Path) -> Context:
    return Context(
        name="probe",
        env="dev",
        root=folder,
        config={},
        tags={},
        find_provider=lambda _kind, _context: None,
        emit=lambda _event: None,
    )


def described(folder: Path, source: str) -> tuple[dict[str, Step], list[Problem]]:
    """Return kind → settled step of a release with this source, and its problems."""
    release = release_of(folder, {"model": {"source": source}}, "dev")
    found = [*mldeploy_build(release), *mldeploy_provision(release)]
    steps = [item for item in found if isinstance(item, Step)]
    problems = [item for item in found if isinstance(item, Problem)]
    return ({step.kind: step for step in settle([*image_steps("1"), *steps])} if not problems else {}, problems)


@pytest.mark.req("F8", "2.7")
def test_an_alias_of_mlflow_becomes_a_version_and_a_hash_that_name_the_model(tmp_path: Path, mlflow: None) -> None:
    source = "mlflow:sentiment@champion"
    _, (problem,) = described(tmp_path, source)
    assert (problem.severity, problem.path) == ("incomplete", ("model", "source"))
    assert "mldeploy model pin" in problem.hint
    pin = resolve(offline(tmp_path), source)
    write_pin(tmp_path, pin)
    first, _ = described(tmp_path, source)
    model = first["mldeploy::RegisteredModel"]
    assert model.name.startswith("probe-dev-v1-")
    outputs = RegisteredModelDriver(offline(tmp_path)).apply(model, None)
    assert model_digest(Path(outputs["Path"])) == pin.sha256 == outputs["Sha256"]
    assert (Path(outputs["Path"]) / "vocabulary" / "words.txt").read_text() == "good"
    Mlflow.alias = "2"
    assert described(tmp_path, source)[0] == first, "another alias changes nothing until it is pinned"
    write_pin(tmp_path, resolve(offline(tmp_path), source))
    second, _ = described(tmp_path, source)
    assert second["AWS::SageMaker::Model"].name != first["AWS::SageMaker::Model"].name


@pytest.mark.req("F8")
def test_files_that_changed_after_the_pin_are_refused(tmp_path: Path, mlflow: None) -> None:
    source = "mlflow:sentiment/1"
    write_pin(tmp_path, resolve(offline(tmp_path), source))
    model = described(tmp_path, source)[0]["mldeploy::RegisteredModel"]
    Mlflow.files["weights.json"] = "[6, 6, 6]"
    with pytest.raises(DeployError, match="other files than when it was pinned"):
        RegisteredModelDriver(offline(tmp_path)).apply(model, None)
    assert RegisteredModelDriver(offline(tmp_path)).read(model) is None


def test_names_that_lead_out_and_unknown_aliases_are_refused(tmp_path: Path, mlflow: None) -> None:
    with pytest.raises(DeployError, match="RESOURCE_DOES_NOT_EXIST"):
        resolve(offline(tmp_path), "mlflow:sentiment@nobody")
    Mlflow.files[".."] = "x"
    with pytest.raises(DeployError, match="leads out of the folder"):
        resolve(offline(tmp_path), "mlflow:sentiment/1")


@pytest.mark.req("F8", "2.7")
def test_an_archive_is_pinned_by_etag_and_hash_and_an_overwritten_one_is_refused(served: ServedRelease) -> None:
    context = served.deployment().context
    _, (warning,) = described(served.folder, ARCHIVE)
    assert warning.severity == "warning"
    pin = resolve(context, ARCHIVE)
    write_pin(served.folder, pin)
    assert read_pin(served.folder, ARCHIVE) == pin
    archive = described(served.folder, ARCHIVE)[0]["mldeploy::PinnedArchive"]
    driver = PinnedArchiveDriver(context)
    found = driver.read(archive)
    assert found is not None
    assert found.outputs == {"ModelDataUrl": ARCHIVE, "ModelSha256": pin.sha256}
    body = tar_gz({"weights.txt": "swapped"})
    served.sandbox.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=body)
    assert driver.read(archive) is None
    with pytest.raises(RefusedError, match="was overwritten"):
        driver.apply(archive, None)
    (served.folder / "model.lock.json").unlink()


@pytest.mark.req("F8")
def test_a_package_of_the_model_registry_has_to_be_approved(served: ServedRelease) -> None:
    sagemaker, context = served.sandbox.client("sagemaker"), served.deployment().context
    sagemaker.create_model_package_group(ModelPackageGroupName="sentiment")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName="sentiment",
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [{"Image": served.sandbox.push(), "ModelDataUrl": f"s3://{BUCKET}/second.tar.gz"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    with pytest.raises(UsageError, match="no approved version"):
        resolve(context, "sagemaker:sentiment")
    with pytest.raises(RefusedError, match="PendingManualApproval"):
        resolve(context, "sagemaker:sentiment/1")
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    pin = resolve(context, "sagemaker:sentiment")
    write_pin(served.folder, pin)
    archive = described(served.folder, "sagemaker:sentiment")[0]["mldeploy::PinnedArchive"]
    driver = PinnedArchiveDriver(context)
    assert driver.read(archive) is not None
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    assert driver.read(archive) is None
    with pytest.raises(RefusedError, match="Rejected"):
        driver.apply(archive, None)
    (served.folder / "model.lock.json").unlink()


def test_a_damaged_pin_says_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "model.lock.json").write_text('{"source": 1}')
    with pytest.raises(UsageError, match=r"model\.lock\.json cannot be read") as caught:
        read_pin(tmp_path, ARCHIVE)
    assert "mldeploy model pin" in caught.value.hint
