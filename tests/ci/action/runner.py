"""A runner for composite actions: evaluates inputs, conditions and variables, runs steps with bash, reads their words.

Honest where it counts: a step gets the variables that GitHub documents and nothing of this process but PATH, HOME and
what names caches and indexes of packages; it runs as `shell: bash` is documented to; its files and log are read as the
runner reads them. What it does not know is an error, not a guess. Actions of others are not fetched: a test provides
them by name.
"""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.action.expressions import Contexts, condition, interpolated
from tests.ci.action.log_commands import LogReader, file_outputs

KEPT = ("PATH", "HOME", "LANG")
MACHINE_SETTINGS = ("UV_", "PIP_", "SSL_CERT_", "REQUESTS_CA_", "HTTPS_PROXY", "NO_PROXY", "MLDEPLOY_SANDBOX_")
"""Where packages come from, as a runner of an organisation would have it, and how the sandbox is."""
LARGEST_SUMMARY = 1024 * 1024
STEP_KEYS = {"id", "name", "if", "uses", "with", "run", "shell", "env", "working-directory"}
SECONDS = 240

Provided = Callable[[Mapping[str, str]], Mapping[str, str]]


@dataclass
class Result:
    """What became of an action: outputs, the summary as shown, and the log of its steps together."""

    succeeded: bool = True
    exit_code: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    summary: str = ""
    log: LogReader = field(default_factory=LogReader)

    @property
    def text(self) -> str:
        return "\n".join(self.log.lines)

    def ok(self) -> Result:
        assert self.succeeded, self.text
        return self


@dataclass
class Runner:
    """One job on one machine."""

    workspace: Path
    temp: Path
    provided: Mapping[str, Provided] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    token: str = "token-of-the-job"
    api_url: str = "http://127.0.0.1:9"

    def use(self, action: Path, **inputs: str) -> Result:
        """Run `uses: action` with these inputs; underscores in their names stand for hyphens."""
        definition = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
        assert definition["runs"]["using"] == "composite"
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert not set(given) - set(definition["inputs"]), "Unexpected input(s)"
        github = {"token": self.token, "action_path": str(action), "workspace": str(self.workspace)}
        contexts: dict[str, Any] = {"github": github, "runner": {"temp": str(self.temp)}}
        defaults = {name: interpolated(one.get("default", ""), contexts) for name, one in definition["inputs"].items()}
        contexts |= {"inputs": {**defaults, **given}, "steps": {}}
        result = Result()
        for step in definition["runs"]["steps"]:
            self.step(step, contexts, result, action)
        result.outputs = {name: interpolated(one["value"], contexts) for name, one in definition["outputs"].items()}
        return result

    def step(self, step: Mapping[str, Any], contexts: dict[str, Any], result: Result, action: Path) -> None:
        assert not set(step) - STEP_KEYS, f"this runner does not know {set(step) - STEP_KEYS}"
        status = {"success": lambda: result.succeeded, "failure": lambda: not result.succeeded, "always": lambda: True}
        if not condition(step.get("if"), contexts, status):
            return
        if "uses" in step:
            given = {key: interpolated(value, contexts) for key, value in step.get("with", {}).items()}
            outputs = dict(self.provided[step["uses"].partition("@")[0]](given))
        else:
            assert step["shell"] == "bash", "a composite action names its shell, and ours is bash"
            outputs = self.run(step, contexts, result, action)
        if "id" in step:
            contexts["steps"][step["id"]] = {"outputs": outputs}
            result.steps[step["id"]] = outputs

    def run(self, step: Mapping[str, Any], contexts: Contexts, result: Result, action: Path) -> dict[str, str]:
        """Run a script step and return its outputs."""
        files = {name: self.new_file(name) for name in ("output", "env", "path", "state", "step_summary")}
        script = self.new_file("script.sh")
        script.write_text(interpolated(step["run"], contexts), encoding="utf-8")
        machine = {
            name: value for name, value in os.environ.items() if name in KEPT or name.startswith(MACHINE_SETTINGS)
        }
        environment = machine | self.job_variables(action)
        environment |= {f"GITHUB_{name.upper()}": str(path) for name, path in files.items()}
        environment |= {key: interpolated(value, contexts) for key, value in step.get("env", {}).items()}
        where = self.workspace / interpolated(step.get("working-directory", "."), contexts)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd=where,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        for line in done.stdout.decode(errors="replace").splitlines():
            result.log.read(line)
        if done.returncode:
            result.succeeded, result.exit_code = False, done.returncode
        summary = files["step_summary"].read_text(encoding="utf-8")
        assert len(summary.encode()) <= LARGEST_SUMMARY, "a summary of this size is not shown"
        result.summary += summary
        return file_outputs(files["output"].read_text(encoding="utf-8"))

    def job_variables(self, action: Path) -> dict[str, str]:
        event = self.new_file("event.json")
        event.write_text(json.dumps(self.event), encoding="utf-8")
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_API_URL": self.api_url,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": "someone/reviews",
            "GITHUB_RUN_ID": "4711",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temp),
            **self.variables,
        }

    def new_file(self, name: str) -> Path:
        folder = self.temp / "_runner_file_commands"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{uuid.uuid4()}_{name}"
        path.touch()
        return path
