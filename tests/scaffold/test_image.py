"""The generated Dockerfile builds, and what it builds runs as SageMaker and careful clusters run it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.scaffold.containers import (
    Container,
    build_base,
    local_package_folders,
    own_storage,
    require_tools,
    run,
    running,
    running_registry,
)

from mldeploy import DeployError
from mldeploy.cli.entry import run_command
from mldeploy.model import Phase, Step
from mldeploy.model_files import model_digest
from mldeploy_container.engines import SCHEMA_2, build_and_push, build_command, require_architecture

pytestmark = [pytest.mark.full, pytest.mark.timeout(1200)]
BASE, IMAGE = "localhost/mldeploy-test-python:3.11", "localhost/mldeploy-test-service:1"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LARGEST_MEGABYTES = 450
"""What the image may add to its base, most of it scikit-learn with scipy."""


@pytest.fixture(scope="module")
def project(storage: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("image") / "demo"
    assert run_command(["init", "demo", "--no-input", "--no-git", "--directory", str(target)]) == 0
    subprocess.run([sys.executable, "train.py", "--output", "model"], cwd=target, check=True, capture_output=True)
    (target / "model").chmod(0o755)
    return target


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    require_tools()
    with own_storage(tmp_path_factory.mktemp("storage")):
        yield


@pytest.fixture(scope="module")
def image(project: Path, storage: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    build_base(tmp_path_factory.mktemp("base"), BASE)
    spec = {"Dockerfile": "Dockerfile", "Platform": "linux/amd64", "BuildArguments": {"PYTHON_IMAGE": BASE}}
    command = build_command("buildah", IMAGE, spec)
    run(*command[:-1], *local_package_folders(), command[-1], cwd=project)
    require_architecture("buildah", IMAGE, "linux/amd64")
    return IMAGE


@pytest.fixture(scope="module")
def container(image: str, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    bundle = tmp_path_factory.mktemp("run") / "bundle"
    model = shutil.copytree(project / "model", bundle.parent / "model")
    with running(image, bundle, model, MODEL_SHA256=model_digest(model)) as container:
        container.wait_until_ready()
        yield container


@pytest.mark.req("2.8")
def test_it_predicts_on_a_read_only_file_system(container: Container):
    status, body = container.send("/invocations", b'{"instances": ["I love it"]}')
    assert status == 200
    assert json.loads(body)["predictions"][0]["label"] == "positive"
    written = container.execute("python", "-c", "open('/opt/service/x', 'w')")
    assert "Read-only file system" in written.stderr


def test_started_as_root_it_serves_as_somebody_else_without_any_capability(container: Container):
    status = container.process_status()
    assert set(status["Uid"].split()) == {"10001"}
    assert set(status["Gid"].split()) == {"10001"}
    assert status["Groups"] == ""
    assert int(status["CapEff"], 16) == 0


def test_its_health_check_needs_no_curl(container: Container, image: str):
    config = json.loads(run("buildah", "inspect", "--type", "image", image))["Docker"]["config"]
    kind, *command = config["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert container.execute(*command).returncode == 0
    assert container.execute("/usr/bin/env", "PORT=1", *command).returncode == 1
    assert container.execute("which", "curl").returncode != 0


def test_it_holds_nothing_but_the_service(container: Container, image: str):
    listed = container.execute("find", "/opt/service", "-type", "f", "-not", "-name", "*.pyc").stdout.split()
    assert all(path.startswith("/opt/service/service/") or path == "/opt/service/model_loader.py" for path in listed)
    assert container.execute("python", "-m", "pip", "--version").returncode != 0, "pip is needed at build time only"


def test_it_is_small(container: Container):
    sizes = container.execute("du", "--summarize", "--block-size=1M", "/opt/venv", "/opt/service").stdout
    megabytes = sum(int(line.split()[0]) for line in sizes.splitlines())
    assert 0 < megabytes < LARGEST_MEGABYTES


def test_term_ends_it_in_time(image: str, project: Path, tmp_path: Path):
    with running(image, tmp_path / "bundle", project / "model") as container:
        container.wait_until_ready()
        run("runc", "kill", container.name, "TERM")
        assert container.process.wait(timeout=30) == 0
        with pytest.raises(urllib.error.URLError):
            container.send("/ping")


def test_another_model_than_the_pinned_one_is_refused(image: str, project: Path, tmp_path: Path):
    with running(image, tmp_path / "bundle", project / "model", MODEL_SHA256="0" * 64) as container:
        assert container.process.wait(timeout=60) == 1
        assert container.process.stdout is not None
        assert "not the one that was deployed" in container.process.stdout.read()


class Ecr:
    """What `build_and_push` asks ECR for: a password of the registry."""

    def client(self, _service: str) -> Ecr:
        return self

    def get_authorization_token(self) -> dict[str, list[dict[str, str]]]:
        return {"authorizationData": [{"authorizationToken": base64.b64encode(b"AWS:password").decode()}]}


def test_buildah_pushes_what_sagemaker_takes(storage: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY model /opt/ml/model\nHEALTHCHECK CMD ["true"]\n')
    (tmp_path / "model").write_text("weights")
    said: list[str] = []
    context = SimpleNamespace(root=tmp_path, progress=lambda _step, line: said.append(line))
    spec = {"Builder": "buildah", "Dockerfile": "Dockerfile", "Platform": "linux/amd64", "BuildArguments": {}}
    with running_registry(tmp_path) as registry:
        monkeypatch.setenv("SSL_CERT_FILE", str(registry.authorities))
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
        spec["RepositoryUri"] = f"{registry.address}/team/demo"
        step = Step(kind="mldeploy::Image", name="demo-dev-0123", phase=Phase.BUILD, spec=spec)
        build_and_push(Ecr(), context, step, "0123")
        manifest = registry.get("team/demo/manifests/0123", accept=f"{SCHEMA_2}, {OCI_MANIFEST}")
        config = registry.get(f"team/demo/blobs/{manifest['config']['digest']}")
    assert manifest["mediaType"] == SCHEMA_2
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["config"]["Healthcheck"]["Test"] == ["CMD", "true"]
    assert said
    assert not any("password" in line for line in said)


def test_an_image_for_another_processor_is_refused(image: str):
    with pytest.raises(DeployError, match="the image is for linux/amd64, not for linux/arm64") as refused:
        require_architecture("buildah", image, "linux/arm64")
    assert "image.platform" in refused.value.hint
