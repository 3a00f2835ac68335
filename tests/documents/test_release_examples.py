"""Every release.yaml that a page shows whole is valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from mldeploy.cli import main
from tests.documents.pages import Code, user_pages


def is_release(text: str) -> bool:
    """A workflow of GitHub Actions starts with a name, too."""
    return text.startswith("name: ") and "\njobs:" not in text


EXAMPLES = [code for page in user_pages() for code in page.codes() if code.language == "yaml" and is_release(code.text)]


@pytest.mark.parametrize("code", EXAMPLES, ids=str)
def test_release_examples_are_valid(code: Code, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "release.yaml").write_text(code.text, encoding="utf-8")
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "model").mkdir()
    for env in ("local", "dev"):
        assert main(["validate", "--env", env, str(tmp_path / "release.yaml")]) == 0, capsys.readouterr().err
