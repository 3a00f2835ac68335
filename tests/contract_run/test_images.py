"""Images: the argument lists for every engine, and a real image in the engine that is here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mldeploy.cli import main
from mldeploy.errors import UsageError
from mldeploy_contract.targets.engines import buildah_command, buildah_entrypoint, run_command
from mldeploy_contract.targets.target import Start
from tests.contract_run.conftest import EXAMPLE, SERVICES

START = Start(port=20123, model_folder=Path("/tmp/copy/model"), environment={"NAME": "value"})
BUILDAH = shutil.which("buildah")


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_docker_and_podman_run_an_image_as_sagemaker_does(engine: str) -> None:
    assert run_command(engine, "one", "sentiment:1", START) == [
        *(engine, "run", "--rm", "--name", "one"),
        *("--publish", "127.0.0.1:20123:8080"),
        *("--volume", "/tmp/copy/model:/opt/ml/model:ro"),
        *("--env", "NAME=value"),
        *("sentiment:1", "serve"),
    ]


def test_buildah_gets_the_entrypoint_and_the_port() -> None:
    assert buildah_command("one", ["python", "-m", "service"], START) == [
        *("buildah", "run", "--isolation", "chroot"),
        *("--volume", "/tmp/copy/model:/opt/ml/model:ro"),
        *("--env", "PORT=20123", "--env", "SAGEMAKER_BIND_TO_PORT=20123", "--env", "NAME=value"),
        *("one", "--", "python", "-m", "service", "serve"),
    ]


@pytest.mark.skipif(BUILDAH is None, reason="needs buildah")
def test_an_image_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="buildah finds no image no-such-image"):
        buildah_entrypoint("no-such-image")


def root_file_system(root: Path) -> Path:
    """Fill a folder with this Python, its standard library, what both are linked to, and a service."""
    python = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    left_out = shutil.ignore_patterns("site-packages", "test", "tests", "__pycache__", "idlelib", "config-*", "*.a")
    shutil.copytree(library, inside(root, library), ignore=left_out)
    binaries = [str(python), *map(str, (library / "lib-dynload").glob("*.so"))]
    linked = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=True).stdout
    words = {word for word in linked.split() if word.startswith("/") and not word.endswith(":")}
    for path in (python, *map(Path, words)):
        inside(root, path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, inside(root, path))
    (root / "tmp").mkdir()
    shutil.copytree(SERVICES, root / "srv", ignore=shutil.ignore_patterns("__pycache__"))
    return python


def inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Make an image of one of the services: without a distribution, of files of this machine."""
    container = f"mldeploy-contract-test-{uuid.uuid4().hex[:8]}"
    folder = tmp_path_factory.mktemp("root")
    python = root_file_system(folder)
    buildah("from", "--name", container, "scratch")
    buildah("add", "--quiet", container, str(folder), "/")
    made = []

    def commit(name: str) -> str:
        buildah(
            "config", "--entrypoint", json.dumps([str(python), f"/srv/{name}.py"]), "--workingdir", "/srv", container
        )
        made.append(f"localhost/{container}:{name}")
        buildah("commit", "--quiet", "--format", "docker", container, made[-1])
        return made[-1]

    yield commit
    buildah("rm", container)
    for image in made:
        buildah("rmi", image)


def buildah(*arguments: str) -> None:
    subprocess.run(["buildah", *arguments], check=True, capture_output=True)


@pytest.fixture
def examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict]:
    """Examine an image; returns the rules that are not kept, and why."""
    monkeypatch.chdir(tmp_path)
    Path("request.json").write_bytes(EXAMPLE.body)
    Path("model").mkdir()
    (Path("model") / "weights").write_text("1")

    def run(image: str, *, code: int) -> dict:
        options = ["--json", "--body", "request.json", "--model-dir", "model", "--time-scale", "0.5"]
        assert main(["contract", "--image", image, "--engine", "buildah", *options]) == code
        rules = json.loads(capsys.readouterr().out)["rules"]
        return {rule["id"]: rule["evidence"] for rule in rules if rule["state"] == "fail"}

    return run


@pytest.mark.full
@pytest.mark.req("1.3")
@pytest.mark.skipif(BUILDAH is None, reason="needs buildah")
def test_an_image_is_examined_in_buildah(image: Callable[[str], str], examined: Callable[..., dict]) -> None:
    assert examined(image("good"), code=0) == {}
    assert containers_of_examinations() == []


@pytest.mark.full
@pytest.mark.req("1.3")
@pytest.mark.skipif(BUILDAH is None, reason="needs buildah")
def test_the_model_folder_of_an_image_is_read_only(image: Callable[[str], str], examined: Callable[..., dict]) -> None:
    """Root, too, cannot write there, so that the service ends, as it would on SageMaker."""
    assert examined(image("writes_opt_ml_model"), code=6) == {"SM401": "it wrote cache.bin"}
    assert containers_of_examinations() == []


def containers_of_examinations() -> list[str]:
    shown = subprocess.run(["buildah", "containers", "--json"], capture_output=True, text=True, check=True).stdout
    names = [container["containername"] for container in json.loads(shown) or []]
    return [name for name in names if re.fullmatch("mldeploy-contract-[0-9a-f]{8}", name)]
