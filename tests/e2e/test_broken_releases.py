"""Twelve releases that are broken in twelve ways, while somebody calls the good one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from mldeploy import Step
from mldeploy.errors import ExitCode
from mldeploy.testing import Project
from mldeploy_container import process_image
from mldeploy_sandbox import client
from tests.e2e.conftest import new_project
from tests.e2e.prober import Prober
from tests.e2e.test_broken_models import LOADER, TRAIN
from tests.e2e.test_model_files import packed

pytestmark = [pytest.mark.full, pytest.mark.timeout(1200), pytest.mark.req("E10", "E9", "4.4")]
REGION = "eu-central-1"
PROBES = 100
REQUEST = {"instances": ["I love it"]}
ANSWER = {"predictions": [{"label": "positive", "score": 0.75}]}
SERVE = "    return supervisor.run(settings)\n"
OTHER_PORT = """\
    import http.server

    http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
PING_500 = """\
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(500)

    http.server.ThreadingHTTPServer(("127.0.0.1", settings.port), Handler).serve_forever()
"""
KILLED = """\
    import os, signal

    os.kill(os.getpid(), signal.SIGKILL)
"""
LOAD = "def load(model_dir):\n"
PREDICT = "    return [Prediction"
EVERY_FIFTH = """\
    predict.asked = getattr(predict, "asked", 0) + 1
    if predict.asked % 5 == 0:
        raise RuntimeError("no connection to the feature store")
"""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A release and how it ends.

    - `serve`: what the service does instead of serving.
    - `load`, `predict`: what the model does before it loads, and before it predicts.
    - `label`: another name of a field in the answers. `settings`: lines of release.yaml, of `verify` if indented.
    - `image`: what another builder would have written into the image.
    - `says`: a pattern of words that the command prints.
    - `shows`: whether callers can see it: it starts well, takes the requests, and fails the checks that come after.
    """

    says: str
    shows: bool = False
    code: ExitCode = ExitCode.DEPLOY_FAILED
    serve: str = ""
    load: str = ""
    predict: str = ""
    label: str = "label"
    settings: str = ""
    image: dict[str, object] = field(default_factory=dict)

    def loader(self) -> str:
        text = LOADER.replace("label", self.label)
        return text.replace(LOAD, LOAD + self.load).replace(PREDICT, self.predict + PREDICT)


def mend(project: Project) -> None:
    """Write the good model loader, and a short limit for what does not come up."""
    project.write("model_loader.py", LOADER)
    release = (project.folder / "release.yaml").read_text(encoding="utf-8")
    project.write("release.yaml", release + "\ndeployment: {healthCheckTimeoutSeconds: 60}\n")


def config_for(architecture: str) -> Callable[[Step, str], dict[str, Any]]:
    """Return what describes an image as one for another processor, and for container engines."""
    made = process_image._config
    return lambda step, diff_id: {**made(step, diff_id), "architecture": architecture, "config": {}}


REHEARSAL = "rehearsal: {}\n"
NO_PING = r"GET /ping gave no 200 within 60 s"
NEVER_SERVES = {
    "ping answers 500": Broken(serve=PING_500, says=NO_PING),
    "it listens on another port": Broken(serve=OTHER_PORT, says=NO_PING),
    "it loads for ten minutes": Broken(load="    import time\n    time.sleep(600)\n", says=NO_PING),
    "it exits": Broken(serve="    return 1\n", says=r"ended with code 1\b"),
    "it is killed for its memory": Broken(serve=KILLED, says=r"ended with code -9\b"),
    "a secret is missing": Broken(
        load="    import os\n    os.environ['STORE_PASSWORD']\n", says=r"KeyError: 'STORE_PASSWORD'"
    ),
    "it was built for another processor": Broken(
        image={"_config": config_for("arm64")}, says=r"built for arm64, and ml\.m5\.large is amd64"
    ),
    "its manifest is OCI": Broken(
        image={"MANIFEST": "application/vnd.oci.image.manifest.v1+json"}, says=r"vnd\.oci\.image\.manifest"
    ),
}
IS_TAKEN_BACK = {
    "its answers have another form": Broken(
        label="sentiment", code=ExitCode.VERIFY_FAILED, says=r"'label' is a required property", shows=True
    ),
    "every fifth request fails": Broken(predict=EVERY_FIFTH, code=ExitCode.VERIFY_FAILED, says=r"502", shows=True),
    "it takes five times as long": Broken(
        predict="    import time\n    time.sleep(1.0)\n",
        settings="  latencyP95Ms: 800\n",
        code=ExitCode.VERIFY_FAILED,
        says=r"the 95th percentile of 40 requests is \d+",
    ),
}
IS_REHEARSED = {
    "its answers have another form": Broken(
        label="sentiment", settings=REHEARSAL, says=r"round 1 of the rehearsal: the answer does not fit the schema"
    ),
    "every fifth request fails": Broken(
        predict=EVERY_FIFTH, settings=REHEARSAL, says=r"round \d of the rehearsal: status 500 instead of 200"
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A good release, deployed."""
    folder = new_project(tmp_path_factory.mktemp("releases")).root
    found = Project(folder)
    found.write("train.py", TRAIN)
    mend(found)
    found.run("run").ok()
    yield found
    found.run("destroy", "--yes")
    found.run("sandbox", "down")


@pytest.fixture(scope="module")
def files(project: Project) -> dict[str, str]:
    """The files of the good release that tests break."""
    names = ("model_loader.py", "service/__main__.py", "release.yaml")
    return {name: (project.folder / name).read_text(encoding="utf-8") for name in names}


@pytest.fixture
def prober(project: Project) -> Prober:
    shown = project.run("run").ok().stdout
    url = re.search(r"^url:\s*(\S+)", shown, re.MULTILINE)
    assert url is not None
    return Prober(url[1], project.run("creds", "--json").ok().json, REQUEST, ANSWER)


@pytest.fixture(autouse=True)
def mended(project: Project, files: dict[str, str]) -> Iterator[None]:
    """After each test the files are put right again, and then a run passes."""
    yield
    for name, text in files.items():
        project.write(name, text)
    project.run("run").ok()


def deploy(project: Project, broken: Broken, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploy a broken release; it has to end as it says."""
    project.write("model_loader.py", broken.loader())
    before, verify, after = files["release.yaml"].partition("verify:\n")
    inner, outer = (broken.settings, "") if broken.settings.startswith(" ") else ("", broken.settings)
    project.write("release.yaml", f"{before}{outer}{verify}{inner}{after}")
    main = files["service/__main__.py"].replace(SERVE, broken.serve or SERVE)
    project.write("service/__main__.py", f"{main}# a new image: {broken.says}\n")
    with monkeypatch.context() as patch:
        for name, value in broken.image.items():
            patch.setattr(process_image, name, value)
        outcome = project.run("run")
    assert re.search(broken.says, outcome.stderr), outcome
    assert outcome.exit_code == broken.code, outcome


@pytest.mark.parametrize("broken", NEVER_SERVES.values(), ids=NEVER_SERVES)
def test_what_cannot_start_never_serves(
    broken: Broken, project: Project, prober: Prober, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with prober:
        deploy(project, broken, files, monkeypatch)
        prober.wait_for(PROBES)
    assert prober.failures == []


def test_a_model_that_somebody_exchanged_never_serves(
    project: Project, prober: Prober, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive keeps its name and what it says about itself; a new release would start from it."""
    running = client.find(project.folder / ".mldeploy" / "sandbox")
    assert running is not None
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    s3 = boto3.client("s3", endpoint_url=running.url, **keys)
    (bucket,) = (found["Name"] for found in s3.list_buckets()["Buckets"])
    newest = max(s3.list_objects_v2(Bucket=bucket)["Contents"], key=lambda found: found["LastModified"])
    key = newest["Key"]
    original = s3.get_object(Bucket=bucket, Key=key)
    archive, metadata = original["Body"].read(), original["Metadata"]
    s3.put_object(Bucket=bucket, Key=key, Body=packed({"words.txt": b"hate"}), Metadata=metadata)
    try:
        with prober:
            deploy(project, Broken(says="the model is not the one that was deployed"), files, monkeypatch)
            prober.wait_for(PROBES)
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=archive, Metadata=metadata)
    assert prober.failures == []


@pytest.mark.parametrize("broken", IS_REHEARSED.values(), ids=IS_REHEARSED)
def test_what_answers_badly_in_its_rehearsal_never_serves(
    broken: Broken, project: Project, prober: Prober, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with prober:
        deploy(project, broken, files, monkeypatch)
        prober.wait_for(PROBES)
    assert prober.failures == []


def test_a_good_release_is_rehearsed_once(project: Project, files: dict[str, str]) -> None:
    project.write("release.yaml", f"{REHEARSAL}{files['release.yaml']}")
    project.write("model_loader.py", LOADER + "# a new image\n")
    assert "mldeploy::Rehearsal" in project.run("run").ok().stderr
    assert "mldeploy::Rehearsal" not in project.run("run").ok().stderr


@pytest.mark.parametrize("broken", IS_TAKEN_BACK.values(), ids=IS_TAKEN_BACK)
def test_what_answers_badly_is_taken_back(
    broken: Broken, project: Project, prober: Prober, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where callers can see it, they see it only until the command has ended."""
    with prober:
        deploy(project, broken, files, monkeypatch)
        seen = prober.failures.copy()
        prober.wait_for(prober.good + PROBES)
    assert prober.failures == seen
    assert bool(seen) == broken.shows
