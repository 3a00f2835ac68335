"""Wrong input ends with its exit code, a cause and a way out; it changes nothing and never shows a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from mldeploy.errors import ExitCode
from tests.e2e.conftest import Project, Ran, new_project

pytestmark = pytest.mark.timeout(300)

LAYERS = 8
ALIAS_BOMB = "name: abc\nl0: &l0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, LAYERS + 1)
)
MEGABYTE_OF_NESTING = "name: " + "[" * 500_000 + "]" * 500_000
FILES = {
    "empty": ("", "the file is empty", "mldeploy init"),
    "only comments": ("# nothing\n", "the file is empty", "mldeploy init"),
    "alias bomb": (ALIAS_BOMB, "aliases are not supported", "write the value again"),
    "1 MB of nesting": (MEGABYTE_OF_NESTING, "larger than 256 KiB", "is this another file?"),
    "200 kB of nesting": ("name: " + "[" * 100_000 + "]" * 100_000, "nested", ""),
    "unclosed nesting": ("name: " + "[" * 100_000, "nested", ""),
    "not YAML": ("name: [a\n", "release.yaml:", ""),
    "a list": ("- name: abc\n", "expected keys with values", ""),
    "a text for a number": ("name: abc\ninstance: {count: one}\n", "instance.count: expected a whole number", ""),
    "a list for keys": ("name: abc\ncache: [1]\n", "cache: expected keys with values, found a list", "enabled"),
    "a number for a name": ("name: 5\n", "name: expected a text, found 5", "quotes"),
    "unknown key": ("name: abc\ninstnce: {}\n", "unknown key 'instnce'", "did you mean 'instance'?"),
    "unknown inner key": ("name: abc\ncache: {enabld: true}\n", "unknown key 'enabld' in cache", "'enabled'"),
    "duplicate key": ("name: abc\nname: abd\n", "release.yaml:2:1", ""),
    "unknown plugin": ("name: abc\nplugins: [nothing-here]\n", "no plugin 'nothing-here' is installed", "install it"),
    "unknown type": ("name: abc\ntype: sagemakr\n", "no plugin 'sagemakr' is installed", "'sagemaker'"),
    "a Python tag": ("name: !!python/object/apply:os.system [id]\n", "release.yaml:1:7", ""),
}
COMMAND_LINES = {
    "unknown environment": (["run", "--env", "prd"], "has no environment 'prd'", "did you mean 'prod'?"),
    "environment without a value": (["run", "--env"], "'--env' requires an argument", ""),
    "empty environment": (["run", "--env", ""], "has no environment ''", "there are"),
    "environment that is a path": (["run", "--env", "../../dev"], "has no environment '../../dev'", ""),
    "unknown phase": (["run", "--phase", "test"], "'test' is not one of", "build"),
    "unknown command": (["deploy"], "No such command 'deploy'", "--help"),
    "unknown option": (["run", "--enviroment", "dev"], "No such option", "--help"),
    "nothing to invoke with": (["invoke"], "give a text or --data", "--help"),
    "two bodies": (["invoke", "a", "--data", "b"], "one of them", "--help"),
    "a body that is not there": (["invoke", "--data", "@no-such-file"], "cannot read no-such-file", "--help"),
    "a header without a colon": (["invoke", "--header", "x-api-key", "a"], "'NAME: VALUE'", "--help"),
    "a negative time": (["logs", "--since", "-1"], "-1", "--help"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A generated project in which nothing is deployed."""
    project = new_project(tmp_path_factory.mktemp("undeployed"))
    project.ok("sandbox", "up")  # one for all tests: each command would start its own
    yield project
    project.mldeploy("sandbox", "down")


def content(folder: Path) -> dict[str, bytes]:
    """All files of a project but those of its own work folder."""
    found = (path for path in folder.rglob("*") if path.is_file() and ".mldeploy" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def assert_refused(ran: Ran, code: ExitCode, cause: str, fix: str) -> None:
    assert ran.code == code, ran
    assert cause in ran.err
    assert fix in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


@pytest.mark.req("3.4", "O2")
@pytest.mark.parametrize(
    ("case", "command"), [*product(FILES, ["validate"]), *product(list(FILES)[:3], ["plan", "run"])]
)
def test_a_bad_release_file_is_refused(case: str, command: str, tmp_path: Path) -> None:
    text, cause, fix = FILES[case]
    (tmp_path / "release.yaml").write_text(text, encoding="utf-8")
    before = content(tmp_path)
    ran = Project(tmp_path).mldeploy(command)
    assert_refused(ran, ExitCode.RELEASE_INVALID, cause, fix)
    assert "release.yaml:" in ran.err
    assert content(tmp_path) == before
    assert not (tmp_path / ".mldeploy").exists()


def test_a_release_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert_refused(project.mldeploy("run"), ExitCode.RELEASE_INVALID, "release.yaml does not exist", "mldeploy init")
    (tmp_path / "latin.yaml").write_bytes("name: café\n".encode("latin-1"))
    ran = project.mldeploy("run", "--file", "latin.yaml")
    assert_refused(ran, ExitCode.RELEASE_INVALID, "latin.yaml:1:10: error: byte 0xe9 is not UTF-8", "UTF-8")
    (tmp_path / "folder").mkdir()
    ran = project.mldeploy("run", "--file", "folder")
    assert_refused(ran, ExitCode.RELEASE_INVALID, "folder is a folder", "folder/release.yaml")


@pytest.mark.parametrize("case", COMMAND_LINES)
def test_a_bad_command_line_is_refused(case: str, project: Project) -> None:
    arguments, cause, fix = COMMAND_LINES[case]
    before = content(project.root)
    assert_refused(project.mldeploy(*arguments), ExitCode.USAGE, cause, fix)
    assert content(project.root) == before


@pytest.mark.parametrize("arguments", [["rollback"], ["rollback", "--to", "r7"], ["invoke", "hello"], ["creds"]])
def test_verbs_on_a_deployment_need_one(arguments: list[str], project: Project) -> None:
    before = content(project.root)
    ran = project.mldeploy(*arguments)
    assert ran.code == ExitCode.USAGE, ran
    assert "try:" in ran.err
    assert "Traceback" not in ran.err
    assert content(project.root) == before


def test_status_says_that_nothing_is_deployed(project: Project) -> None:
    cause, fix = "nothing is deployed in environment 'local'", "mldeploy run"
    assert_refused(project.mldeploy("status"), ExitCode.USAGE, cause, fix)


@pytest.mark.req("E12")
def test_destroy_without_a_deployment_does_nothing(project: Project) -> None:
    before = content(project.root)
    assert "destroyed 0 resources" in project.ok("destroy").out
    assert content(project.root) == before


@pytest.mark.parametrize(("profile", "cause"), [({}, "credentials"), ({"AWS_PROFILE": "no-such"}, "no-such")])
def test_a_cloud_without_credentials_is_refused(
    profile: dict[str, str], cause: str, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    release = project.root / "release.yaml"
    cached = release.read_text()
    release.write_text(cached.replace("enabled: true", "enabled: false"))  # a cache in AWS needs subnets first
    ran = project.mldeploy("plan", "--env", "dev", AWS_EC2_METADATA_DISABLED="true", **nowhere, **profile)
    release.write_text(cached)
    assert_refused(ran, ExitCode.CREDENTIALS, cause, "try:")


@pytest.mark.req("E10")
def test_a_second_run_at_the_same_time_is_refused_and_the_first_one_can_be_interrupted(project: Project) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "mldeploy", "run"],
        cwd=project.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lock = project.root / ".mldeploy/state/local/lock"
        while not lock.is_file():
            assert first.poll() is None
            time.sleep(0.02)
        cause = f"(process {first.pid}) holds this environment"
        assert_refused(project.mldeploy("run"), ExitCode.REFUSED, cause, "mldeploy unlock")
        assert_refused(project.mldeploy("destroy"), ExitCode.REFUSED, cause, "mldeploy unlock")
    finally:
        first.send_signal(signal.SIGINT)
        _, said = first.communicate()
    assert first.returncode == ExitCode.PENDING, said
    assert "Traceback" not in said
    assert not lock.exists()
