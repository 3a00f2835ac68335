"""The scripts of the orb run under bash as CircleCI runs them: parameters as variables, a PATH, and $BASH_ENV."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.ci.orb.conftest import ORB

SCRIPTS = ORB / "src" / "scripts"
TOOLS = Path(sys.executable).parent
ROLE = "arn:aws:iam::123456789012:role/mldeploy"
CIRCLECI = """\
#!{python}
import os, sys
if sys.argv[1:3] == ["env", "subst"]:
    print(os.path.expandvars(sys.argv[3]) if "$NOTHING" not in sys.argv[3] else "")
else:
    print(*sys.argv[1:], sep="|", file=open(os.environ["CALLS"], "a"))
"""
RECORDER = """\
#!{python}
import os, sys
called = [os.environ["MLDEPLOY_ENV"], os.environ["MLDEPLOY_FILE"], *sys.argv[1:]]
print(*called, sep="|", file=open(os.environ["CALLS"], "a"))
print('{{"release": "r7"}}' if sys.argv[1] == "status" else "shown")
sys.exit(int(os.environ.get("EXIT", "0")) if "--detailed-exitcode" in sys.argv or sys.argv[1] != "plan" else 0)
"""


@dataclass(frozen=True)
class Job:
    """A job of CircleCI: its home, its working folder and the programs on its PATH."""

    folder: Path
    path: str
    inherited: Mapping[str, str] = field(default_factory=dict)

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script after those before it, with what they exported."""
        environment = {
            "HOME": str(self.folder / "home of the job"),
            **self.inherited,
            "PATH": self.path,
            "BASH_ENV": str(self.folder / "bash_env"),
            "CALLS": str(self.folder / "calls"),
            **variables,
        }
        command = ["/bin/bash", "-eo", "pipefail", "-c", (SCRIPTS / f"{script}.sh").read_text(encoding="utf-8")]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def calls(self) -> list[list[str]]:
        """The calls of the recording programs."""
        path = self.folder / "calls"
        return [line.split("|") for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def exported(self, name: str) -> str:
        """The value that a variable has in the next step."""
        source = f'. "{self.folder}/bash_env"; printf %s "${name}"'
        return subprocess.run(["/bin/bash", "-c", source], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def job(tmp_path) -> Job:
    """A job whose `circleci` resolves variables, and that has no other program but those of the system."""
    (tmp_path / "home of the job").mkdir()
    (tmp_path / "bash_env").touch()
    program(tmp_path, "circleci", CIRCLECI)
    return Job(tmp_path, f"{tmp_path / 'bin'}:/usr/bin:/bin")


def program(folder: Path, name: str, text: str) -> None:
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def recorded(job) -> Job:
    """The same with a `mldeploy` that records how it is called."""
    program(job.folder, "mldeploy", RECORDER)
    return job


def wheel(folder: Path) -> Path:
    """A wheel whose only content is a command `mldeploy`, so that an installation needs no network."""
    path = folder / "mldeploy-9.9-py3-none-any.whl"
    information = "mldeploy-9.9.dist-info"
    files = {
        "small.py": "def main():\n    print('mldeploy 9.9')\n",
        f"{information}/METADATA": "Metadata-Version: 2.1\nName: mldeploy\nVersion: 9.9\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{information}/entry_points.txt": "[console_scripts]\nmldeploy = small:main\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{information}/RECORD": "".join(f"{name},,\n" for name in files)}.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("tool", ["uv", "pip"])
@pytest.mark.parametrize("by", [pytest.param("requirement", marks=pytest.mark.full), "file"])
def test_install_leaves_the_python_of_the_job_alone(tool, by, job, tmp_path):
    if tool == "uv":
        if not (TOOLS / "uv").exists():
            pytest.skip("uv is not installed")
        (tmp_path / "bin" / "uv").symlink_to(TOOLS / "uv")
    path = wheel(tmp_path)
    (tmp_path / "requirements.txt").write_text(f"{path}\n", encoding="utf-8")
    parameters = {
        "PARAM_REQUIREMENT": "$WHEEL",
        "PARAM_REQUIREMENTS_FILE": "requirements.txt" if by == "file" else "",
        "PARAM_PYTHON": sys.executable,
    }
    for _ in range(2):  # a second time, as in two commands of one job
        done = job.run("install", WHEEL=str(path), UV_OFFLINE="1", PIP_NO_INDEX="1", **parameters)
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "mldeploy 9.9"
    first = job.exported("PATH").split(":")[0]
    assert os.listdir(first) == ["mldeploy"]  # noqa: PTH208


def test_install_refuses_an_old_python(job, tmp_path):
    program(tmp_path, "old-python", "#!/bin/bash\nexit 1\n")
    done = job.run("install", PARAM_REQUIREMENT="x", PARAM_REQUIREMENTS_FILE="", PARAM_PYTHON="old-python")
    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stderr


@pytest.fixture
def with_mldeploy(job) -> Job:
    """The same with the real `mldeploy`."""
    (job.folder / "bin" / "mldeploy").symlink_to(TOOLS / "mldeploy")
    return job


def test_auth_aws_logs_all_later_steps_in(with_mldeploy):
    done = with_mldeploy.run(
        "auth_aws",
        PARAM_ROLE_ARN="${AWS_ROLE_ARN}",
        PARAM_REGION="$NOTHING",
        PARAM_SESSION_NAME="mldeploy-$CIRCLE_PROJECT_REPONAME",
        PARAM_AUDIENCE="",
        AWS_ROLE_ARN=ROLE,
        CIRCLE_PROJECT_REPONAME="my service",
        CIRCLE_OIDC_TOKEN_V2="secret.token",
    )
    assert done.returncode == 0, done.stderr
    assert with_mldeploy.exported("AWS_ROLE_ARN") == ROLE
    assert with_mldeploy.exported("AWS_ROLE_SESSION_NAME") == "mldeploy-my-service"
    assert Path(with_mldeploy.exported("AWS_WEB_IDENTITY_TOKEN_FILE")).read_text(encoding="utf-8") == "secret.token"
    assert "secret.token" not in done.stdout + done.stderr


def test_auth_google_logs_all_later_steps_in(with_mldeploy):
    provider = "projects/1/locations/global/workloadIdentityPools/ci/providers/circleci"
    done = with_mldeploy.run(
        "auth_google",
        PARAM_PROVIDER=provider,
        PARAM_SERVICE_ACCOUNT="",
        PARAM_AUDIENCE="",
        CIRCLE_OIDC_TOKEN_V2="secret.token",
    )
    assert done.returncode == 0, done.stderr
    configuration = Path(with_mldeploy.exported("GOOGLE_APPLICATION_CREDENTIALS")).read_text(encoding="utf-8")
    assert json.loads(configuration)["audience"].endswith(provider)


@pytest.mark.parametrize("script", ["auth_aws", "auth_google"])
def test_a_login_that_fails_fails_the_step(script, with_mldeploy):
    names = ("ROLE_ARN", "REGION", "SESSION_NAME", "AUDIENCE", "PROVIDER", "SERVICE_ACCOUNT")
    parameters = {f"PARAM_{name}": "" for name in names}
    done = with_mldeploy.run(script, **parameters)
    assert done.returncode == 2
    assert (with_mldeploy.folder / "bash_env").read_text(encoding="utf-8") == ""


REPORTS = ["--format", "junit"]
RESULT = ["--out", ".mldeploy/reports/mldeploy/result.json"]


@pytest.mark.parametrize(
    ("phase", "plan", "arguments"),
    [
        ("all", "", []),
        ("provision", "", ["--phase", "provision"]),
        ("all", ".mldeploy/plans/$MLDEPLOY_ENV.json", ["--plan", ".mldeploy/plans/dev.json"]),
    ],
)
def test_run_phase_calls_run(phase, plan, arguments, recorded):
    parameters = {"PARAM_FILE": "$NAME.yaml", "PARAM_PHASE": phase, "PARAM_PLAN_FILE": plan}
    done = recorded.run("run_phase", MLDEPLOY_ENV="dev", NAME="release", **parameters)
    assert done.returncode == 0, done.stderr
    common = ["dev", "release.yaml", "run", "--yes", "--no-input", *REPORTS, *RESULT]
    assert recorded.calls() == [[*common, *arguments]]
    assert (recorded.folder / ".mldeploy/reports/mldeploy/results.xml").read_text(encoding="utf-8") == "shown\n"


@pytest.mark.parametrize("script", ["run_phase", "rollback"])
def test_the_exit_code_of_mldeploy_is_that_of_the_step(script, recorded):
    parameters = {"PARAM_FILE": "f", "PARAM_PHASE": "all", "PARAM_PLAN_FILE": "", "PARAM_TO": ""}
    assert recorded.run(script, MLDEPLOY_ENV="dev", EXIT="6", **parameters).returncode == 6


@pytest.mark.parametrize(("to", "arguments"), [("", []), ("r3", ["--to", "r3"]), ("$RELEASE", ["--to", "r5"])])
def test_rollback_goes_to_a_release_or_to_the_last_good_one(to, arguments, recorded):
    recorded.run("rollback", MLDEPLOY_ENV="dev", PARAM_FILE="release.yaml", PARAM_TO=to, RELEASE="r5")
    assert recorded.calls() == [["dev", "release.yaml", "rollback", "--yes", "--no-input", *REPORTS, *arguments]]


@pytest.mark.parametrize("value", ["1", "true"])
def test_plan_can_fail_on_changes(value, recorded):
    """CircleCI hands booleans over as 1 and 0, or as true and false."""
    done = recorded.run("plan", MLDEPLOY_ENV="dev", PARAM_FILE="f", PARAM_FAIL_ON_CHANGES=value, EXIT="10")
    assert done.returncode == 10
    assert recorded.calls()[0][2:] == ["plan", "--out", ".mldeploy/plans/dev.json", "--detailed-exitcode"]


@pytest.mark.parametrize("value", ["0", "false"])
def test_plan_shows_and_keeps_the_plan(value, recorded):
    done = recorded.run("plan", MLDEPLOY_ENV="dev", PARAM_FILE="f", PARAM_FAIL_ON_CHANGES=value)
    assert (done.returncode, done.stdout) == (0, "shown\n")
    assert (recorded.folder / ".mldeploy/plans/dev.txt").read_text(encoding="utf-8") == "shown\n"
    assert recorded.calls()[0][2:] == ["plan", "--out", ".mldeploy/plans/dev.json"]


def test_log_release_names_the_release_that_is_current(recorded):
    done = recorded.run(
        "log_release", MLDEPLOY_ENV="prod", PARAM_FILE="f", PARAM_COMPONENT="$SERVICE", SERVICE="sentiment"
    )
    assert done.returncode == 0, done.stderr
    logged = ["--environment-name=prod", "--component-name=sentiment", "--target-version=r7"]
    assert recorded.calls()[-1] == ["run", "release", "log", *logged]


@pytest.fixture
def project(with_mldeploy, tmp_path) -> Iterator[Job]:
    """A job in a generated project, with the real `mldeploy`; its sandbox is stopped afterwards."""
    mldeploy = TOOLS / "mldeploy"
    arguments = ["init", "sentiment", "--no-input", "--no-git", "--directory", "."]
    subprocess.run([mldeploy, *arguments, "--force"], cwd=tmp_path, check=True, capture_output=True)
    # the project's own environment is installed for real, from where this machine installs
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLDEPLOY_"))}
    yield Job(tmp_path, f"{tmp_path / 'bin'}:{TOOLS}:/usr/bin:/bin", inherited)
    subprocess.run([mldeploy, "sandbox", "down"], cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.full
@pytest.mark.req("8.12")
def test_plan_deploy_and_log_against_the_sandbox(project, tmp_path):
    """The jobs plan and deploy, script by script: what was planned is deployed, and the release is logged."""
    common = {"MLDEPLOY_ENV": "local", "PARAM_FILE": "release.yaml"}
    planned = project.run("plan", **common, PARAM_FAIL_ON_CHANGES="0")
    assert planned.returncode == 0, planned.stderr
    assert "to create" in planned.stdout
    plan = {"PARAM_PLAN_FILE": ".mldeploy/plans/$MLDEPLOY_ENV.json"}
    code = (tmp_path / "model_loader.py").read_text(encoding="utf-8")
    (tmp_path / "model_loader.py").write_text(f"{code}\n# not what was planned\n", encoding="utf-8")
    assert project.run("run_phase", **common, **plan, PARAM_PHASE="all").returncode == 4
    (tmp_path / "model_loader.py").write_text(code, encoding="utf-8")
    deployed = project.run("run_phase", **common, **plan, PARAM_PHASE="all")
    assert deployed.returncode == 0, deployed.stderr
    suites = ElementTree.parse(tmp_path / ".mldeploy/reports/mldeploy/results.xml").getroot()
    assert {"build", "provision", "expose", "verify"} <= {suite.get("name") for suite in suites}
    assert suites.findall(".//failure") == []
    assert json.loads((tmp_path / ".mldeploy/reports/mldeploy/result.json").read_text("utf-8"))["release"] == "r1"
    assert project.run("log_release", **common, PARAM_COMPONENT="sentiment").returncode == 0
    assert project.calls()[-1][-1] == "--target-version=r1"


def test_hostile_values_stay_values(recorded):
    hostile = '"; touch owned; $(touch owned) `touch owned` | x'
    recorded.run("rollback", MLDEPLOY_ENV="dev", PARAM_FILE="release.yaml", PARAM_TO=hostile.replace("|", "/"))
    assert recorded.calls()[0][-1] == hostile.replace("|", "/")
    assert not (recorded.folder / "owned").exists()
