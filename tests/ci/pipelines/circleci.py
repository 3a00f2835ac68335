"""A runner for CircleCI configs: expands parameters and commands, chooses workflows, and runs jobs step by step.

It knows what our pipelines use and refuses the rest. Jobs run one after another, in the order of `requires`; approvals
are given. Caches are immutable, and restored by the longest prefix that is the newest, as CircleCI documents it; the
workspace holds what jobs persist; artifacts are kept by job. Source: circleci.com/docs, "Configuration reference".
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.ci.pipelines.machine import Installations, Machine, Ran

EXPRESSION = re.compile(r"<<\s*([\w.-]+)\s*>>")
SHELL = ("/bin/bash", "-eo", "pipefail", "-c")
JOB_KEYS = {"name", "context", "requires", "filters", "serial-group", "type"}
TOKEN = "token-of-the-job"


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Return a value of a config with its expressions replaced; a whole-value one keeps its type."""
    if isinstance(value, Mapping):
        return {key: filled(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if not isinstance(value, str):
        return value
    if whole := EXPRESSION.fullmatch(value.strip()):
        return known[whole[1]]
    return EXPRESSION.sub(lambda found: str(known[found[1]]), value)


def holds(condition: Any) -> bool:
    """Return whether a logic statement holds."""
    if isinstance(condition, Mapping):
        ((operator, operands),) = condition.items()
        if operator == "equal":
            return all(operand == operands[0] for operand in operands)
        return {"or": any, "and": all}[operator](holds(operand) for operand in operands)
    return condition not in (False, "", 0, None)


@dataclass
class Cloud:
    """What outlives jobs: caches, artifacts, installed environments, and how many builds there were."""

    folder: Path
    caches: dict[str, Path] = field(default_factory=dict)
    artifacts: dict[str, list[str]] = field(default_factory=dict)
    installations: Installations = field(default_factory=Installations)
    builds: Iterator[int] = field(default_factory=lambda: count(1))


@dataclass
class Pipeline:
    """One triggered pipeline."""

    repository: Path
    config: str
    cloud: Cloud
    path: Sequence[Path]
    contexts: Mapping[str, Mapping[str, str]]
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    deploy: Mapping[str, str] = field(default_factory=dict)
    commit: str = "main"
    ran: list[Ran] = field(default_factory=list)
    finished: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.document = yaml.safe_load((self.repository / ".circleci" / self.config).read_text(encoding="utf-8"))
        declared = self.document.get("parameters", {})
        assert not set(self.parameters) - set(declared), "Unexpected argument(s)"
        names = ("component_name", "environment_name", "target_version")
        self.values: dict[str, Any] = {
            "pipeline.project.slug": "gh/someone/reviews",
            **{f"pipeline.deploy.{name}": self.deploy.get(name, "") for name in names},
            **{f"pipeline.parameters.{name}": one["default"] for name, one in declared.items()},
            **{f"pipeline.parameters.{name}": value for name, value in self.parameters.items()},
        }
        self.workspace = self.cloud.folder / f"workspace-{next(self.cloud.builds)}"
        self.workspace.mkdir(parents=True)

    def run(self, only: Iterable[str] = ()) -> Pipeline:
        """Run every job of the workflows that apply, or those that are named; a failure fails what requires it."""
        for workflow in filled(self.document["workflows"], self.values).values():
            if holds(workflow.get("when", True)):
                for entry in workflow["jobs"]:
                    self._enter(entry, set(only))
        return self

    def texts(self, step: str) -> list[str]:
        """Return what the steps of this name have printed."""
        return [ran.text for ran in self.ran if ran.step == step]

    def log(self) -> str:
        return "\n".join(f"--- {ran.job}: {ran.step} ({ran.code})\n{ran.text}" for ran in self.ran)

    def _enter(self, entry: Any, only: set[str]) -> None:
        kind, settings = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        name = settings.get("name", kind)
        wanted = [need if isinstance(need, Mapping) else {need: ["success"]} for need in settings.get("requires", [])]
        states = [self.finished.get(job) in statuses for need in wanted for job, statuses in need.items()]
        if only and name not in only and settings.get("type") != "approval":
            self.finished[name] = "success"
        elif not all(states):
            self.finished[name] = "not_run"
        elif settings.get("type") == "approval":
            self.finished[name] = "success"
        else:
            given = {key: value for key, value in settings.items() if key not in JOB_KEYS}
            self.finished[name] = self._job(name, self.document["jobs"][kind], given, settings.get("context"))

    def _job(self, name: str, definition: Mapping[str, Any], given: Mapping[str, Any], context: str | None) -> str:
        arguments = self._arguments(definition, given)
        job = filled({key: value for key, value in definition.items() if key != "parameters"}, arguments)
        build = next(self.cloud.builds)
        folder = self.cloud.folder / f"{build:02}-{name}"
        variables = {
            "CI": "true",
            "CIRCLECI": "true",
            "CIRCLE_JOB": name,
            "CIRCLE_BUILD_NUM": str(build),
            "CIRCLE_PROJECT_REPONAME": "reviews",
            "BASH_ENV": str(folder / "bash_env"),
            **({"CIRCLE_OIDC_TOKEN_V2": TOKEN, **self.contexts[context]} if context else {}),
            **self.variables,
            **job.get("environment", {}),
        }
        machine = Machine(name, folder, self.path, variables, self.cloud.installations)
        (folder / "bash_env").touch()
        machine.project.mkdir()
        run = _Job(self, machine)
        for step in self._steps(job["steps"], arguments):
            run.step(step)
        return "failed" if run.failed else "success"

    def _arguments(self, definition: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        declared = definition.get("parameters", {})
        assert not set(given) - set(declared), f"Unexpected argument(s): {set(given) - set(declared)}"
        found = {key: given[key] if key in given else one["default"] for key, one in declared.items()}
        for key, one in declared.items():
            assert one["type"] != "enum" or found[key] in one["enum"], f"{key} is none of {one['enum']}"
        return self.values | {f"parameters.{key}": value for key, value in found.items()}

    def _steps(self, steps: Sequence[Any], arguments: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield (kind, settings) of the built-in steps that are left when commands and conditions are expanded."""
        for step in filled(list(steps), arguments):
            kind, settings = (step, {}) if isinstance(step, str) else next(iter(step.items()))
            if kind in ("when", "unless"):
                if holds(settings["condition"]) == (kind == "when"):
                    yield from self._steps(settings["steps"], arguments)
            elif kind in self.document.get("commands", {}):
                command = self.document["commands"][kind]
                yield from self._steps(command["steps"], self._arguments(command, settings))
            else:
                yield kind, settings


class _Job:
    """Runs built-in steps; after a failure only those that say so, and the ones that keep results."""

    def __init__(self, pipeline: Pipeline, machine: Machine) -> None:
        self.pipeline, self.machine, self.cloud = pipeline, machine, pipeline.cloud
        self.failed = False

    def step(self, step: tuple[str, Mapping[str, Any]]) -> None:
        kind, settings = step
        kept = kind in ("store_artifacts", "store_test_results")
        when = settings.get("when", "always" if kept else "on_success")
        if when == "always" or (when == "on_fail") == self.failed:
            getattr(self, kind)(settings)

    def checkout(self, _settings: Mapping[str, Any]) -> None:
        self.machine.checkout(self.pipeline.repository, self.pipeline.commit)

    def setup_remote_docker(self, _settings: Mapping[str, Any]) -> None:
        """There is no Docker engine: the project of these tests builds process images."""

    def run(self, settings: Mapping[str, Any]) -> None:
        assert not set(settings) - {"name", "command", "environment", "when", "no_output_timeout"}
        environment = {key: str(value) for key, value in settings.get("environment", {}).items()}
        ran = self.machine.bash(settings["name"], settings["command"], SHELL, environment)
        self.pipeline.ran.append(ran)
        self.failed = self.failed or ran.code != 0

    def save_cache(self, settings: Mapping[str, Any]) -> None:
        key = settings["key"].replace("{{ epoch }}", f"{next(self.cloud.builds):08}")
        assert "{{" not in key
        paths = [path for path in settings["paths"] if (self.machine.project / path).exists()]
        if paths and key not in self.cloud.caches:
            self.cloud.caches[key] = self.cloud.folder / "caches" / key
            self._copy(paths, self.machine.project, self.cloud.caches[key])

    def restore_cache(self, settings: Mapping[str, Any]) -> None:
        for prefix in settings["keys"]:
            if found := [key for key in self.cloud.caches if key.startswith(prefix)]:
                self._copy(["."], self.cloud.caches[found[-1]], self.machine.project)
                return

    def persist_to_workspace(self, settings: Mapping[str, Any]) -> None:
        self._copy(settings["paths"], self.machine.project / settings["root"], self.pipeline.workspace)

    def attach_workspace(self, settings: Mapping[str, Any]) -> None:
        self._copy(["."], self.pipeline.workspace, self.machine.project / settings["at"])

    def store_artifacts(self, settings: Mapping[str, Any]) -> None:
        path = self.machine.project / settings["path"]
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        names = [file.relative_to(self.machine.project).as_posix() for file in files]
        self.cloud.artifacts.setdefault(self.machine.job, []).extend(names)

    def store_test_results(self, settings: Mapping[str, Any]) -> None:
        reports = list((self.machine.project / settings["path"]).rglob("*.xml"))
        assert reports or self.failed, f"{self.machine.job} has no test results"

    @staticmethod
    def _copy(paths: Iterable[str], source: Path, target: Path) -> None:
        for path in paths:
            copy = shutil.copytree if (source / path).is_dir() else shutil.copy2
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            copy(source / path, target / path, **({"dirs_exist_ok": True} if copy is shutil.copytree else {}))
