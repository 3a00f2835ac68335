"""`mldeploy init` on a terminal, in CI, with flags and with a file."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mldeploy.cli.entry import run_command


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    return tmp_path


def release(folder: str = "demo"):
    return yaml.safe_load(Path(folder, "release.yaml").read_text())


def on_a_terminal(answers: list[str], *arguments: str) -> tuple[int, str]:
    """Run init with a pseudo terminal; return exit code and everything that was shown."""
    master, slave = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    process = subprocess.Popen(
        [sys.executable, "-m", "mldeploy", "init", *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment
    )
    os.close(slave)
    os.write(master, "".join(f"{answer}\n" for answer in answers).encode())
    shown = b""
    try:
        while select.select([master], [], [], 60)[0] and (chunk := os.read(master, 65536)):
            shown += chunk
        process.kill()  # it waits for an answer that nobody gives
    except OSError:  # Linux answers EIO when the other side is closed
        pass
    os.close(master)
    return process.wait(timeout=60), shown.decode()


@pytest.mark.req("3.10")
def test_without_a_terminal_defaults_are_taken_and_nothing_blocks():
    command = [sys.executable, "-m", "mldeploy", "init", "demo"]
    process = subprocess.run(command, check=False, stdin=subprocess.PIPE, capture_output=True, timeout=60)
    assert process.returncode == 0, process.stderr
    assert release()["instance"] == {"region": "eu-central-1", "type": "ml.m5.large", "count": 1}


@pytest.mark.req("3.10")
def test_every_question_has_a_flag():
    flags = [
        *("--environment", "qa", "--region", "us-east-1", "--instance-type", "ml.m5.xlarge", "--count", "2"),
        *("--volume-size-in-gb", "50", "--autoscaling", "--min-instances", "2", "--max-instances", "6"),
        *("--target-invocations-per-instance-per-minute", "300", "--cache", "--ttl", "60", "--team", "search"),
    ]
    assert run_command(["init", "demo", "--no-input", "--no-git", *flags]) == 0
    written = release()
    assert written["instance"] == {"region": "us-east-1", "type": "ml.m5.xlarge", "count": 2, "volumeSizeInGB": 50}
    assert written["autoscaling"] == {
        "enabled": True,
        "minInstances": 2,
        "maxInstances": 6,
        "targetInvocationsPerInstancePerMinute": 300,
    }
    assert written["cache"] == {"enabled": True, "ttl": 60}
    assert written["team"] == "search"
    assert "qa" in written["environments"]


@pytest.mark.parametrize("as_json", [True, False])
def test_answers_come_from_a_file_and_flags_win(as_json: bool):
    answers = {"environment": "dev", "instance": {"type": "ml.c5.large", "count": 3}, "cache": {"enabled": True}}
    Path("answers").write_text(json.dumps(answers) if as_json else yaml.safe_dump(answers))
    assert run_command(["init", "demo", "--no-git", "--answers", "answers", "--count", "2"]) == 0
    assert release()["instance"]["type"] == "ml.c5.large"
    assert release()["instance"]["count"] == 2
    assert release()["cache"] == {"enabled": True, "ttl": 3600}


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("instance: {typ: x}", 2, "instance.type"),
        ("- a", 2, "no answers"),
        ("a: &x 1", 3, "anchors"),
        ("instance: {count: lots}", 2, "--instance-count"),
        ("environment: production", 2, "environment"),
    ],
)
def test_a_wrong_answers_file_is_explained(content, code, said, capsys: pytest.CaptureFixture[str]):
    Path("answers.yaml").write_text(content)
    assert run_command(["init", "demo", "--no-git", "--answers", "answers.yaml"]) == code
    assert said in capsys.readouterr().err
    assert not Path("demo").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--instance-type", "ml.m5.xlarg"], "did you mean 'ml.m5.xlarge'?"),
        (["--region", "eu-centrl-1"], "did you mean 'eu-central-1'?"),
        (["--environment", "prd"], "did you mean 'prod'?"),
        (["--count", "0"], "at least one instance"),
        (["--count", "two"], "whole number"),
        (["--volume-size-in-gb", "9999"], "1 to 512 GB"),
        (["--instance-type", "ml.g4dn.xlarge", "--volume-size-in-gb", "50"], "local NVMe storage"),
        (["--instance-type", "ml.t2.medium", "--autoscaling"], "cannot scale automatically"),
        (["--team", "a\nb: c"], "team"),
    ],
)
def test_wrong_flags_are_refused_with_the_reason(flags, said, capsys: pytest.CaptureFixture[str]):
    assert run_command(["init", "demo", "--no-input", "--no-git", *flags]) == 2
    assert said in capsys.readouterr().err
    assert not Path("demo").exists()


def test_answers_that_do_not_go_together_are_refused_and_nothing_is_left(capsys: pytest.CaptureFixture[str]):
    flags = ["--autoscaling", "--min-instances", "5", "--max-instances", "3"]
    assert run_command(["init", "demo", "--no-input", "--no-git", *flags]) == 3
    assert "minInstances 5 is more than maxInstances 3" in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_no_autoscaling_may_be_said_of_a_type_that_cannot_scale():
    assert (
        run_command(["init", "demo", "--no-input", "--no-git", "--instance-type", "ml.t2.medium", "--no-autoscaling"])
        == 0
    )


def test_a_folder_that_is_not_empty_is_left_alone(capsys: pytest.CaptureFixture[str]):
    Path("demo").mkdir()
    Path("demo/notes.txt").write_text("mine")
    assert run_command(["init", "demo", "--no-input", "--no-git"]) == 4
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in Path("demo").iterdir()] == ["notes.txt"]


def test_force_writes_into_it_and_lists_what_it_replaced(capsys: pytest.CaptureFixture[str]):
    Path("demo").mkdir()
    Path("demo/notes.txt").write_text("mine")
    Path("demo/README.md").write_text("mine too")
    assert run_command(["init", "demo", "--no-input", "--no-git", "--force"]) == 0
    assert "replaced: README.md\n" in capsys.readouterr().out
    assert Path("demo/notes.txt").read_text() == "mine"


@pytest.mark.parametrize("directory", ["empty", ".", "new/deep"])
def test_the_folder_can_be_chosen_and_may_exist_if_empty(directory):
    Path("empty").mkdir() if directory == "empty" else None
    assert run_command(["init", "demo", "--no-input", "--no-git", "--directory", directory]) == 0
    assert release(directory)["name"] == "demo"
    assert not [path for path in Path(directory).parent.iterdir() if path.name.startswith(".demo-")]


def test_a_file_in_the_way_is_refused():
    Path("demo").write_text("")
    assert run_command(["init", "demo", "--no-input"]) == 4


def test_a_bad_name_is_refused_with_a_command_that_works(capsys: pytest.CaptureFixture[str]):
    assert run_command(["init", "Sentiment_Model", "--no-input"]) == 2
    assert "mldeploy init sentiment-model" in capsys.readouterr().err


def test_the_end_says_what_was_made_what_it_costs_and_how_to_go_on(capsys: pytest.CaptureFixture[str]):
    assert run_command(["init", "demo", "--no-input", "--region", "eu-west-1", "--instance-type", "ml.m5.xlarge"]) == 0
    shown = capsys.readouterr().out
    assert "git branch feature/demo" in shown
    assert "$188 a month for 1 x ml.m5.xlarge in eu-west-1" in shown
    assert "cd demo\n  mldeploy run " in shown


def test_the_choices_are_kept_for_an_update():
    run_command(["init", "demo", "--no-input", "--no-git", "--environment", "dev"])
    kept = yaml.safe_load(Path("demo/.mldeploy-answers.yaml").read_text())
    assert kept["answers"]["environment"] == "dev"
    assert kept["answers"]["instance.type"] == "ml.m5.large"


@pytest.mark.req("3.6")
def test_on_a_terminal_types_are_offered_by_number_with_their_price():
    answers = ["dev", "us-east-1", "search", "2", "1", "", "no", "yes", "120", ""]
    code, shown = on_a_terminal(answers, "demo", "--no-git")
    assert code == 0, shown
    assert "ml.c5.large" in shown
    assert "$74 a month" in shown
    assert release()["instance"]["type"] == "ml.c5.large"
    assert release()["cache"] == {"enabled": True, "ttl": 120}


@pytest.mark.req("3.8", "3.11")
def test_on_a_terminal_wrong_answers_are_asked_again_and_idle_questions_are_left_out():
    answers = ["dev", "eu-centrl-1", "eu-central-1", "", "ml.g4dn.xlarg", "ml.g4dn.xlarge", "1", "no", "no", ""]
    code, shown = on_a_terminal(answers, "demo", "--no-git")
    assert code == 0, shown
    assert "did you mean 'eu-central-1'?" in shown
    assert "did you mean 'ml.g4dn.xlarge'?" in shown
    assert "Volume" not in shown
    assert "At least how many" not in shown
    assert "volumeSizeInGB" not in release()["instance"]


def test_on_a_terminal_only_what_flags_leave_open_is_asked():
    flags = [
        "--region",
        "eu-west-1",
        "--instance-type",
        "ml.m5.large",
        "--count",
        "1",
        "--no-cache",
        "--no-autoscaling",
    ]
    code, shown = on_a_terminal(["", "", ""], "demo", "--no-git", "--environment", "dev", *flags)
    assert code == 0, shown
    assert "Which instance type?" not in shown
    assert "Which team owns it?" in shown


def test_help_and_version_of_the_cli_do_not_load_the_template_engine():
    code = "import sys; from mldeploy.cli import main; main(['init','--help']); sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
