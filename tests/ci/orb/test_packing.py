"""Packing gives what both generations of CircleCI's packer give, and refuses where they differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mldeploy.cli import main
from mldeploy.errors import MldeployError, ReleaseError
from mldeploy_ci.orb_writing import orb_text
from mldeploy_ci.packing import pack
from tests.ci.orb.conftest import DATA, ORB

CASES = json.loads((DATA / "pack-cases.json").read_text(encoding="utf-8")) if DATA.is_dir() else []
ROOT = "version: 2.1\ndescription: x\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def parsed(result: dict) -> dict | None:
    """What a packer printed, without what the older one adds to examples; None when it refused."""
    if result["exit"] != 0:
        return None
    orb = yaml.safe_load(result["stdout"])
    for example in orb.get("examples", {}).values():
        example["usage"]["version"] = float(example["usage"]["version"])
        if example["usage"].get("workflows", "") is None:
            del example["usage"]["workflows"]
    return orb


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_packer_agrees_with_both_generations_or_refuses(case, tmp_path):
    folder = write(tmp_path, case["files"])
    older, newer = parsed(case["v0"]), parsed(case["v1"])
    if older is None or older != newer:
        with pytest.raises(MldeployError):
            pack(folder)
    else:
        assert pack(folder).value == older
        assert yaml.safe_load(orb_text(pack(folder).value)) == older


def test_both_kinds_of_cases_are_there(data):
    agreed = [parsed(case["v0"]) is not None and parsed(case["v0"]) == parsed(case["v1"]) for case in CASES]
    assert agreed.count(True) >= 10
    assert agreed.count(False) >= 6


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"commands/a.yml": "steps: [checkout]\nparameters: {p: {default: 3.10}}\n"},
            "'3.10' without quotes is a number",
        ),
        (
            {"commands/a.yml": "steps: [checkout]\nparameters: {p: {default: 010}}\n"},
            "'010' without quotes is a number",
        ),
        ({"commands/a.yml": "steps: [checkout]\nparameters: {p: {default: 2026-01-02}}\n"}, "and a date for others"),
        ({"commands/a.yml": "steps: [run: <<include(scripts/../../secret)>>]\n"}, "is outside"),
        ({"commands/a.yml": "steps: [run: <<include(scripts/s.sh)>>]\n", "scripts/ss.sh": "x"}, "does not exist"),
        ({"commands/a.yml": "steps: [checkout]\nsteps: []\n"}, "the key 'steps' is there twice"),
        ({"commands/a.yml": "steps: *other\n"}, "the anchor &other is not defined above"),
        ({"extra.yml": "command: {}\n"}, "'command' is no key of an orb"),
    ],
)
def test_what_cannot_be_packed_is_located(files, message, tmp_path):
    folder = write(tmp_path / "orb", {"@orb.yml": ROOT, **files})
    write(tmp_path, {"secret": "secret"})
    with pytest.raises(ReleaseError) as caught:
        pack(folder)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.position is not None
    assert problem.position.file.startswith(str(folder))
    assert problem.hint


def test_a_stray_yaml_file_is_named(tmp_path, capsys):
    folder = write(tmp_path, {"@orb.yml": ROOT, "tests/fixture.yml": "a: 1\n"})
    assert main(["ci", "pack", str(folder)]) == 2
    assert str(folder / "tests" / "fixture.yml") in capsys.readouterr().err


def test_a_script_keeps_its_interpolations_and_its_last_line_break(tmp_path):
    script = "#!/bin/bash\ncat <<EOF\n<< parameters.name >>\nEOF\n"
    files = {
        "@orb.yml": ROOT,
        "commands/a.yml": "steps: [run: {name: x, command: <<include(s.sh)>>}]\n",
        "s.sh": script,
    }
    orb = yaml.safe_load(orb_text(pack(write(tmp_path, files)).value))
    command = orb["commands"]["a"]["steps"][0]["run"]["command"]
    assert command.replace("\\<<", "<<") == script
    assert command.count("\\<<") == 2


def test_positions_of_a_packed_orb_are_those_of_its_files(tmp_path):
    folder = write(tmp_path, {"@orb.yml": ROOT, "jobs/j.yml": "steps:\n  - checkout\n"})
    position = pack(folder).document.positions[("jobs", "j", "steps", 0)]
    assert (position.file, position.line, position.column) == (str(folder / "jobs" / "j.yml"), 2, 5)


def test_the_orb_in_the_repository_is_current():
    assert main(["ci", "pack", str(ORB / "src"), "--output", str(ORB / "orb.yml"), "--check"]) == 0


def test_an_orb_that_is_not_current_is_noticed(tmp_path, capsys):
    output = tmp_path / "orb.yml"
    output.write_text((ORB / "orb.yml").read_text(encoding="utf-8") + "# changed by hand\n", encoding="utf-8")
    assert main(["ci", "pack", str(ORB / "src"), "--output", str(output), "--check"]) == 3
    assert "is not what" in capsys.readouterr().err


def test_packing_twice_gives_the_same_bytes(tmp_path, capsys):
    first, second = tmp_path / "first.yml", tmp_path / "second.yml"
    for output in (first, second):
        assert main(["ci", "pack", str(ORB / "src"), "--output", str(output)]) == 0
    assert first.read_bytes() == second.read_bytes()
    assert main(["ci", "pack", str(ORB / "src")]) == 0
    assert capsys.readouterr().out.encode() == first.read_bytes()


@pytest.mark.parametrize(
    "text", ["on", "n", "010", "0o7", "1e3", "3.10", "2026-01-02", "", "~", "a: b", "- a", " x ", "x\n\n"]
)
def test_texts_stay_texts_for_readers_of_yaml_1_1_and_1_2(text):
    from mldeploy_ci.yaml_nodes import compose

    written = orb_text({"description": text})
    assert yaml.safe_load(written) == {"description": text}
    root = compose(written, "orb.yml").root
    assert root.content["description"].node.content == text
    assert not compose(written, "orb.yml").ambiguous
