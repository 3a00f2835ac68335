"""The page on writing plugins shows the plugin that is tested, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.pages import CHECKOUT, Code, Page

PACKAGE = Path(__file__).with_name("mldeploy-shelf")
SOURCES = [(PACKAGE / name).read_text() for name in ("mldeploy_shelf.py", "tests/test_contract.py", "pyproject.toml")]
BLOCKS = [code for code in Page(CHECKOUT / "docs/how-to/write-a-plugin.md").codes() if not code.inline]


@pytest.mark.parametrize("code", BLOCKS, ids=str)
def test_its_examples_are_in_the_tested_package(code: Code) -> None:
    shown = code.text.removeprefix("# release.yaml\n")
    assert any(shown in source for source in SOURCES)
    assert len(BLOCKS) >= 7
