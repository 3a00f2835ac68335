from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mldeploy.cli.entry import run_command

SAMPLE = (Path(__file__).parents[1] / "release" / "sample.yaml").read_text("utf-8")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the sample as release.yaml and the files that it needs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.yaml").write_text(SAMPLE)
    (tmp_path / "elsewhere.yaml").write_text(f"{SAMPLE}\nexpose: {{gateway: elsewhere}}\n")
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.json").write_text("{}")
    return tmp_path


def test_a_good_file_is_called_valid(project, capsys):
    assert run_command(["validate"]) == 0
    assert capsys.readouterr().out == "release.yaml is valid for environment 'local'\n"


def test_a_broken_file_is_explained_on_stderr_with_exit_code_3(project, capsys):
    (project / "release.yaml").write_text(SAMPLE.replace("count: 1", "count: 0"))
    assert run_command(["validate", "--env", "dev"]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("release.yaml:5:10: error: instance.count: 0 is less than 1")
    assert "error: release.yaml has 1 error\n" in shown.err


def test_several_files_are_checked_and_one_bad_one_counts(project, capsys):
    (project / "bad.yaml").write_text("name: X\n")
    assert run_command(["validate", "release.yaml", "bad.yaml", "missing.yaml"]) == 3
    shown = capsys.readouterr()
    assert "release.yaml is valid" in shown.out
    assert "bad.yaml:1:7: error: name" in shown.err
    assert "missing.yaml does not exist" in shown.err


def test_json_holds_every_problem(project, capsys):
    (project / "bad.yaml").write_text("name: sentiment\ncache: {ttl: 0}\n")
    assert run_command(["validate", "release.yaml", "bad.yaml", "--json"]) == 3
    data = json.loads(capsys.readouterr().out)
    assert data["env"] == "local"
    good, bad = data["files"]
    assert good | {"problems": []} == {"file": "release.yaml", "valid": True, "message": "", "hint": "", "problems": []}
    assert [problem["severity"] for problem in good["problems"]] == ["warning"]
    assert bad["valid"] is False
    assert bad["problems"][0] | {"message": "", "hint": ""} == {
        "severity": "error",
        "file": "bad.yaml",
        "line": 2,
        "column": 14,
        "path": "cache.ttl",
        "message": "",
        "hint": "",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["validate", "nothing.yaml"], 3, "nothing.yaml does not exist"),
        (["validate", "."], 3, "is a folder"),
        (["validate", "--env", "pord"], 2, "did you mean 'prod'?"),
        (["validate", "--env", "prod", "elsewhere.yaml"], 3, "no plugin 'elsewhere' is installed"),
        (["validate", "--evn", "dev"], 2, "--env"),
    ],
)
def test_bad_input_has_a_documented_exit_code(project, capsys, arguments, code, said):
    assert run_command(arguments) == code
    assert said in capsys.readouterr().err


def test_a_good_file_loads_nothing_heavy(project):
    script = (
        "import sys; from mldeploy.cli.entry import run_command; assert run_command(['validate']) == 0;"
        "heavy = {'boto3', 'botocore', 'jinja2', 'requests', 'jsonschema', 'fastapi', 'pathspec'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
