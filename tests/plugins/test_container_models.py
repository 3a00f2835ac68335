"""Model folders and trained models: pinned when they are built, and no pickles unless release.yaml says so."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from mldeploy import Context, DeployError, RefusedError
from mldeploy.cli.entry import run_command
from mldeploy.errors import ExitCode
from mldeploy.model import Phase, Step
from mldeploy.model_files import model_digest
from mldeploy_container.models import ModelFolderDriver, TrainedModelDriver

pytestmark = pytest.mark.req("2.7", "D7")
RELEASE = "name: demo\ninstance: {type: ml.m5.large, region: eu-central-1}\nmodel:\n  source: ./model\n"
LOCK = "fastapi==0.115.0 --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release with a model folder instead of a training script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.yaml").write_text(RELEASE)
    (tmp_path / "requirements.lock").write_text(LOCK)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    return tmp_path


def validate(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run_command(["--color", "never", "validate"])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_a_model_folder_without_pickles_is_fine(project: Path, capsys):
    assert validate(capsys)[0] == ExitCode.DONE


def test_a_pickle_is_refused_at_its_line_with_better_formats(project: Path, capsys):
    (project / "model" / "model.bin").write_bytes(pickle.dumps({"a": 1}))
    code, shown = validate(capsys)
    assert code == ExitCode.RELEASE_INVALID
    assert "release.yaml:4:11" in shown
    assert "model.bin" in shown
    assert "ONNX, safetensors, skops" in shown
    assert "allowPickle: true" in shown


def test_an_allowed_pickle_is_a_warning_at_its_line(project: Path, capsys):
    (project / "model" / "model.pkl").write_bytes(pickle.dumps({"a": 1}))
    (project / "release.yaml").write_text(RELEASE + "  allowPickle: true\n")
    code, shown = validate(capsys)
    assert code == ExitCode.DONE
    assert "release.yaml:5:16" in shown
    assert "can run code in the service" in shown


@pytest.mark.parametrize("content", [None, {}], ids=["no folder", "empty folder"])
def test_a_folder_without_a_model_is_named(project: Path, capsys, content):
    (project / "model" / "model.json").unlink()
    if content is None:
        (project / "model").rmdir()
    code, shown = validate(capsys)
    assert code == ExitCode.DONE, "release.yaml is right; the project lacks something"
    assert "./model" in shown
    assert "model.train" in shown


def step(kind: str, **spec: str) -> Step:
    settings = {"Script": "train.py", "Path": "model"}
    return Step(kind=kind, name="demo-local-0123", spec=spec, settings=settings, phase=Phase.BUILD)


def context(root: Path) -> Context:
    return Context(
        name="demo",
        env="local",
        root=root,
        config={},
        tags={},
        find_provider=lambda kind, _context: pytest.fail(f"nothing outside is needed, and {kind} was asked for"),
        emit=lambda _event: None,
    )


@pytest.fixture
def environment(tmp_path: Path) -> str:
    """What the driver takes for an environment: a folder with an interpreter."""
    folder = tmp_path / "environment" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    return str(tmp_path / "environment")


def script(root: Path, body: str) -> None:
    lines = ["import pathlib, pickle, sys", "folder = pathlib.Path(sys.argv[2])", "folder.mkdir()", body]
    (root / "train.py").write_text("\n".join(lines))


def test_a_trained_model_that_somebody_changed_is_trained_again(tmp_path: Path, environment: str):
    script(tmp_path, "(folder / 'weights').write_text('1')")
    driver = TrainedModelDriver(context(tmp_path))
    trained = step("mldeploy::TrainedModel", Environment=environment)
    made = driver.apply(trained, None)
    assert made["Sha256"] == model_digest(Path(made["Path"]))
    observed = driver.read(trained)
    assert observed is not None
    assert observed.outputs == made
    (Path(made["Path"]) / "weights").write_text("2")
    assert driver.read(trained) is None
    assert driver.apply(trained, None) == made
    driver.delete(trained, observed)
    assert driver.read(trained) is None
    assert list((tmp_path / ".mldeploy" / "models").iterdir()) == []


def test_a_script_that_pickles_leaves_nothing(tmp_path: Path, environment: str):
    script(tmp_path, "pickle.dump({'a': 1}, open(folder / 'model.bin', 'wb'))")
    driver = TrainedModelDriver(context(tmp_path))
    with pytest.raises(RefusedError, match=r"train.py wrote a pickle: model.bin") as refused:
        driver.apply(step("mldeploy::TrainedModel", Environment=environment), None)
    assert "allowPickle: true" in refused.value.hint
    assert list((tmp_path / ".mldeploy" / "models").iterdir()) == []


def test_a_script_that_writes_nothing_is_named(tmp_path: Path, environment: str):
    script(tmp_path, "")
    with pytest.raises(DeployError, match=r"train.py wrote no model"):
        TrainedModelDriver(context(tmp_path)).apply(step("mldeploy::TrainedModel", Environment=environment), None)


def test_a_model_folder_that_changed_since_the_plan_is_refused(project: Path):
    pinned = step("mldeploy::ModelFolder", Sha256=model_digest(project / "model"))
    driver = ModelFolderDriver(context(project))
    assert driver.apply(pinned, None)["Sha256"] == pinned.spec["Sha256"]
    (project / "model" / "model.json").write_text("{ }")
    with pytest.raises(DeployError, match="no longer has the content"):
        driver.apply(pinned, None)
