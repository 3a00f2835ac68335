"""A job that is cancelled: the runner interrupts the process of the step, and only that one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from mldeploy.testing import Project
from tests.ci.action.conftest import CHECKOUT, TOY
from tests.ci.action.runner import Runner

COMMAND = [sys.executable, "-I", "-X", "utf8", "-m", "mldeploy", "ci", "github-action"]


@pytest.mark.req("4.10")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_it_ends_between_two_steps_and_the_next_job_goes_on(runner: Runner, toy: Project) -> None:
    toy.write("release.yaml", f"{TOY}toy: {{slow: [s]}}\n")
    inputs = {"MLDEPLOY_INPUT_MODE": "run", "MLDEPLOY_INPUT_ENV": "dev"}
    environment = {**os.environ, **runner.job_variables(CHECKOUT), **inputs}
    process = subprocess.Popen(
        COMMAND, cwd=toy.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    with process:
        assert process.stdout is not None
        assert any("waiting" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert any("stopping after the running steps" in line for line in process.stdout)
        toy.write("go", "")
        said = process.stdout.read()
    assert process.returncode == 8
    assert "run the same command again to resume" in said
    assert toy.run("run", "--env", "dev", "--yes").ok().stdout.startswith("toy r1 in dev: deployed")
