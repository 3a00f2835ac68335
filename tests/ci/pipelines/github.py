"""A runner for GitHub workflows: chooses jobs, evaluates expressions, follows reusable workflows, runs steps with bash.

It knows what our workflows use and refuses the rest. Actions of others are not fetched: each has a stand-in below that
does what its documentation says as far as our workflows need it. Reviewers approve at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.ci.action.expressions import condition, interpolated
from tests.ci.pipelines.machine import Installations, Machine, Ran

SHELLS = {"bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"), None: ("bash", "-e", "-c")}
SAME_REPOSITORY = "$/"
STEP_KEYS = {"id", "name", "if", "uses", "with", "run", "env"}


@dataclass
class Cloud:
    """What outlives runs: caches and installed environments; the number of runs."""

    folder: Path
    caches: dict[str, Path] = field(default_factory=dict)
    installations: Installations = field(default_factory=Installations)
    runs: Iterable[int] = field(default_factory=lambda: count(1))


@dataclass
class Run:
    """One run of a workflow."""

    repository: Path
    workflow: str
    cloud: Cloud
    path: Sequence[Path]
    event: str
    variables: Mapping[str, Mapping[str, str]]
    machine_variables: Mapping[str, str]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)
    commit: str = "main"
    ran: list[Ran] = field(default_factory=list)
    finished: dict[str, str] = field(default_factory=dict)
    summaries: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.number = next(iter(self.cloud.runs))
        self.artifacts = self.cloud.folder / f"run-{self.number:02}" / "artifacts"
        self.artifacts.mkdir(parents=True)

    def start(self, only: Iterable[str] = ()) -> Run:
        """Run the jobs of the workflow, or those that are named."""
        document = self.read(self.workflow)
        declared = (document["on"].get("workflow_dispatch") or {}).get("inputs", {})
        assert self.event in document["on"], f"{self.workflow} does not run on {self.event}"
        self.jobs(document, self.with_defaults(declared, self.inputs), "", set(only))
        return self

    def jobs(self, document: Mapping[str, Any], inputs: Mapping[str, Any], above: str, only: set[str]) -> bool:
        """Run jobs in the order of `needs`, which is that of our files; tell whether none failed."""
        states: dict[str, str] = {}
        for name, job in document["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            ready = all(states[need] == "success" for need in needs)
            contexts = self.contexts(inputs, job)
            if only and name not in only:
                states[name] = "success"
                continue
            if not (ready and condition(job.get("if"), contexts, {"success": lambda: True})):
                states[name] = "skipped"
            elif "uses" in job:
                states[name] = self.called(job, contexts, f"{above}{name}/")
            else:
                states[name] = self.job(f"{above}{name}", job, contexts, document.get("defaults", {}))
            self.finished[f"{above}{name}"] = states[name]
        return "failure" not in states.values()

    def called(self, job: Mapping[str, Any], contexts: Mapping[str, Any], above: str) -> str:
        """Run a reusable workflow of the same repository."""
        assert job["uses"].startswith(SAME_REPOSITORY)
        document = self.read(Path(job["uses"]).name)
        given = {key: _typed(value, contexts) for key, value in job.get("with", {}).items()}
        inputs = self.with_defaults(document["on"]["workflow_call"]["inputs"], given)
        return "success" if self.jobs(document, inputs, above, set()) else "failure"

    def job(self, name: str, job: Mapping[str, Any], contexts: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
        folder = self.cloud.folder / f"run-{self.number:02}" / name.replace("/", "-")
        environment = {key: interpolated(value, contexts) for key, value in job.get("env", {}).items()}
        files = {variable: folder / variable.lower() for variable in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        words = {"CI": "true", "GITHUB_ACTIONS": "true", **{key: str(path) for key, path in files.items()}}
        variables = {**words, **self.machine_variables, **environment}
        machine = Machine(name, folder, self.path, variables, self.cloud.installations)
        machine.project.mkdir()
        shell = SHELLS[defaults.get("run", {}).get("shell")]
        run = _Job(self, machine, contexts, shell)
        for step in job["steps"]:
            run.step(step)
        summary = files["GITHUB_STEP_SUMMARY"]
        self.summaries[name] = summary.read_text(encoding="utf-8") if summary.exists() else ""
        return "failure" if run.failed else "success"

    def contexts(self, inputs: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
        github = {
            "event_name": self.event,
            "event": self.payload,
            "ref": "refs/heads/main",
            "repository": "someone/reviews",
            "run_id": str(self.number),
            "run_attempt": "1",
        }
        environment = interpolated((job.get("environment") or {}).get("name", ""), {"inputs": inputs})
        variables = self.variables[environment] if environment else {}
        return {"github": github, "inputs": inputs, "vars": variables, "secrets": {}}

    def read(self, name: str) -> Mapping[str, Any]:
        document = yaml.load(  # a loader that leaves the key `on` as it is, as YAML 1.2 does
            (self.repository / ".github" / "workflows" / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader
        )
        return _with_booleans(document)

    def with_defaults(self, declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        assert not set(given) - set(declared), f"Unexpected inputs: {set(given) - set(declared)}"
        assert all(key in given for key, one in declared.items() if one.get("required"))
        chosen = {key: given.get(key, one.get("default", "")) for key, one in declared.items()}
        for key, one in declared.items():
            assert one["type"] != "choice" or chosen[key] in one["options"], f"{key} is none of {one['options']}"
        return chosen

    def texts(self, step: str) -> list[str]:
        """Return what the steps of this name have printed."""
        return [ran.text for ran in self.ran if ran.step == step]

    def log(self) -> str:
        return "\n".join(f"--- {ran.job}: {ran.step} ({ran.code})\n{ran.text}" for ran in self.ran)


class _Job:
    """Runs the steps of one job."""

    def __init__(self, run: Run, machine: Machine, contexts: Mapping[str, Any], shell: Sequence[str]) -> None:
        self.run, self.machine, self.contexts, self.shell = run, machine, contexts, shell
        self.failed = False
        self.logged_in: dict[str, str] = {}

    def step(self, step: Mapping[str, Any]) -> None:
        assert not set(step) - STEP_KEYS, f"this runner does not know {set(step) - STEP_KEYS}"
        status = {"success": lambda: not self.failed, "always": lambda: True}
        if not condition(step.get("if"), self.contexts, status):
            return
        if "uses" in step:
            given = {key: interpolated(value, self.contexts) for key, value in step.get("with", {}).items()}
            ACTIONS[step["uses"].partition("@")[0]](self, given)
            return
        assert "${{" not in step["run"], "an expression in a script is an injection"
        environment = {key: interpolated(value, self.contexts) for key, value in step.get("env", {}).items()}
        ran = self.machine.bash(step["name"], step["run"], self.shell, {**self.logged_in, **environment})
        self.run.ran.append(ran)
        self.failed = self.failed or ran.code != 0

    def checkout(self, given: Mapping[str, str]) -> None:
        self.machine.checkout(self.run.repository, given.get("ref") or self.run.commit)

    def set_up_python(self, given: Mapping[str, str]) -> None:
        """The Python of these tests is on the PATH."""
        assert given["python-version"]

    def log_in_to_aws(self, given: Mapping[str, str]) -> None:
        assert given["role-to-assume"].startswith("arn:aws:iam::")
        self.logged_in = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7SANDBOX", "AWS_SECRET_ACCESS_KEY": "sandbox"}
        self.logged_in |= {"AWS_REGION": given["aws-region"]}

    def restore_cache(self, given: Mapping[str, str]) -> None:
        found = [key for key in self.run.cloud.caches if key.startswith((given["key"], given["restore-keys"]))]
        if found:
            shutil.copytree(self.run.cloud.caches[found[-1]], self.machine.project / given["path"])

    def save_cache(self, given: Mapping[str, str]) -> None:
        source = self.machine.project / given["path"]
        if source.exists() and given["key"] not in self.run.cloud.caches:
            target = self.run.cloud.folder / "caches" / given["key"]
            self.run.cloud.caches[given["key"]] = Path(shutil.copytree(source, target))

    def upload(self, given: Mapping[str, str]) -> None:
        """Keep files; of several paths the least common parent is the root, which is the project here."""
        paths = given["path"].split()
        target = self.run.artifacts / given["name"]
        for path in paths:
            source = self.machine.project / path
            if source.is_dir():
                shutil.copytree(source, target if len(paths) == 1 else target / path, dirs_exist_ok=True)
            elif source.is_file():
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target / path)

    def download(self, given: Mapping[str, str]) -> None:
        target = self.machine.project / given.get("path", ".")
        shutil.copytree(self.run.artifacts / given["name"], target, dirs_exist_ok=True)


ACTIONS = {
    "actions/checkout": _Job.checkout,
    "actions/setup-python": _Job.set_up_python,
    "actions/cache/restore": _Job.restore_cache,
    "actions/cache/save": _Job.save_cache,
    "actions/upload-artifact": _Job.upload,
    "actions/download-artifact": _Job.download,
    "aws-actions/configure-aws-credentials": _Job.log_in_to_aws,
}


def _typed(value: Any, contexts: Mapping[str, Any]) -> Any:
    text = interpolated(value, contexts)
    return {"true": True, "false": False}.get(text, text)


def _with_booleans(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_booleans(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_booleans(item) for item in value]
    return {"true": True, "false": False}.get(value, value)
