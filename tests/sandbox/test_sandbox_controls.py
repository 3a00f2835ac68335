"""`mldeploy sandbox` as people use it: modes, clock, faults, policies and quotas, and what happens to mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    folder = tmp_path_factory.mktemp("project")

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mldeploy", "sandbox", *arguments],
            cwd=folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    yield run
    run("down")


@pytest.fixture(scope="module")
def up(command: Command) -> dict[str, str]:
    started = command("up", "--strict", "--speed", "50", "--inject", "ecr:DescribeRepositories#1 5xx")
    assert started.returncode == 0, started
    assert started.stderr.startswith("faults: ecr:DescribeRepositories#1 5xx, seed=")
    return dict(line.removeprefix("export ").split("=", 1) for line in started.stdout.splitlines())


def test_the_status_says_mode_and_faults(command, up):
    shown = json.loads(command("status", "--json").stdout)
    assert (shown["mode"], shown["faults"].startswith("ecr:DescribeRepositories#1 5xx, seed=")) == ("strict", True)
    assert shown["url"] == up["AWS_ENDPOINT_URL"]


def test_the_clock_is_shown_and_turned(command, up):
    assert command("clock").stdout.rstrip().endswith("50 sandbox seconds per second")
    before, after = command("clock").stdout, command("clock", "advance", "2h").stdout
    assert after > before
    assert command("clock", "speed", "2").stdout.rstrip().endswith("2 sandbox seconds per second")
    wrong = command("clock", "advance", "soon")
    assert (wrong.returncode, "'soon' is no duration" in wrong.stderr) == (2, True)


def test_a_mistake_in_a_plan_is_pointed_at_and_changes_nothing(command, up):
    wrong = command("inject", "iam:* throttle, lambda:* explode")
    assert wrong.returncode == 2
    assert "fault plan:1:26: no fault is called 'explode'" in wrong.stderr
    assert "\n  |                          ^" in wrong.stderr
    assert command("inject").stdout.startswith("ecr:DescribeRepositories#1 5xx")
    assert command("inject", "--clear").stdout == "nothing goes wrong\n"


def test_a_policy_is_put_in_force_and_calls_name_their_permissions(command, up, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}))
    assert command("enforce", str(policy)).stdout.startswith("only what")
    session = boto3.Session(up["AWS_ACCESS_KEY_ID"], up["AWS_SECRET_ACCESS_KEY"], region_name=up["AWS_REGION"])
    ecr = session.client("ecr", endpoint_url=up["AWS_ENDPOINT_URL"])
    with pytest.raises(ecr.exceptions.ClientError, match="not authorized to perform: ecr:DescribeRepositories"):
        ecr.describe_repositories()
    last = json.loads(command("calls", "--json").stdout)[-1]
    assert (last["error"], last["permissions"]) == ("AccessDeniedException", [["ecr:DescribeRepositories", "*"]])
    assert "ecr:DescribeRepositories" in command("calls").stdout
    assert command("enforce", "--off").stdout == "everything is allowed\n"
    policy.write_text('{"Statement": [{"Effect": "Allow", "Action": "*"}]}')
    wrong = command("enforce", str(policy))
    assert (wrong.returncode, "Statement[0] needs Resource or NotResource" in wrong.stderr) == (2, True)


def test_a_quota_has_a_name(command, up):
    assert command("quota", "ml.g5.xlarge for endpoint usage", "2").stdout.endswith(": 2\n")
    wrong = command("quota", "ml.enormous", "2")
    assert (wrong.returncode, "there is no quota 'ml.enormous'" in wrong.stderr) == (2, True)


def test_a_running_sandbox_does_not_change_its_mode(command, up):
    wrong = command("up", MLDEPLOY_SANDBOX_MODE="plain")
    assert (wrong.returncode, "a strict sandbox runs here, not a plain one" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("MLDEPLOY_SANDBOX_MODE", "loose"), ("MLDEPLOY_SANDBOX_SPEED", "-1"), ("MLDEPLOY_SANDBOX_INJECT", "explode")],
)
def test_a_wrong_variable_starts_nothing(command, variable, value):
    wrong = command("up", **{variable: value})
    assert (wrong.returncode, value in wrong.stderr) == (2, True)


def test_nothing_to_turn_without_a_sandbox(tmp_path):
    command = [sys.executable, "-m", "mldeploy", "sandbox", "clock"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, "`mldeploy sandbox up` starts one" in ran.stderr) == (2, True)
    assert list(Path(tmp_path).iterdir()) == []
