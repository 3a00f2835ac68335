"""What an image is made from is in its name: a change of it builds anew, and nothing else does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mldeploy import Context, Phase, Step
from mldeploy.cli.entry import run_command
from mldeploy.errors import ExitCode
from mldeploy.plugins import completed, load_plugins
from mldeploy.release import load_release
from mldeploy_container.context_files import image_files, sha256_of
from mldeploy_container.engines import build_command, push_command
from mldeploy_container.images import ImageDriver
from mldeploy_container.steps import describe
from mldeploy_sandbox import client
from tests.sandbox.running_sandbox import Sandbox

DIGEST = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("written") / "demo"
    assert run_command(["init", "demo", "--no-input", "--no-git", "--directory", str(target)]) == ExitCode.DONE
    return target


@pytest.fixture
def project(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "demo")


def image_step(project: Path, env: str = "dev", **image: str) -> Step:
    release = project / "release.yaml"
    text = release.read_text().partition("\nimage:")[0]
    settings = ", ".join(f"{key}: {value!r}" for key, value in image.items())
    release.write_text(f"{text}\nimage: {{{settings}}}\n")
    steps = describe(load_release(release, env, load_plugins))
    return completed(next(step for step in steps if isinstance(step, Step) and step.kind == "mldeploy::Image"))


@pytest.mark.parametrize("changed", ["Dockerfile", "service/server.py", "model_loader.py", "requirements.lock"])
def test_a_file_that_goes_into_the_image_changes_it(project: Path, changed: str):
    before = image_step(project)
    with (project / changed).open("a") as file:
        file.write("# changed\n")
    assert image_step(project).spec != before.spec


@pytest.mark.parametrize("changed", ["README.md", "train.py", "tests/conftest.py", "data/reviews.csv"])
def test_other_files_do_not(project: Path, changed: str):
    before = image_step(project)
    with (project / changed).open("a") as file:
        file.write("# changed\n")
    assert image_step(project).spec == before.spec


def test_a_process_image_needs_no_dockerfile(project: Path):
    before = image_step(project, "local")
    (project / "Dockerfile").unlink()
    assert image_step(project, "local").spec == before.spec


@pytest.mark.parametrize(
    "settings", [{"base": f"python:3.12-slim@{DIGEST}"}, {"python": "3.13"}, {"platform": "linux/arm64"}]
)
def test_what_the_builder_is_told_changes_the_image(project: Path, settings: dict[str, str]):
    assert image_step(project, **settings).spec != image_step(project).spec


def test_the_base_reaches_the_builder_and_wins_over_the_version(project: Path):
    spec = image_step(project, base=f"python:3.12-slim@{DIGEST}", python="3.13").spec
    for engine in ("docker", "buildah"):
        command = build_command(engine, "registry/demo:1", spec)
        assert command[0] == engine
        assert f"--build-arg=PYTHON_IMAGE=python:3.12-slim@{DIGEST}" in command
        assert command[-1] == "."
    assert image_step(project, python="3.13").spec["BuildArguments"] == {"PYTHON_IMAGE": "python:3.13-slim"}


HOSTILE_BASES = ["python:3.12 --network=host", "-python", "a\nRUN evil", "python\n", "python@sha256:123", "Python"]


@pytest.mark.parametrize("base", HOSTILE_BASES)
def test_what_is_no_image_reference_is_refused(project: Path, base: str, capsys):
    release = project / "release.yaml"
    release.write_text(release.read_text() + f"\nimage: {{base: {json.dumps(base)}}}\n")
    assert run_command(["validate", "--env", "dev", "--file", str(release)]) == ExitCode.RELEASE_INVALID
    assert "image" in capsys.readouterr().err


def test_a_missing_dockerfile_is_named(project: Path, capsys):
    image_step(project, dockerfile="images/Dockerfile")
    run_command(["validate", "--env", "dev", "--file", str(project / "release.yaml")])
    assert "there is no images/Dockerfile" in capsys.readouterr().err


def test_buildah_makes_docker_manifests():
    assert push_command("buildah", "registry/demo:1")[2:4] == ["--format", "v2s2"]


@pytest.mark.req("E2")
def test_an_image_that_another_run_pushed_meanwhile_is_taken(written: Path, tmp_path: Path) -> None:
    root = shutil.copytree(written, tmp_path / "demo")
    folder = root / ".mldeploy" / "sandbox"
    running = client.ensure(folder, kept=True)
    try:
        sandbox = Sandbox(running, folder)
        repository = sandbox.client("ecr").create_repository(repositoryName="demo", imageTagMutability="IMMUTABLE")
        context = Context(
            name="demo",
            env="local",
            root=root,
            config={"instance": {"region": "eu-central-1"}},
            tags={},
            find_provider=load_plugins(("local",), root).provider,
            emit=lambda _event: None,
        )
        spec = {
            "RepositoryName": "demo",
            "RepositoryUri": repository["repository"]["repositoryUri"],
            "Builder": "process",
            "Environment": "/somewhere",
        }
        files = image_files(context.root, spec)
        step = Step(
            kind="mldeploy::Image",
            name="demo-local-0123abcd",
            phase=Phase.BUILD,
            spec={**spec, "ContextSha256": sha256_of(context.root, files)},
            immutable=True,
        )
        first = ImageDriver(context).apply(step, None)
        assert ImageDriver(context).apply(step, None) == first, "planned when the image was not there yet"
        assert len(sandbox.client("ecr").describe_images(repositoryName="demo")["imageDetails"]) == 1
    finally:
        client.stop(folder)
