"""A model that does not work never takes the place of one that does."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mldeploy.errors import ExitCode
from tests.e2e.conftest import Project, Ran, new_project

pytestmark = pytest.mark.timeout(900)

TRAIN = """\
import pathlib, sys

folder = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
folder.mkdir(parents=True, exist_ok=True)
(folder / "words.txt").write_text("love\\n")
"""
LOADER = '''\
"""The smallest model: a word decides."""

from typing import Annotated

from pydantic import BaseModel

Instance = Annotated[str, "a text"]
EXAMPLE_INSTANCES = ["I love it"]


class Prediction(BaseModel):
    label: str
    score: float


def load(model_dir):
    return (model_dir / "words.txt").read_text().split()


def predict(model, instances):
    return [Prediction(label="positive" if model[0] in text else "negative", score=0.75) for text in instances]
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose model trains and loads at once, deployed."""
    project = new_project(tmp_path_factory.mktemp("broken"))
    write_loader(project, LOADER)
    (project.root / "train.py").write_text(TRAIN, encoding="utf-8")
    release = project.root / "release.yaml"
    text = release.read_text(encoding="utf-8") + "\ndeployment: {healthCheckTimeoutSeconds: 60}\n"
    release.write_text(text, encoding="utf-8")
    project.ok("run")
    yield project
    project.mldeploy("destroy")
    project.mldeploy("sandbox", "down")


@pytest.fixture(autouse=True)
def mended(project: Project) -> Iterator[None]:
    """After each test the file is put right again, and then a run works and the first answers come back."""
    before = label(project)
    yield
    write_loader(project, LOADER)
    project.ok("run")
    assert label(project) == before == "positive"


def write_loader(project: Project, text: str) -> None:
    (project.root / "model_loader.py").write_text(text, encoding="utf-8")


def run_with(project: Project, old: str, new: str) -> Ran:
    """Run with something broken in the loader."""
    assert old in LOADER
    write_loader(project, LOADER.replace(old, new))
    return project.mldeploy("run")


def label(project: Project) -> str:
    return str(project.predict("I love this film")["body"]["predictions"][0]["label"])


@contextmanager
def probed(project: Project) -> Iterator[list[object]]:
    """Call the service without a pause while the block runs; yields what went wrong."""
    url = next(
        line.removeprefix("url:").strip() for line in project.ok("run").out.splitlines() if line.startswith("url:")
    )
    headers = {**project.ok("creds", "--json").json, "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps({"instances": ["I love it"]}).encode(), headers)
    failures: list[object] = []
    good = 0
    stopped = threading.Event()

    def probe() -> None:
        nonlocal good
        while not stopped.wait(0.05):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    found = json.load(answer)["predictions"][0]["label"]
            except (OSError, ValueError, KeyError) as error:
                failures.append(error)
            else:
                good += found == "positive"
                failures.extend([found] if found != "positive" else [])

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield failures
    finally:
        stopped.set()
        thread.join()
    assert good > 20


@pytest.mark.full
@pytest.mark.req("E9", "2.3")
def test_a_model_that_raises_at_load_never_serves(project: Project) -> None:
    with probed(project) as failures:
        ran = run_with(project, "return (model_dir", 'raise OSError("the weights are damaged")\n    return (model_dir')
    assert failures == []
    assert ran.code == ExitCode.DEPLOY_FAILED, ran
    assert "OSError: the weights are damaged" in ran.err
    assert "Traceback" in ran.err.partition("error:")[2], "the last log lines of the container are shown"
    assert "try:" in ran.err
    assert label(project) == "positive"


@pytest.mark.full
@pytest.mark.req("E9")
def test_a_module_that_cannot_be_imported_never_serves(project: Project) -> None:
    ran = run_with(project, "from typing import", "import no_such_library\nfrom typing import")
    assert ran.code == ExitCode.DEPLOY_FAILED, ran
    assert "No module named 'no_such_library'" in ran.err
    assert label(project) == "positive"


@pytest.mark.full
@pytest.mark.req("E9", "6.8")
def test_other_keys_in_the_answer_are_rolled_back(project: Project) -> None:
    write_loader(project, LOADER.replace("label: str", "sentiment: str").replace("label=", "sentiment="))
    ran = project.mldeploy("run")
    assert ran.code == ExitCode.VERIFY_FAILED, ran
    assert "label" in ran.err, "the missing key is named"
    assert "rolled back" in ran.err
    assert label(project) == "positive"
    assert project.ok("status", "--json").json["outcome"] == "deployed"


@pytest.mark.req("E9", "6.8")
def test_a_model_that_raises_on_requests_is_rolled_back(project: Project) -> None:
    once = "    if hasattr(predict, 'asked'):\n        raise RuntimeError('no memory left')\n    predict.asked = True\n"
    ran = run_with(project, "    return [Prediction", f"{once}    return [Prediction")
    assert ran.code == ExitCode.VERIFY_FAILED, ran
    assert "status 502 instead of 200" in ran.err, "the cache's function says that the model behind it failed"
    assert "rolled back" in ran.err
    assert label(project) == "positive"


@pytest.mark.full
@pytest.mark.req("E9", "2.3")
def test_a_model_that_loads_too_slowly_never_serves(project: Project) -> None:
    with probed(project) as failures:
        ran = run_with(project, "def load(model_dir):\n", "def load(model_dir):\n    import time; time.sleep(600)\n")
    assert failures == []
    assert ran.code == ExitCode.DEPLOY_FAILED, ran
    assert "/ping" in ran.err
    assert "60" in ran.err
    assert label(project) == "positive"


@pytest.mark.full
def test_a_syntax_error_is_found_before_anything_is_deployed_or_never_serves(project: Project) -> None:
    ran = run_with(project, "def load(model_dir):", "def load(model_dir:")
    assert ran.code == ExitCode.DEPLOY_FAILED, ran
    assert "SyntaxError" in ran.err
    assert "model_loader.py" in ran.err
    assert label(project) == "positive"


@pytest.mark.full
def test_the_log_of_a_failed_container_can_be_read_afterwards(project: Project, tmp_path: Path) -> None:
    run_with(project, "return (model_dir", 'raise OSError("the weights are damaged again")\n    return (model_dir')
    assert "the weights are damaged again" in project.ok("logs").out
