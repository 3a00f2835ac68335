"""The branch is made without touching anybody's work."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mldeploy.scaffold.feature_branch import start_branch

pytestmark = pytest.mark.req("1.7")


@pytest.fixture(autouse=True)
def _own_git_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=Test", "-c", "user.email=test@localhost", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path, *, commits: int = 1) -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for number in range(commits):
        (folder / "file.txt").write_text(f"committed {number}")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message", f"commit {number}")
    return folder


def new_project(parent: Path, name: str = "demo") -> Path:
    project = parent / name
    project.mkdir(parents=True)
    (project / "release.yaml").write_text("name: demo\n")
    return project


def test_without_a_repository_the_files_are_committed_on_main_and_the_branch_is_checked_out(tmp_path: Path):
    project = new_project(tmp_path)
    assert start_branch(project, "demo").branch == "feature/demo"
    assert git(project, "branch", "--show-current") == "feature/demo"
    assert git(project, "ls-tree", "--name-only", "main") == "release.yaml"
    assert git(project, "status", "--porcelain") == ""


def test_a_configured_author_is_used(tmp_path: Path):
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Somebody\n\temail = somebody@localhost\n")
    project = new_project(tmp_path)
    start_branch(project, "demo")
    assert git(project, "log", "-1", "--format=%an") == "Somebody"


def test_uncommitted_work_stays_exactly_as_it_was(tmp_path: Path):
    root = repository(tmp_path / "repo")
    (root / "staged.txt").write_text("staged")
    git(root, "add", "staged.txt")
    (root / "file.txt").write_text("changed, not staged")
    (root / "untracked.txt").write_text("untracked")
    before = (
        git(root, "diff"),
        git(root, "diff", "--cached"),
        git(root, "status", "--porcelain"),
        git(root, "rev-parse", "HEAD"),
    )
    project = root / "services" / "demo"
    project.mkdir(parents=True)
    assert start_branch(project, "demo").branch == "feature/demo"
    after = (
        git(root, "diff"),
        git(root, "diff", "--cached"),
        git(root, "status", "--porcelain"),
        git(root, "rev-parse", "HEAD"),
    )
    assert after == before
    assert git(root, "branch", "--show-current") == "feature/demo"
    assert git(root, "stash", "list") == ""


def test_in_a_repository_nothing_is_committed_or_staged(tmp_path: Path):
    root = repository(tmp_path / "repo")
    outcome = start_branch(new_project(root), "demo")
    assert "nothing was committed" in outcome.note
    assert git(root, "rev-list", "--count", "HEAD") == "1"
    assert git(root, "status", "--porcelain") == "?? demo/"
    assert not (root / "demo" / ".git").exists()


def test_an_existing_branch_gets_a_number(tmp_path: Path):
    root = repository(tmp_path / "repo")
    git(root, "branch", "feature/demo")
    git(root, "branch", "feature/demo-2")
    assert start_branch(new_project(root), "demo").branch == "feature/demo-3"


def test_on_the_branch_already_nothing_happens(tmp_path: Path):
    root = repository(tmp_path / "repo")
    git(root, "switch", "--quiet", "--create", "feature/demo")
    assert start_branch(new_project(root), "demo").branch == "feature/demo"
    assert git(root, "branch", "--list", "feature/*") == "* feature/demo"


def test_a_branch_named_feature_is_not_in_the_way(tmp_path: Path):
    root = repository(tmp_path / "repo")
    git(root, "branch", "feature")
    assert start_branch(new_project(root), "demo").branch == "feature-demo"


def test_from_a_detached_head(tmp_path: Path):
    root = repository(tmp_path / "repo", commits=2)
    git(root, "checkout", "--quiet", "HEAD~1")
    where = git(root, "rev-parse", "HEAD")
    assert start_branch(new_project(root), "demo").branch == "feature/demo"
    assert git(root, "rev-parse", "feature/demo") == where


def test_in_a_repository_without_commits(tmp_path: Path):
    root = repository(tmp_path / "repo", commits=0)
    (root / "staged.txt").write_text("staged")
    git(root, "add", "staged.txt")
    assert start_branch(new_project(root), "demo").branch == "feature/demo"
    assert git(root, "diff", "--cached", "--name-only") == "staged.txt"


def test_hooks_of_the_repository_do_not_run(tmp_path: Path):
    root = repository(tmp_path / "repo")
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch hook-ran\n")
    hook.chmod(0o755)
    start_branch(new_project(root), "demo")
    assert not (root / "hook-ran").exists()


def test_during_a_merge_the_reason_is_given_and_nothing_changes(tmp_path: Path):
    root = repository(tmp_path / "repo")
    git(root, "switch", "--quiet", "--create", "other")
    (root / "file.txt").write_text("other")
    git(root, "commit", "--quiet", "--all", "--message", "other")
    git(root, "switch", "--quiet", "main")
    (root / "file.txt").write_text("main")
    git(root, "commit", "--quiet", "--all", "--message", "main")
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "merge", "other")
    outcome = start_branch(new_project(root), "demo")
    assert outcome.branch == ""
    assert "merging" in outcome.note
    assert git(root, "branch", "--show-current") == "main"


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = start_branch(new_project(tmp_path), "demo")
    assert outcome.branch == ""
    assert "git is not installed" in outcome.note


def test_variables_of_a_running_git_hook_do_not_lead_astray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other = repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    project = new_project(tmp_path)
    assert start_branch(project, "demo").branch == "feature/demo"
    assert (project / ".git").is_dir()
    monkeypatch.delenv("GIT_DIR")
    assert git(other, "branch", "--list", "feature/*") == ""
