from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mldeploy_ci.findings import Finding
from mldeploy_ci.lint import Rules, lint
from mldeploy_ci.schema_check import read_schema
from mldeploy_ci.sources import read_file

CHECKOUT = Path(__file__).parents[3]
ORB = CHECKOUT / "orb"
DATA = CHECKOUT.parent / "shared" / "data" / "circleci"
SAMPLE = (Path(__file__).parent / "sample_orb.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def data() -> Path:
    """CircleCI's schema and pack cases, which are not part of this repository."""
    if not DATA.is_dir():
        pytest.skip("the folder shared/data/circleci is not beside this checkout")
    return DATA


@pytest.fixture(scope="session")
def schema(data):
    return read_schema(Path(os.environ.get("MLDEPLOY_CIRCLECI_SCHEMA", data / "circleci-schema.json")))


@pytest.fixture
def lint_text(tmp_path) -> Callable[..., list[Finding]]:
    """Lint a text as a file."""

    def lint_it(text: str, **options) -> list[Finding]:
        path = tmp_path / "linted.yml"
        path.write_text(text, encoding="utf-8")
        return lint(read_file(path), Rules(**options))

    return lint_it
