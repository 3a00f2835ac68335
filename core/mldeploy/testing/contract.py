"""The contract that every plugin keeps, as a class of tests to subclass."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

from mldeploy import hookspecs
from mldeploy.plugins import Plugins, installed
from mldeploy.secret_literals import find_secrets
from mldeploy.testing import schema_rules, step_rules
from mldeploy.testing.description import Description, describe, untouched
from mldeploy.testing.project import Project

HEAVY = ("boto3", "botocore", "fastapi", "flask", "jinja2", "moto", "requests")
"""What loading and describing a release must not import; doors and drivers may."""

LONGEST_RELEASE_NAME = "a" * 32
HOOKS = {name for name in vars(hookspecs) if name.startswith("mldeploy_")}


class PluginContract:
    """Subclass it as `class TestMine(PluginContract)`; pytest then runs every check below.

    - `plugin`: the word of the plugin, the name of its entry point.
    - `releases`: texts of release.yaml that load the plugin; give one per way of using it.
    - `environment`: where they are described and run.
    - `lifecycle`: also deploy the first release there, twice, and destroy it.
    - `longest_names`: kind → the longest name that the provider takes, in characters.
    """

    plugin: ClassVar[str]
    releases: ClassVar[Sequence[str]]
    environment: ClassVar[str] = "local"
    lifecycle: ClassVar[bool] = False
    longest_names: ClassVar[Mapping[str, int]] = {}

    def make_project(self, folder: Path) -> None:
        """Write the project's files except release.yaml; by default there are none."""

    def leftovers(self, folder: Path) -> Iterable[str]:  # noqa: ARG002 - for subclasses
        """Name what is still there in the plugin's world after destroy; by default nobody looks."""
        return ()

    def test_its_entry_point_is_installed_under_its_word(self) -> None:
        """`mldeploy plugins` lists it."""
        _hold(self.plugin in installed(), f"no entry point '{self.plugin}' in group 'mldeploy'")

    def test_every_hook_is_known_and_marked(self) -> None:
        """A misspelt or unmarked hook would never be called."""
        module = self._module()
        named = {name for name in vars(module) if name.startswith("mldeploy_") and callable(getattr(module, name))}
        unknown = sorted(named - HOOKS)
        unmarked = sorted(name for name in named & HOOKS if not hasattr(getattr(module, name), "mldeploy_impl"))
        _hold(not unknown, f"unknown hooks: {', '.join(unknown)}")
        _hold(not unmarked, f"without @hookimpl: {', '.join(unmarked)}")
        _hold(named, "the module has no hook; the entry point names the module that has them")

    def test_its_schema_is_closed_described_and_composes(self) -> None:
        """Its keys are checked, explained in editors, and owned by nobody else."""
        own = [fragment for name, fragment in _alone(self.plugin).schema_fragments() if name == self.plugin]
        faults = [fault for fragment in own for fault in schema_rules.faults(fragment)]
        _hold(not faults, "\n".join(faults))
        _alone(self.plugin).schema()

    def test_its_releases_load_it(self, tmp_path: Path) -> None:
        """Its word in release.yaml, or that of a plugin that requires it, is enough."""
        for description in self._descriptions(tmp_path):
            _hold(self.plugin in description.plugins.names, f"loaded: {', '.join(description.plugins.names)}")

    def test_describing_is_pure(self, tmp_path: Path) -> None:
        """The same input gives equal steps; no network, no files."""
        for project in self._projects(tmp_path):
            with untouched(project.folder):
                first, second = (describe(project.folder, self.environment).settled for _ in range(2))
            changed = [before.id for before, after in zip(first, second, strict=True) if before != after]
            _hold(not changed, f"described differently the second time: {', '.join(changed)}")

    def test_steps_are_data_with_fitting_names(self, tmp_path: Path) -> None:
        """Specs and settings are JSON data; names fit the provider, with the longest release name too."""
        for description in self._descriptions(tmp_path):
            faults = [fault for step in description.given for fault in step_rules.faults(step)]
            _hold(not faults, "\n".join(faults))
        for description in self._descriptions(tmp_path, name=LONGEST_RELEASE_NAME):
            long = [step for step in description.settled if len(step.name) > self.longest_names.get(step.kind, 255)]
            _hold(not long, "\n".join(f"{step.id} has {len(step.name)} characters" for step in long))

    def test_every_kind_has_a_driver(self, tmp_path: Path) -> None:
        """Drivers take what the core gives them, and making them opens no door."""
        for description in self._descriptions(tmp_path):
            drivers = description.drivers()
            missing = sorted({step.kind for step in description.settled} - set(drivers))
            _hold(not missing, f"no driver for {', '.join(missing)}")
            faults = [fault for kind, driver in drivers.items() for fault in step_rules.driver_faults(kind, driver)]
            _hold(not faults, "\n".join(faults))

    def test_steps_survive_the_record(self, tmp_path: Path) -> None:
        """A recorded release is the same release, or every run would make a new one."""
        for description in self._descriptions(tmp_path):
            faults = list(step_rules.record_faults(description.settled, description.plugins.names))
            _hold(not faults, "\n".join(faults))

    def test_describing_imports_nothing_heavy(self, tmp_path: Path) -> None:
        """`mldeploy validate` stays quick; drivers and doors import what they need when they are used."""
        for project in self._projects(tmp_path):
            program = (
                "import sys; from pathlib import Path; from mldeploy.testing.description import describe;"
                f"describe(Path('.'), {self.environment!r});"
                f"print(*(name for name in {HEAVY!r} if name in sys.modules))"
            )
            done = subprocess.run(
                [sys.executable, "-c", program], cwd=project.folder, capture_output=True, text=True, check=False
            )
            _hold(done.returncode == 0, done.stderr)
            _hold(not done.stdout.strip(), f"imported: {done.stdout.strip()}")

    def test_in_an_empty_world_everything_is_to_create(self, tmp_path: Path) -> None:
        """Reading what does not exist gives None and no error."""
        for project in self._projects(tmp_path):
            changes = project.run("plan", "--json", "--env", self.environment).ok().json["changes"]
            odd = [f"{change['action']} {change['step']}" for change in changes if not _is_new(change)]
            _hold(not odd, f"not new: {', '.join(odd)}")

    def test_its_life_from_run_to_destroy(self, tmp_path: Path) -> None:
        """Run → run again changes nothing → status is ok → destroy leaves nothing; no secret is recorded."""
        if not self.lifecycle:
            pytest.skip("lifecycle is not asked for")
        project = next(self._projects(tmp_path))
        where = ("--env", self.environment)
        try:
            project.run("run", "--yes", "--json", *where).ok()
            again = project.run("run", "--yes", "--json", *where).ok().events
            touched = [f"{e['action']} {e['step']}" for e in again if e.get("action") in {"create", "update", "delete"}]
            _hold(not touched, f"the second run changed: {', '.join(touched)}")
            rows = project.run("status", "--json", *where).ok().json["steps"]
            _hold(all(row["state"] == "ok" for row in rows), f"status: {rows}")
            _hold(not list(_secrets(project.folder)), f"recorded secrets: {', '.join(_secrets(project.folder))}")
        finally:
            destroyed = project.run("destroy", "--yes", *where)
        destroyed.ok()
        left = list(self.leftovers(project.folder))
        _hold(not left, f"destroy left: {', '.join(left)}")
        plan = project.run("plan", "--json", *where).ok().json["changes"]
        _hold(all(_is_new(change) for change in plan), f"destroy left something: {plan}")

    def _module(self) -> ModuleType:
        module = installed()[self.plugin].load()
        _hold(isinstance(module, ModuleType), "the entry point has to name a module")
        return module  # type: ignore[no-any-return] # just checked

    def _projects(self, folder: Path, name: str = "") -> Iterator[Project]:
        """Yield a project per release text."""
        for number, text in enumerate(self.releases):
            project = Project(folder / f"project-{number}{name[:1]}")
            project.folder.mkdir(exist_ok=True)
            self.make_project(project.folder)
            project.write("release.yaml", re.sub(r"(?m)^name:.*$", f"name: {name}", text) if name else text)
            yield project

    def _descriptions(self, folder: Path, name: str = "") -> Iterator[Description]:
        return (describe(project.folder, self.environment) for project in self._projects(folder, name))


def _alone(*names: str) -> Plugins:
    """Return these installed plugins and what they require, loaded."""
    plugins = Plugins()
    for name in names:
        plugins.add_installed(name)
    return plugins


def _is_new(change: Mapping[str, str]) -> bool:
    """Return whether a planned change makes something new; a lazy step that nothing needs is kept with a reason."""
    return change["action"] in {"create", "run"} or (change["action"] == "keep" and bool(change["reason"]))


def _secrets(folder: Path) -> Iterator[str]:
    """Yield where the records of a project hold what looks like a secret."""
    for path in (folder / ".mldeploy" / "state").rglob("r*.json"):
        outputs = json.loads(path.read_text(encoding="utf-8"))["outputs"]
        yield from (".".join(map(str, problem.path)) for problem in find_secrets(outputs))


def _hold(condition: object, message: str) -> None:
    """Raise AssertionError with a message that needs no rewriting of asserts."""
    if not condition:
        raise AssertionError(message)
