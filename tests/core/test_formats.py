"""Findings, plans and events as other programs read them."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mldeploy.errors import Position, Problem, RefusedError
from mldeploy.events import Event
from mldeploy.formats.github_report import GithubReport
from mldeploy.formats.junit import JunitReport, findings_report
from mldeploy.formats.markdown import code_span, fenced
from mldeploy.formats.sarif import sarif_log
from mldeploy.formats.workflow_commands import annotation_lines, command, error_annotation, harmless, masks
from mldeploy.testing import Project
from tests.ci.action.log_commands import LogReader

BROKEN = "name: toy\nautoscaling:\n  minInstances: 0\n  maxInstances: -1\n"


def problem(line: int, *, severity: str = "error", file: str = "release.yaml", message: str = "wrong") -> Problem:
    place = Position(file=file, line=line, column=2)
    return Problem(message=message, path=("a",), hint="right", severity=severity, position=place)  # type: ignore[arg-type]


def read(text: str) -> LogReader:
    reader = LogReader()
    for line in text.splitlines():
        reader.read(line)
    return reader


class TestWorkflowCommands:
    @pytest.mark.parametrize("text", ["100%", "a\r\nb", "x:y,z", "%0A", "::error::x", "%25", "ü✓", "=", ""])
    def test_every_character_arrives_in_messages_and_properties(self, text: str) -> None:
        (found,) = read(command("error", f"m{text}", title=f"t{text}")).annotations
        assert (found.message, found.properties) == (f"m{text}", {"title": f"t{text}"})

    def test_a_problem_is_annotated_at_its_place_with_what_to_try(self) -> None:
        line = next(annotation_lines([problem(4)]))
        assert line == "::error file=release.yaml,line=4,col=2,title=mldeploy::wrong%0Atry: right"

    def test_of_many_problems_nine_per_kind_are_shown_and_the_rest_is_counted(self) -> None:
        found = [problem(n, severity=severity) for severity in ("error", "warning") for n in range(30)]
        reader = read("\n".join(annotation_lines(found)))
        for kind in ("error", "warning"):
            shown = [annotation for annotation in reader.annotations if annotation.kind == kind]
            assert len(shown) == len(reader.shown_annotations(kind)) == 10
            assert shown[-1].message == "and 21 more, see the log"

    def test_an_error_is_one_annotation(self) -> None:
        (found,) = read(error_annotation(RefusedError("locked,\nby x", hint="wait"))).annotations
        assert found.message == "locked,\nby x\ntry: wait"

    def test_each_line_of_a_secret_is_masked(self) -> None:
        reader = read("\n".join(masks(["one\ntwo 100%", "", "\n"])) + "\nsay two 100% and one")
        assert reader.masks == ["one", "two 100%"]
        assert reader.lines == ["say *** and ***"]

    @pytest.mark.parametrize(
        "text", ["::error::x", "a\n  ::add-mask::b", "a ##[set-output name=x;]y", "\t::stop-commands::x"]
    )
    def test_a_text_with_commands_in_it_is_shown_and_not_obeyed(self, text: str) -> None:
        reader = read(f"{harmless(text)}\n::notice::after")
        assert [found.message for found in reader.annotations] == ["after"]
        assert (reader.masks, reader.outputs) == ([], {})
        assert set(text.splitlines()) <= set(reader.lines)

    @pytest.mark.parametrize("text", ["a::b", "a ## [x]", ""])
    def test_a_text_without_commands_stays_as_it_is(self, text: str) -> None:
        assert harmless(text) == text


class TestEvents:
    EVENTS = (
        Event(step="T::A/a", state="started", action="create", phase="build"),
        Event(step="T::A/a", state="progress", message="::error::no"),
        Event(step="T::A/a", state="done", action="create", phase="build", seconds=1.25),
        Event(step="T::B/b", state="kept", phase="provision"),
        Event(step="T::C/c", state="started", action="run", phase="verify"),
        Event(step="T::C/c", state="failed", action="run", phase="verify", message="no <1 & \x00>\nat all", seconds=2),
        Event(step="T::C/d", state="skipped", phase="verify"),
    )

    def test_a_github_log_has_a_group_until_verification_and_one_for_it(self) -> None:
        stream = io.StringIO()
        with GithubReport(stream) as report:
            for event in self.EVENTS:
                report.emit(event)
        reader = read(stream.getvalue())
        assert reader.groups == ["build, provision, expose", "verify"]
        assert stream.getvalue().count("::endgroup::") == 2
        assert reader.annotations == []
        assert "+ T::A/a: done in 1.2 s" in reader.lines

    def test_a_junit_report_has_a_case_per_step_that_ran(self) -> None:
        stream, log = io.StringIO(), io.StringIO()
        with JunitReport(stream, log) as report:
            for event in self.EVENTS:
                report.emit(event)
        suites = ET.fromstring(stream.getvalue())
        assert (suites.get("tests"), suites.get("failures"), suites.get("skipped")) == ("3", "1", "1")
        build, verify = suites
        assert [(case.get("classname"), case.get("name"), case.get("time")) for case in build] == [
            ("T::A", "a", "1.250")
        ]
        failed, skipped = verify
        assert failed[0].get("message") == "no <1 & �>"
        assert failed[0].text == "no <1 & �>\nat all"
        assert skipped[0].tag == "skipped"
        assert "+ T::A/a: done in" in log.getvalue()

    def test_a_report_is_written_when_the_run_fails(self) -> None:
        stream = io.StringIO()
        report = JunitReport(stream, io.StringIO())
        report.emit(self.EVENTS[-2])
        report.__exit__(ValueError, ValueError("x"), None)
        assert ET.fromstring(stream.getvalue()).get("failures") == "1"


class TestFindings:
    def test_sarif_names_place_rule_and_what_to_try(self) -> None:
        log = json.loads(sarif_log([problem(4, file="a b/release.yaml"), problem(5, severity="warning")]))
        assert log["version"] == "2.1.0"
        (run,) = log["runs"]
        rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        first, second = run["results"]
        assert {first["ruleId"], second["ruleId"]} <= rules
        assert (first["level"], second["level"]) == ("error", "warning")
        place = first["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "a%20b/release.yaml"
        assert place["region"] == {"startLine": 4, "startColumn": 2}
        assert first["message"]["text"] == "wrong\n\nTry: right"

    def test_a_sarif_result_is_the_same_one_when_lines_move(self) -> None:
        results = json.loads(sarif_log([problem(4), problem(9), problem(4, message="other")]))["runs"][0]["results"]
        first, moved, other = (result["partialFingerprints"]["problem/v1"] for result in results)
        assert first == moved != other

    def test_junit_counts_files_with_errors(self) -> None:
        suites = ET.fromstring(
            findings_report([("good.yaml", [problem(1, severity="warning")]), ("bad.yaml", [problem(2)])])
        )
        assert (suites.get("tests"), suites.get("failures")) == ("2", "1")
        assert suites[0][1][0].text == "release.yaml:2:2: wrong"


class TestMarkdown:
    @pytest.mark.parametrize(
        ("text", "span"),
        [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a|b", "`a\\|b`"), ("a\n\nb", "`a b`"), ("", "` `")],
    )
    def test_code_spans_hold_any_text_on_one_line(self, text: str, span: str) -> None:
        assert code_span(text) == span

    def test_fences_grow_with_what_they_hold(self) -> None:
        assert fenced("a") == "```text\na\n```"
        assert fenced("```\n`````\n", "diff").startswith("``````diff\n")


class TestCommands:
    @pytest.fixture
    def toy(self, project: Project) -> Project:
        shutil.copy(Path(__file__).with_name("toy_plugin.py"), project.folder / "mldeploy_plugin.py")
        project.write(
            "release.yaml", "name: toy\ntype: toy\nexpose: {gateway: toy, auth: {apiKey: false, jwt: false}}\n"
        )
        return project

    def test_validate_annotates_paths_relative_to_the_repository(self, project: Project) -> None:
        (project.folder / ".git").mkdir()
        project.write("services/a/release.yaml", BROKEN)
        outcome = project.run("validate", "--format", "github", "services/a/release.yaml")
        assert outcome.exit_code == 3
        places = {(found.properties["file"], found.properties["line"]) for found in read(outcome.stdout).annotations}
        assert {("services/a/release.yaml", "3"), ("services/a/release.yaml", "4")} <= places
        assert "3 |   minInstances: 0" in outcome.stdout

    def test_validate_says_the_same_in_every_format(self, project: Project) -> None:
        project.write("release.yaml", BROKEN)
        outputs = {
            name: project.run("validate", "--format", name) for name in ("plain", "json", "github", "junit", "sarif")
        }
        assert {outcome.exit_code for outcome in outputs.values()} == {3}
        messages = [found["message"] for found in outputs["json"].json["files"][0]["problems"]]
        assert len(messages) >= 2
        results = outputs["sarif"].json["runs"][0]["results"]
        assert [result["message"]["text"].split("\n")[0] for result in results] == messages
        for message in messages:
            assert message in outputs["plain"].stderr
            assert message in "".join(ET.fromstring(outputs["junit"].stdout).itertext())
        annotated = read(outputs["github"].stdout).annotations
        assert [found.message.split("\n")[0] for found in annotated] == messages
        assert project.run("validate", "--json").stdout == outputs["json"].stdout

    def test_a_file_that_is_not_there_is_a_finding_in_every_format(self, project: Project) -> None:
        for name in ("github", "junit", "sarif", "json"):
            outcome = project.run("validate", "--format", name, "none.yaml")
            assert outcome.exit_code == 3
            assert "none.yaml does not exist" in outcome.stdout

    def test_errors_are_shown_in_the_format_that_was_asked_for(self, toy: Project) -> None:
        (error,) = read(toy.run("plan", "--env", "none", "--format=github").stdout).annotations
        assert "has no environment 'none'" in error.message
        assert json.loads(toy.run("run", "--format", "json", "--env", "none").stderr)["exit_code"] == 2
        (usage,) = read(toy.run("plan", "--format", "github", "--nonsense").stdout).annotations
        assert "No such option" in usage.message

    def test_a_run_on_github_is_one_stream_with_groups(self, toy: Project) -> None:
        outcome = toy.run("run", "--format", "github").ok()
        assert outcome.stderr == ""
        assert read(outcome.stdout).groups == ["build, provision, expose", "verify"]
        assert "toy r1 in local: deployed" in outcome.stdout

    def test_a_run_as_junit_has_nothing_else_on_stdout(self, toy: Project) -> None:
        outcome = toy.run("run", "--format", "junit").ok()
        assert [suite.get("name") for suite in ET.fromstring(outcome.stdout)] == ["expose", "verify"]
        assert "toy r1 in local: deployed" in outcome.stderr

    def test_credentials_on_github_are_masked_before_they_are_printed(self, toy: Project) -> None:
        toy.run("run").ok()
        outcome = toy.run("creds", "--format", "github").ok()
        assert outcome.stderr == "::add-mask::the-key\n"
        assert outcome.stdout == "x-api-key: the-key\n"

    @pytest.mark.parametrize(("name", "wrong"), [("plan", "junit"), ("run", "sarif"), ("validate", "markdown")])
    def test_a_format_that_makes_no_sense_is_refused_with_those_that_do(
        self, toy: Project, name: str, wrong: str
    ) -> None:
        outcome = toy.run(name, "--format", wrong)
        assert outcome.exit_code == 2
        assert "is not one of" in outcome.stderr
