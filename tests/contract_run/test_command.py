"""`mldeploy contract` as a user meets it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mldeploy.cli import main
from tests.contract_run.conftest import EXAMPLE, service

FAST = ("--time-scale", "0.2", "--startup-timeout", "10")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("request.json").write_bytes(EXAMPLE.body)


def contract(*arguments: str) -> int:
    return main(["contract", *arguments])


def of(name: str) -> tuple[str, ...]:
    return ("--body", "request.json", *FAST, "--", sys.executable, str(service(name)))


def test_a_service_that_keeps_the_rules_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert contract(*of("good")) == 0
    out = capsys.readouterr().out
    assert "pass  SM001  It takes the argument `serve`" in out
    assert "of the 10 s that it may take" in out
    assert "times are multiplied by 0.2" in out
    assert "rules: 22 kept, in" in out


def test_a_broken_rule_is_shown_with_evidence_fix_and_source_and_ends_with_6(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert contract(*of("ends_at_once")) == 6
    out = " ".join(capsys.readouterr().out.split())
    assert "fail SM002 It does not end by itself it ended with exit code 1 after" in out
    assert "| ValueError: the model is not of this version try: its last lines" in out
    assert "#your-algorithms-inference-code-run-image" in out
    assert "1 broken" in out


def test_a_rule_that_is_ignored_is_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert contract("--ignore", "SM002,SM402", "--json", *of("ends_at_once")) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["holds"] is True
    assert not {"SM002", "SM402"} & {rule["id"] for rule in shown["rules"]}


def test_json_says_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert contract("--json", *of("ends_at_once")) == 6
    shown = json.loads(capsys.readouterr().out)
    (broken,) = [rule for rule in shown["rules"] if rule["state"] == "fail"]
    assert broken["id"] == "SM002"
    assert broken.keys() == {"id", "title", "state", "evidence", "fix", "source", "seconds"}
    assert shown["startUp"]["seconds"] is None
    assert shown["startUp"]["allowedSeconds"] == 10


def test_junit_has_a_case_per_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert contract("--format", "junit", *of("ends_at_once")) == 6
    report = ElementTree.fromstring(capsys.readouterr().out)
    cases = {str(case.get("classname")): case for case in report.iter("testcase")}
    assert len(cases) > 20
    assert cases["SM002"].find("failure") is not None
    assert cases["SM001"].find("skipped") is not None


def test_github_gets_an_annotation_per_broken_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert contract("--format", "github", *of("ends_at_once")) == 6
    annotations = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error")]
    assert len(annotations) == 1
    assert "SM002" in annotations[0]


def test_without_an_example_the_request_is_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    command = (*FAST, "--json", "--", sys.executable, str(service("good")))
    assert contract(*command) == 0
    rules = {rule["id"]: rule for rule in json.loads(capsys.readouterr().out)["rules"]}
    assert rules["SM201"]["state"] == rules["SM303"]["state"] == "skip"
    assert "--body" in rules["SM201"]["evidence"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "there is no release.yaml"),
        (("--ignore", "SM999", "--", "true"), "--ignore names no rule: SM999"),
        (("--image", "a", "--", "true"), "exclude each other"),
        (("--engine", "docker", "--", "true"), "--engine needs --image"),
        (("--variable", "LOG_LEVEL", "--", "true"), "is not of the form NAME=VALUE"),
        (("--", "no-such-program"), "no-such-program cannot be started"),
        (("--concurrency", "0", "--", "true"), "--concurrency"),
        (("--body", "nowhere.json", "--", "true"), "--body nowhere.json cannot be read"),
        (("--body", "/dev/null", "--", "true"), "--body /dev/null is empty"),
        (("--model-dir", "nowhere", "--", "true"), "--model-dir nowhere is no folder"),
    ],
)
def test_nonsense_is_refused(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert contract(*arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_missing_package_is_named() -> None:
    hide = "import sys; sys.modules['psutil'] = None"
    code = f"{hide}; from mldeploy.cli import main; sys.exit(main(['contract', '--', 'true']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs the package psutil" in done.stderr
    assert "pip install 'mldeploy[sandbox]'" in done.stderr


def test_a_port_that_somebody_has_is_not_taken_for_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert contract("--port", str(port), "--", sys.executable, str(service("good"))) == 2
    assert f"port {port} of this machine is taken" in capsys.readouterr().err


def test_an_image_without_an_engine_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert contract("--image", "sentiment:latest") == 2
    assert "no container engine answers (tried docker, podman, buildah)" in capsys.readouterr().err


def test_variables_reach_the_service_and_nothing_else_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the variables of the command line, and none of those that the user happens to have set."""
    monkeypatch.setenv("MINE", "private")
    code = "import os; print(os.environ['THEIRS'], os.environ.get('MINE'), os.environ['SAGEMAKER_BIND_TO_PORT'])"
    arguments = ("--port", "20997", "--variable", "THEIRS=given", "--json", *FAST, "--", sys.executable, "-c", code)
    assert contract(*arguments) == 6
    assert (
        "| given None 20997"
        in {rule["id"]: rule for rule in json.loads(capsys.readouterr().out)["rules"]}["SM002"]["evidence"]
    )


def test_a_killed_examination_leaves_no_service_behind(tmp_path: Path) -> None:
    """The service writes its process id; when the examination is killed, it is gone soon after."""
    code = (
        f"import os,runpy; open('pid','w').write(str(os.getpid())); runpy.run_path({str(service('loads_for_ever'))!r})"
    )
    command = [
        sys.executable,
        "-m",
        "mldeploy",
        "contract",
        "--",
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(service('good').parent)!r}); {code}",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as examination:
        pid = wait_for_number(tmp_path / "pid")
        examination.kill()
    assert wait_until_gone(pid)


def wait_for_number(path: Path) -> int:
    import time

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if path.is_file() and path.read_text():
            return int(path.read_text())
        time.sleep(0.02)
    raise AssertionError(f"{path} was never written")


def wait_until_gone(pid: int) -> bool:
    import psutil

    try:
        psutil.Process(pid).wait(20)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True
