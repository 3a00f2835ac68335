"""The reference pages and the composed schema say what the source says."""

from __future__ import annotations

import json
import subprocess
import sys

from jsonschema import Draft202012Validator

from mldeploy.cli.entry import root
from tests.documents.pages import CHECKOUT


def test_generated_files_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run `python docs/generate.py`\n{done.stdout}{done.stderr}"


def test_every_command_has_a_section() -> None:
    page = (CHECKOUT / "docs/reference/cli.md").read_text(encoding="utf-8")
    for name in root.list_commands(root.make_context("mldeploy", [], resilient_parsing=True)):
        assert f"### mldeploy {name}\n" in page


def test_the_composed_schema_is_a_valid_schema_whose_keys_are_all_described() -> None:
    schema = json.loads((CHECKOUT / "schemas/release.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert [path for path in undescribed(schema) if not path.startswith("environments")] == []


def undescribed(schema: dict, path: str = "") -> list[str]:
    found = []
    for key, inner in schema.get("properties", {}).items():
        here = f"{path}{key}"
        found += [] if inner.get("description") else [here]
        found += undescribed(inner, f"{here}.") + undescribed(inner.get("items", {}), f"{here}[].")
    return found
