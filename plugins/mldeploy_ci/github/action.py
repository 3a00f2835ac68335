"""The action: plan, apply what was reviewed, or both; then tell it by outputs, job summary and comment."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from mldeploy.formats.workflow_commands import command, masks
from mldeploy.planning.plan_file import read_plan_file
from mldeploy.planning.plan_markdown import plan_markdown
from mldeploy_ci.github.inputs import APPLY_PLAN, PLAN, PREFIX, Inputs, read_inputs
from mldeploy_ci.github.job import LARGEST_SUMMARY, Job
from mldeploy_ci.github.texts import failure_text, marker, result_text, status_line

if TYPE_CHECKING:
    from mldeploy.model import JSON

LARGEST_MARKDOWN = 60_000
"""Bytes of a plan in a comment and in an output."""


class Action:
    """One run of the action.

    Raises (the constructor):
        UsageError: an input cannot be used.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._inputs: Inputs = read_inputs(environment)
        self._job = Job.of(environment)
        self._environment = {name: value for name, value in environment.items() if not name.startswith(PREFIX)}
        self._folder = Path(tempfile.mkdtemp(prefix="mldeploy-", dir=self._job.temp))

    def run(self) -> int:
        """Do what the mode says and return the exit code.

        Raises:
            UsageError, RefusedError: the plan file cannot be used.
        """
        _log(*masks([self._inputs.github_token]))
        plan_path = self._inputs.plan_path or self._folder / "plan.json"
        exit_code = 0 if self._inputs.mode == APPLY_PLAN else self._plan(plan_path)
        if exit_code:
            self._job.add_summary(failure_text(self._inputs.env, exit_code))
            return exit_code
        plan = read_plan_file(plan_path, self._inputs.plan_digest or None)
        self._job.set_outputs(_plan_outputs(plan, plan_path))
        self._job.add_summary(plan_markdown(plan, kept=True, limit=LARGEST_SUMMARY // 2))
        applied = self._inputs.mode != PLAN
        if applied:
            exit_code = self._apply(plan_path)
        if self._inputs.comment:
            self._comment(plan, applied=applied, exit_code=exit_code)
        return exit_code

    def _plan(self, plan_path: Path) -> int:
        plan_path.parent.mkdir(parents=True, exist_ok=True)
        return self._mldeploy("plan", f"--out={plan_path}")

    def _apply(self, plan_path: Path) -> int:
        result_path = self._folder / "result.json"
        phases = [f"--phase={phase}" for phase in self._inputs.phases]
        exit_code = self._mldeploy("run", f"--plan={plan_path}", f"--out={result_path}", "--yes", "--no-input", *phases)
        if exit_code:
            self._job.add_summary(failure_text(self._inputs.env, exit_code))
            return exit_code
        result = json.loads(result_path.read_text(encoding="utf-8"))
        self._job.set_outputs(_result_outputs(result))
        self._job.add_summary(result_text(result))
        return 0

    def _comment(self, plan: Mapping[str, JSON], *, applied: bool, exit_code: int) -> None:
        """Write the comment; one that GitHub refuses is said in the log and fails nothing."""
        pull_request = self._inputs.pull_request or self._job.pull_request
        if pull_request is None:
            return
        from mldeploy_ci.github.comments import CommentError, Comments  # noqa: PLC0415 - requests, only where needed

        status = status_line(self._job, applied=applied, exit_code=exit_code)
        body = f"{plan_markdown(plan, limit=LARGEST_MARKDOWN)}\n\n{status}"
        comments = Comments(self._job.api_url, self._job.repository, self._inputs.github_token)
        try:
            address = comments.put(pull_request, marker(plan["name"], plan["env"]), body)
        except CommentError as error:
            kind = "notice" if error.forbidden else "warning"
            _log(command(kind, f"{error.message}\n{error.hint}".strip(), title="mldeploy: the plan is in the summary"))
        else:
            _log(f"comment: {address}")

    def _mldeploy(self, verb: str, *arguments: str) -> int:
        """Run the command line in a process of its own, which never sees the action's inputs; a stop is passed on."""
        common = (f"--env={self._inputs.env}", f"--file={self._inputs.file}", "--format=github")
        line = [sys.executable, "-I", "-X", "utf8", "-m", "mldeploy", verb, *common, *arguments]
        with subprocess.Popen(line, cwd=self._inputs.working_directory, env=self._environment) as process:

            def pass_on(number: int, _frame: FrameType | None) -> None:
                process.send_signal(number) if sys.platform != "win32" else process.terminate()

            earlier = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
            try:
                return process.wait()
            finally:
                for number, handler in earlier.items():
                    signal.signal(number, handler)


def _plan_outputs(plan: Mapping[str, JSON], plan_path: Path) -> dict[str, str]:
    delta = None if plan["cost"]["unknown"] else plan["cost"]["delta"]
    return {
        "changed": "true" if plan["mutations"] else "false",
        "changes-count": str(plan["mutations"]),
        "plan-path": str(plan_path),
        "plan-digest": plan["digest"],
        "plan-markdown": plan_markdown(plan, limit=LARGEST_MARKDOWN),
        "cost-delta": "unknown" if delta is None else f"{delta:+.2f}",
    }


def _result_outputs(result: Mapping[str, JSON]) -> dict[str, str]:
    found = {"release-id": result["release"], "url": result["url"], "endpoint": result["endpoint"]}
    return {name: value for name, value in found.items() if value}


def _log(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
