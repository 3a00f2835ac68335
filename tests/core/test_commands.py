"""The commands as people and programs use them, against a plugin that lies beside release.yaml."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mldeploy.testing import Project


@pytest.fixture
def toy(project: Project) -> Project:
    shutil.copy(Path(__file__).with_name("toy_plugin.py"), project.folder / "mldeploy_plugin.py")
    release(project, things="[a, b]")
    return project


def release(project: Project, **toy: str) -> None:
    values = ", ".join(f"{key}: {value}" for key, value in toy.items())
    head = "name: toy\ntype: toy\nexpose: {gateway: toy, auth: {apiKey: false, jwt: false}}\n"
    project.write("release.yaml", f"{head}toy: {{{values}}}\n")


def world(project: Project) -> set[str]:
    return {path.name for path in (project.folder / "world").glob("*")}


class TestRun:
    def test_what_happens_is_on_stderr_and_the_result_on_stdout(self, toy: Project) -> None:
        outcome = toy.run("run").ok()
        assert "+ Toy::File/a: create" in outcome.stderr
        assert "+ Toy::File/a: done in" in outcome.stderr
        assert outcome.stdout.startswith("toy r1 in local: deployed\n")
        assert "url:    toy:api" in outcome.stdout
        assert "Toy::File/a" not in outcome.stdout

    def test_as_json_every_line_is_an_event_and_the_last_one_the_result(self, toy: Project) -> None:
        *steps, result = toy.run("run", "--json").ok().events
        assert {event["event"] for event in steps} == {"step"}
        assert (result["event"], result["release"], result["outcome"]) == ("result", "r1", "deployed")
        assert set(result["seconds"]) == {"provision", "expose", "verify"}

    def test_again_it_is_the_same_release_and_only_checks(self, toy: Project) -> None:
        toy.run("run").ok()
        again = toy.run("run").ok()
        assert "toy r1 in local" in again.stdout
        assert "create" not in again.stderr

    def test_a_failed_check_is_6_and_brings_the_earlier_release_back(self, toy: Project) -> None:
        toy.run("run").ok()
        release(toy, things="[a, c]", check="fail")
        outcome = toy.run("run")
        assert outcome.exit_code == 6
        assert "the check says no; rolled back, r1 is serving again" in outcome.stderr
        assert world(toy) == {"a", "b", "api"}
        assert outcome.stdout == ""

    def test_the_way_back_is_a_release_of_its_own(self, toy: Project) -> None:
        toy.run("run").ok()
        release(toy, things="[a, c]")
        toy.run("run").ok()
        assert "toy r3 in local: deployed, as it was in r1" in toy.run("rollback").ok().stdout
        assert world(toy) == {"a", "b", "api"}
        assert toy.run("rollback", "--to", "r9").exit_code == 2


class TestPlan:
    def test_it_shows_changes_and_touches_nothing(self, toy: Project) -> None:
        outcome = toy.run("plan").ok()
        assert "+ Toy::File/a" in outcome.stdout
        assert outcome.stderr == ""
        assert not world(toy)

    def test_scripts_can_ask_whether_there_are_changes(self, toy: Project) -> None:
        assert toy.run("plan", "--detailed-exitcode").exit_code == 10
        toy.run("run").ok()
        assert toy.run("plan", "--detailed-exitcode").exit_code == 0


class TestWithoutReleaseYaml:
    def test_status_and_destroy_work_from_the_record(self, toy: Project) -> None:
        toy.run("run").ok()
        (toy.folder / "release.yaml").unlink()
        (toy.folder / "world" / "a").unlink()
        rows = {row["step"]: row["state"] for row in toy.run("status", "--json").ok().json["steps"]}
        assert rows == {"Toy::File/a": "absent", "Toy::File/b": "ok", "Toy::File/api": "ok"}
        toy.run("destroy").ok()
        assert not world(toy)
        assert toy.run("status").exit_code == 2


class TestConsent:
    def test_away_from_this_machine_destroy_needs_a_yes(self, toy: Project) -> None:
        toy.run("run", "--env", "dev").ok()
        refused = toy.run("destroy", "--env", "dev")
        assert refused.exit_code == 4
        assert "--yes" in refused.stderr
        assert world(toy) == {"a", "b", "api"}
        toy.run("destroy", "--env", "dev", "--yes").ok()
        assert not world(toy)


class TestCalls:
    def test_invoke_writes_the_answer_to_stdout_and_the_rest_to_stderr(self, toy: Project) -> None:
        toy.run("run").ok()
        outcome = toy.run("invoke", "hello").ok()
        assert outcome.stdout == '{"instances": ["hello"]}the-key\n'
        assert outcome.stderr == "200  100 ms  X-Cache: HIT\n"
        assert toy.run("invoke", "--data", "-", stdin="as it is").stdout == "as it isthe-key\n"
        assert toy.run("invoke", "fail").exit_code == 5

    def test_a_header_of_ones_own_replaces_a_credential(self, toy: Project) -> None:
        toy.run("run").ok()
        assert toy.run("invoke", "hello", "--header", "X-Api-Key: wrong").stdout.endswith("wrong\n")

    def test_credentials_are_printed_by_one_command_only(self, toy: Project) -> None:
        toy.run("run").ok()
        assert toy.run("creds").ok().stdout == "x-api-key: the-key\n"
        others = [toy.run(*command) for command in (["run"], ["status"], ["plan"], ["run", "--json"])]
        assert not [outcome for outcome in others if "the-key" in outcome.stdout + outcome.stderr]

    def test_logs(self, toy: Project) -> None:
        toy.run("run").ok()
        assert toy.run("logs", "--since", "2").ok().stdout == "2025-01-01T00:00:00Z toy since 120\n"


class TestSlow:
    @pytest.fixture
    def running(self, toy: Project) -> subprocess.Popen[str]:
        """A run in the middle of a step that waits for the file `go`."""
        release(toy, slow="[s]")
        process = toy.start("run", "--env", "dev", "--yes")
        assert any("waiting" in line for line in process.stderr)
        yield process
        toy.write("go", "")
        process.kill()
        process.communicate()

    @pytest.mark.req("E9")
    def test_a_second_run_is_refused_and_learns_who_holds_the_environment(
        self, toy: Project, running: subprocess.Popen[str]
    ) -> None:
        second = toy.run("run", "--env", "dev", "--yes")
        assert second.exit_code == 4
        assert f"(process {running.pid})" in second.stderr
        assert "run --env dev" in second.stderr
        assert "mldeploy unlock" in second.stderr

    def test_unlock_shows_the_holder_and_asks_for_a_yes(self, toy: Project, running: subprocess.Popen[str]) -> None:
        refused = toy.run("unlock", "--env", "dev")
        assert refused.exit_code == 4
        assert f"(process {running.pid})" in refused.stdout
        assert toy.run("unlock", "--env", "dev", "--yes").ok().stdout.endswith("unlocked\n")
        assert "is not locked" in toy.run("unlock", "--env", "dev").ok().stdout

    @pytest.mark.req("4.10")
    def test_one_ctrl_c_waits_for_the_running_step_and_the_next_run_goes_on(
        self, toy: Project, running: subprocess.Popen[str]
    ) -> None:
        running.send_signal(signal.SIGINT)
        assert any("stopping after the running steps" in line for line in running.stderr)
        toy.write("go", "")
        _, told = running.communicate(timeout=30)
        assert running.returncode == 8
        assert "run the same command again to resume" in told
        assert "s" in world(toy)
        assert "r1 in dev: deployed" in toy.run("run", "--env", "dev", "--yes").ok().stdout

    def test_the_second_ctrl_c_stops_at_once(self, toy: Project, running: subprocess.Popen[str]) -> None:
        running.send_signal(signal.SIGINT)
        assert any("press Ctrl-C again" in line for line in running.stderr)
        started = time.monotonic()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
        assert running.returncode == 8
        assert time.monotonic() - started < 20  # the step itself would wait for a minute
        assert toy.run("status", "--env", "dev", "--json").ok().json["locked_by"] is None

    def test_a_killed_run_is_found_unfinished_and_resumed(self, toy: Project, running: subprocess.Popen[str]) -> None:
        running.kill()
        running.communicate()
        assert "Toy::Slow/s" in toy.run("status", "--env", "dev", "--json").ok().json["pending"]
        toy.write("go", "")
        toy.run("run", "--env", "dev", "--yes").ok()
        assert toy.run("status", "--env", "dev", "--json").ok().json["pending"] == []


def test_doctor_names_what_is_wrong_with_a_fix(toy: Project) -> None:
    rows = {row["check"]: row for row in toy.run("doctor", "--json").ok().json}
    assert rows["release.yaml"]["state"] == "ok"
    toy.write("release.yaml", "name: toy\ntype: toy\nexpose: {gateway: toy}\ntoys: 1\n")
    outcome = toy.run("doctor", "--json")
    rows = {row["check"]: row for row in json.loads(outcome.stdout)}
    assert outcome.exit_code == 4
    assert rows["release.yaml"]["fix"] == "mldeploy validate --env local"
