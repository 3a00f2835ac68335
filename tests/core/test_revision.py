"""Commits as names of releases: `rollback --to 1a2b3c4`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mldeploy.history import History
from mldeploy.record import Outcome, Record
from mldeploy.revision import revision_of

GIT = ("git", "-c", "user.name=tests", "-c", "user.email=tests@example.invalid")
FIRST, SECOND = "1a2b3c4" + "0" * 33, "5d6e7f8" + "0" * 33


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def record(number: int, *revisions: str, outcome: Outcome = "deployed") -> Record:
    return Record(
        number=number,
        name="demo",
        env="dev",
        started="2026-01-01T00:00:00+00:00",
        config={},
        tags={},
        plugins=[],
        steps=[],
        outcome=outcome,
        revisions=list(revisions),
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "release.yaml").write_text("name: demo\n")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "Start")
    return tmp_path


def test_a_clean_checkout_has_a_revision(project: Path) -> None:
    assert revision_of(project) == git(project, "rev-parse", "HEAD")
    git(project, "tag", "v1")
    (project / "plan").mkdir()
    (project / "plan" / "dev.json").write_text("{}")
    assert revision_of(project) == git(project, "rev-parse", "HEAD"), "tags and new files do not matter"


def test_what_was_changed_since_is_no_revision(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (project / "release.yaml").write_text("name: other\n")
    assert revision_of(project) == ""
    assert revision_of(tmp_path_factory.mktemp("elsewhere")) == ""


@pytest.mark.req("8.20")
def test_a_commit_names_the_newest_good_release_from_it() -> None:
    records = [record(1, FIRST), record(2, FIRST, SECOND), record(3, FIRST, outcome="failed")]
    history = History(records)
    assert history.find(FIRST[:7]) is records[1]
    assert history.find(SECOND) is records[1]
    assert history.find("r1") is records[0]
    assert history.find(FIRST[:6]) is None, "too short to be sure"
    assert history.find("fedcba9") is None


def test_records_keep_their_revisions_and_older_ones_have_none() -> None:
    kept = record(1, FIRST, SECOND)
    assert Record.from_json(kept.to_json()).revisions == [FIRST, SECOND]
    older = {key: value for key, value in kept.to_json().items() if key != "revisions"}
    assert Record.from_json(older).revisions == []
