"""Configs: anchors, orbs, workflows and pipeline parameters, and what the command says about them."""

from __future__ import annotations

import json

import pytest

from mldeploy.cli import main
from mldeploy_ci.definitions import definitions_of
from mldeploy_ci.lint import Rules, lint_path
from mldeploy_ci.sources import read_file
from tests.ci.orb.conftest import ORB, SAMPLE

CONFIG = """\
version: 2.1
orbs:
  mldeploy: org/mldeploy@0.1
  other: circleci/other@1.0
parameters:
  env:
    type: enum
    enum: [dev, prod]
    default: dev
defaults: &defaults
  docker: [{image: "cimg/python:3.12"}]
commands:
  greet:
    parameters: {name: {type: string}}
    steps: [run: "echo << parameters.name >>"]
jobs:
  test:
    <<: *defaults
    parameters: {count: {type: integer, default: 1}}
    parallelism: << parameters.count >>
    steps:
      - checkout
      - greet: {name: "<< pipeline.parameters.env >>"}
      - other/anything: {x: 1}
workflows:
  main:
    jobs:
      - test: {matrix: {parameters: {count: [1, 2]}, alias: tests}}
      - other/job: {whatever: 1, requires: [tests]}
      - wait: {type: approval, requires: [other/job]}
      - mldeploy/deploy: {env: dev, name: deploy, requires: [wait], context: [aws-dev]}
      - mldeploy/verify: {env: dev, requires: [deploy: success]}
"""

BOMB = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 12)}]\n" for i in range(1, 9))
"""Anchors that repeat others, twelve times twelve times twelve …"""


def test_a_right_config_has_no_findings(lint_text, schema):
    known = {"mldeploy": definitions_of(read_file(ORB / "orb.yml").value)}
    assert lint_text(CONFIG, schema=schema, known=known) == []


@pytest.mark.parametrize("name", ["good-config.yml", "good-orb.yml"])
def test_known_good_files_have_no_errors(name, data, schema):
    assert [finding for finding in lint_path(data / name, Rules(schema=schema)) if finding.severity == "error"] == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "at"),
    [
        ("- greet: {", "- greed: {", "undefined-command", "greed"),
        ("parameters.env >>", "parameters.environment >>", "undefined-parameter", "parameters.environment"),
        ("- test: {matrix", "- tests: {matrix", "undefined-job", "- tests:"),
        ("{count: [1, 2]}", "{number: [1, 2]}", "unknown-argument", "number"),
        ("- other/job: {", "- others/job: {", "undefined-orb", "others/job"),
        (
            "{env: dev, name: deploy,",
            "{environment: dev, env: dev, name: deploy,",
            "unknown-argument",
            "environment: dev",
        ),
        ("{env: dev, requires: [deploy", "{requires: [deploy", "missing-argument", "mldeploy/verify"),
        ("- mldeploy/verify", "- mldeploy/verfy", "undefined-job", "mldeploy/verfy"),
        ("default: dev", "default: qa", "default-type", "default: qa"),
        ("workflows:", "workflow:", "unknown-key", "workflow:"),
        ("name: deploy, requires", "name: << parameters.env >>, requires", "undefined-parameter", "<< parameters.env"),
    ],
)
def test_a_fault_in_a_config_is_found(old, new, rule, at, lint_text):
    assert CONFIG.count(old) == 1
    text = CONFIG.replace(old, new)
    known = {"mldeploy": definitions_of(read_file(ORB / "orb.yml").value)}
    found = [finding for finding in lint_text(text, known=known) if finding.rule == rule]
    assert found
    assert any(at in text.splitlines()[finding.position.line - 1] for finding in found)


def test_a_requirement_that_no_job_meets_is_found(lint_text):
    text = CONFIG.replace("- test: {matrix: {parameters: {count: [1, 2]}, alias: tests}}", "- test")
    (found,) = lint_text(text)
    assert found.rule == "undefined-requirement"
    assert "'tests'" in found.message


def test_a_finding_in_an_anchor_is_shown_where_the_anchor_is(lint_text, schema):
    text = CONFIG.replace('[{image: "cimg/python:3.12"}]', "[{images: x}]")
    (found,) = [finding for finding in lint_text(text, schema=schema) if "images" in finding.message]
    assert found.position.line == CONFIG[: CONFIG.index("docker:")].count("\n") + 1


def test_an_inline_orb_is_checked_like_any_other(lint_text):
    command = "{parameters: {y: {type: string}}, steps: [nothing]}"
    job = "{docker: [{image: x}], steps: [checkout]}"
    inline = f"{{commands: {{anything: {command}}}, jobs: {{job: {job}}}}}"
    text = CONFIG.replace("circleci/other@1.0", inline)
    rules = {finding.rule for finding in lint_text(text)}
    assert rules == {"undefined-command", "unknown-argument", "missing-argument", "unused-parameter"}


def test_findings_are_shown_like_those_of_a_compiler(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yml").write_text(CONFIG.replace("- greet: {", "- greed: {"), encoding="utf-8")
    assert main(["ci", "lint", "config.yml"]) == 3
    shown = capsys.readouterr()
    assert "config.yml:23:9: error: there is no command 'greed' [undefined-command]\n" in shown.out
    assert "     |         ^\n" in shown.out
    assert "try: did you mean 'greet'?" in shown.out
    assert "config.yml: 1 error, 0 warnings\n" in shown.out
    assert "schema was not given" in shown.err


def test_findings_as_json(tmp_path, capsys):
    path = tmp_path / "orb.yml"
    path.write_text(SAMPLE.replace("times: 2", "time: 2"), encoding="utf-8")
    assert main(["ci", "lint", str(path), "--json"]) == 3
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    (finding,) = result["files"][0]["findings"]
    assert result["schema"] is False
    assert (finding["rule"], finding["file"], finding["severity"]) == ("unknown-argument", str(path), "error")
    assert SAMPLE.splitlines()[finding["line"] - 1].strip() == "times: 2"
    assert finding["hint"] == "did you mean 'times'?"
    assert shown.err == ""


def test_a_warning_alone_is_no_failure(tmp_path, capsys):
    path = tmp_path / "config.yml"
    path.write_text(CONFIG.replace("parallelism: << parameters.count >>", "parallelism: 1"), encoding="utf-8")
    assert main(["ci", "lint", str(path)]) == 0
    assert "warning: the parameter 'count' is declared and not used" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jobs: {a: [\n", "not YAML"),
        ("a: 1\na: 2\n", "is there twice"),
        ("- a\n", "it holds no keys"),
        ("", "it holds no keys"),
        (BOMB, "more than 100000"),
        ("[" * 500 + "]" * 500, "nested deeper than 64 levels"),
        ("a: &a [*a]\n", "the anchor &a is not defined above"),
        ("a: !!python/object:os.system x\n", "tags are not supported"),
        ("a: \x01\n", "control character"),
        ("<<: [1]\n", "`<<` takes a mapping"),
    ],
)  # fmt: skip
def test_hostile_files_are_refused_with_a_place(text, message, tmp_path, capsys):
    path = tmp_path / "config.yml"
    path.write_text(text, encoding="utf-8")
    assert main(["ci", "lint", str(path)]) == 3
    shown = capsys.readouterr()
    assert message in shown.out
    assert f"{path}:" in shown.out
    assert "Traceback" not in shown.err


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path, capsys):
    broken, wrong = tmp_path / "broken.yml", tmp_path / "wrong.yml"
    broken.write_text("jobs: [\n", encoding="utf-8")
    wrong.write_text(CONFIG.replace("- greet: {", "- greed: {"), encoding="utf-8")
    assert main(["ci", "lint", str(broken), str(wrong)]) == 3
    shown = capsys.readouterr().out
    assert f"{broken}: 1 error, 0 warnings" in shown
    assert f"{wrong}: 1 error, 0 warnings" in shown


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("github", "::error file={path},line=23,col=9,title=mldeploy::there is no command 'greed' [undefined-command]"),
        ("junit", "<failure message=\"there is no command 'greed' [undefined-command]\">"),
        ("sarif", '"startLine": 23'),
    ],
)
def test_findings_for_other_programs(output, expected, tmp_path, capsys):
    path = tmp_path / "config.yml"
    path.write_text(CONFIG.replace("- greet: {", "- greed: {"), encoding="utf-8")
    assert main(["ci", "lint", str(path), "--format", output]) == 3
    assert expected.format(path=path) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-file.yml"], "does not exist"),
        (["."], "has no @orb.yml"),
        (["config.yml", "--schema", "no-such-schema.json"], "cannot be read"),
        (["config.yml", "--schema", "config.yml"], "is not JSON"),
        (["config.yml", "--orb", "mldeploy"], "NAME=PATH"),
        ([], "Missing argument"),
    ],
)
def test_wrong_use_is_explained(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    assert main(["ci", "lint", *arguments]) == 2
    assert message in capsys.readouterr().err
