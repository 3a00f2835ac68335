"""Every class of error ends a command with its own code, text on stderr, and nothing on stdout."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mldeploy import errors
from mldeploy.cli import main
from mldeploy.errors import ExitCode, MldeployError
from mldeploy.session import Session
from mldeploy.testing import Project
from tests.conftest import Install

RAISES = """
from mldeploy import errors, hookimpl

@hookimpl
def mldeploy_schema():
    return {"type": "object", "properties": {"raises": {"type": "string"}}}

@hookimpl
def mldeploy_limits(release):
    raise getattr(errors, release.value("raises"))("it is broken", hint="mend it", **DETAILS)

DETAILS = {}
"""
CODES = {
    "UsageError": 2,
    "PluginError": 2,
    "ReleaseError": 3,
    "RefusedError": 4,
    "DeployError": 5,
    "VerifyError": 6,
    "RollbackError": 7,
    "PendingError": 8,
    "CredentialsError": 9,
}


@pytest.fixture
def broken(project: Project, install: Install) -> Project:
    """A project with a plugin that raises whatever release.yaml names."""
    install("raises", RAISES)
    project.write("release.yaml", "name: toy\nraises: DeployError\n")
    return project


def test_each_class_of_error_has_its_code() -> None:
    classes = {
        name: int(value.exit_code)
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, MldeployError) and value is not MldeployError
    }
    assert classes == CODES
    assert set(CODES.values()) | {0, 1} == {int(code) for code in ExitCode}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_an_expected_error_is_told_in_two_lines_without_a_traceback(broken: Project, name: str, code: int) -> None:
    broken.write("release.yaml", f"name: toy\nraises: {name}\n")
    outcome = broken.run("plan")
    assert outcome.exit_code == code
    assert outcome.stderr == "error: it is broken\ntry: mend it\n"
    assert outcome.stdout == ""


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_the_same_as_json_on_stderr(broken: Project, name: str, code: int) -> None:
    broken.write("release.yaml", f"name: toy\nraises: {name}\n")
    outcome = broken.run("plan", "--json")
    told = json.loads(outcome.stderr)
    assert outcome.exit_code == told["exit_code"] == code
    assert (told["error"], told["message"], told["hint"]) == (name, "it is broken", "mend it")
    assert outcome.stdout == ""


@pytest.mark.parametrize("where", [["--debug", "plan"], ["plan", "--debug"]])
def test_debug_adds_the_traceback_wherever_it_stands(broken: Project, where: list[str]) -> None:
    outcome = broken.run(*where)
    assert outcome.exit_code == 5
    assert "Traceback" in outcome.stderr
    assert 'raise getattr(errors, release.value("raises"))' in outcome.stderr


def test_debug_by_environment_variable(broken: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLDEPLOY_DEBUG", "1")
    assert "Traceback" in broken.run("plan").stderr


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_bug_of_ours_says_so_and_how_to_report_it(
    broken: Project, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    def bug(_session: Session) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(Session, "load", bug)
    outcome = broken.run("plan", *options)
    assert outcome.exit_code == 1
    assert "unexpected KeyError: 'lost'" in outcome.stderr
    assert "bug in mldeploy" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plann"], "plann"),
        (["run", "--phase", "deploy"], "deploy"),
        (["plan", "--no-such-option"], "no-such-option"),
        (["plan", "--color", "blue"], "blue"),
        (["invoke"], "--data"),
        (["invoke", "text", "--header", "broken"], "NAME: VALUE"),
        (["invoke", "--data", "@gone.json"], "gone.json"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_wrong_command_line_is_2(broken: Project, arguments: list[str], words: str, options: list[str]) -> None:
    outcome = broken.run(*arguments, *options)
    assert outcome.exit_code == 2
    assert words in outcome.stderr
    assert outcome.stdout == ""
    if options:
        assert json.loads(outcome.stderr)["exit_code"] == 2


@pytest.mark.parametrize("command", ["plan", "run", "validate", "config", "rollback", "destroy", "status", "logs"])
def test_a_missing_file_is_told_by_every_command(project: Project, command: str) -> None:
    outcome = project.run(command, "--env", "dev")
    assert outcome.exit_code in {2, 3}
    assert "release.yaml" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_ctrl_c_before_anything_has_started_is_8(broken: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_session: Session) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "load", interrupted)
    outcome = broken.run("plan")
    assert (outcome.exit_code, outcome.stderr.strip()) == (8, "stopped")


@pytest.mark.parametrize(
    ("environment", "options", "coloured"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, [], False),
        ({}, ["--color", "always"], True),
        ({}, ["--color=always"], True),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], False),
    ],
)
def test_colour_is_for_terminals_and_for_those_who_ask(
    broken: Project, environment: dict[str, str], options: list[str], coloured: bool
) -> None:
    plain = dict.fromkeys(("NO_COLOR", "FORCE_COLOR"), "")
    outcome = broken.run_process("validate", "--file", "gone.yaml", *options, environment={**plain, **environment})
    assert ("\x1b[" in outcome.stderr) is coloured, outcome.stderr


def test_the_exit_code_reaches_the_shell(broken: Project) -> None:
    assert broken.run_process("plan", "--env", "nowhere").exit_code == 2


@pytest.mark.parametrize("option", ["--version", "--help", "-h"])
def test_version_and_help_are_answered_on_stdout(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    told = capsys.readouterr()
    assert "mldeploy" in told.out
    assert told.err == ""


def test_a_reader_who_leaves_early_causes_no_traceback() -> None:
    command = f"{sys.executable} -m mldeploy --help | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
