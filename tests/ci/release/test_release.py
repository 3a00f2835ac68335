"""How mldeploy itself is released: one version, the same bytes twice, an SBOM, and tags that only go forward."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from mldeploy import __version__
from mldeploy.cli.entry import run_command
from tests.installation import ROOT

VERSION = (sys.executable, str(ROOT / ".ci/version.py"))
GIT = ("git", "-c", "user.name=tests", "-c", "user.email=tests@example.invalid")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the version check reads, to be changed."""
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "core/mldeploy/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    for name in ("orb", "docs", "changelog.d"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def check_version(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*VERSION, *arguments], capture_output=True, text=True, check=False)


def test_the_version_is_the_same_everywhere() -> None:
    done = check_version()
    assert (done.returncode, done.stdout.strip()) == (0, __version__), done.stderr


def test_another_version_anywhere_is_found(copy: Path) -> None:
    (copy / "core/mldeploy/__init__.py").write_text('__version__ = "9.9.9"\n')
    done = check_version(str(copy))
    assert done.returncode == 1
    assert "orb/orb.yml" in done.stderr


def test_a_tag_is_a_release_only_with_its_changelog(copy: Path) -> None:
    assert "the tag is v9.9.9" in check_version(str(copy), "--tag", "v9.9.9").stderr
    tag = f"v{__version__}"
    refused = check_version(str(copy), "--tag", tag)
    assert refused.returncode == 1
    assert f"CHANGELOG.md has no section {__version__}" in refused.stderr
    for fragment in (copy / "changelog.d").glob("*.*.md"):
        fragment.unlink()
    (copy / "CHANGELOG.md").write_text(f"# Changelog\n\n## {__version__} (2026-01-01)\n")
    assert check_version(str(copy), "--tag", tag).returncode == 0


@pytest.mark.full
@pytest.mark.timeout(600)
def test_two_builds_of_a_commit_are_the_same_bytes_and_come_with_an_sbom(tmp_path: Path) -> None:
    command = [ROOT / ".ci/release-check", tmp_path / "dist"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert "mldeploy/cli/entry.py" in zipfile.ZipFile(wheel).namelist()
    (bill,) = (tmp_path / "dist").glob("*.cdx.json")
    document = json.loads(bill.read_text())
    assert document["bomFormat"] == "CycloneDX"
    assert {"boto3", "click", "pluggy"} <= {component["name"] for component in document["components"]}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a repository with the releases v1.0.0, v1.1.0 and v2.0.0."""
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(tmp_path, "clone", "--quiet", "remote.git", "clone")
    for tag in ("v1.0.0", "v1.1.0", "v2.0.0"):
        git(tmp_path / "clone", "commit", "--quiet", "--allow-empty", "--message", tag)
        git(tmp_path / "clone", "tag", tag)
    git(tmp_path / "clone", "push", "--quiet", "--tags", "origin", "HEAD")
    return tmp_path / "clone"


def move_tag(clone: Path, tag: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / ".ci/move-tag", tag], cwd=clone, capture_output=True, text=True, check=False)


def test_the_tag_of_the_major_version_follows_its_newest_release(clone: Path) -> None:
    assert move_tag(clone, "v1.1.0").returncode == 0
    assert git(clone, "ls-remote", "origin", "refs/tags/v1").split()[0] == git(clone, "rev-parse", "v1.1.0")
    git(clone, "tag", "v1.1.1")
    git(clone, "push", "--quiet", "--tags", "origin")
    assert move_tag(clone, "v1.1.1").stdout.strip() == "v1 is v1.1.1"
    assert git(clone, "ls-remote", "origin", "refs/tags/v1").split()[0] == git(clone, "rev-parse", "v1.1.1")


def test_the_tag_of_the_major_version_never_goes_back(clone: Path) -> None:
    assert move_tag(clone, "v1.1.0").returncode == 0
    assert "v1 stays at v1.1.0" in move_tag(clone, "v1.0.0").stdout
    assert git(clone, "ls-remote", "origin", "refs/tags/v1").split()[0] == git(clone, "rev-parse", "v1.1.0")
    assert move_tag(clone, "v1").returncode == 2
    assert move_tag(clone, "v1.1.0; touch x").returncode == 2


def test_our_own_pipeline_is_valid_and_publishes_tags_only_after_an_approval() -> None:
    path = ROOT / ".circleci/config.yml"
    schema = ROOT.parent / "shared/data/circleci/circleci-schema.json"
    assert run_command(["ci", "lint", str(path), *(["--schema", str(schema)] if schema.is_file() else [])]) == 0
    jobs = yaml.safe_load(path.read_text())["workflows"]["mldeploy"]["jobs"]
    settings = {name: one for job in jobs for name, one in job.items()}
    assert settings["publish"]["requires"] == ["approve"]
    for name in ("approve", "publish", "move_tag"):
        assert settings[name]["filters"]["branches"] == {"ignore": "/.*/"}, name


def test_scripts_of_our_pipeline_are_clean() -> None:
    shellcheck = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    scripts = [path for path in sorted((ROOT / ".ci").iterdir()) if path.suffix == ""]
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
