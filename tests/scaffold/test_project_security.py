"""A generated project holds no secret, and what it locks has no known vulnerability."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.installation import Environment

from mldeploy.cli.entry import run_command

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]
UNREACHABLE = ("ConnectionError", "ServiceError", "Max retries exceeded", "timed out")
HASHES = r"(sha256[:=]|--hash=|^[0-9a-f]{64}  )"
"""Lines with checksums; they look random, and they are no secrets."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("security") / "demo"
    assert run_command(["init", "demo", "--no-input", "--directory", str(target)]) == 0
    subprocess.run([sys.executable, "train.py", "--output", "model"], cwd=target, check=True, capture_output=True)
    return target


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scanners' programs."""
    environment = Environment.make(tmp_path_factory.mktemp("scanners") / "venv")
    environment.install("detect-secrets", "pip-audit")
    return environment.python.parent


def secrets_in(project: Path, tools: Path) -> dict[str, list[dict[str, object]]]:
    command = [tools / "detect-secrets", "scan", "--all-files", "--exclude-lines", HASHES, "--exclude-files", r"\.git/"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["results"]


def test_it_holds_no_secret(project: Path, tools: Path):
    assert secrets_in(project, tools) == {}
    leak = project / "leak.py"
    leak.write_text(f'AWS_SECRET_ACCESS_KEY = "{"wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEX"}"\n')
    try:
        assert set(secrets_in(project, tools)) == {"leak.py"}, "the scanner finds what it should"
    finally:
        leak.unlink()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_what_it_locks_has_no_known_vulnerability(project: Path, tools: Path, lock: str):
    command = [tools / "pip-audit", "--requirement", lock, "--require-hashes", "--disable-pip", "--format", "json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if any(word in done.stderr for word in UNREACHABLE):
        pytest.skip(f"the vulnerability service cannot be reached: {done.stderr.strip()[-200:]}")
    found = json.loads(done.stdout)["dependencies"]
    audited = [package for package in found if "skip_reason" not in package]
    if not audited:
        pytest.skip(f"the vulnerability service knows none of the packages: {found[0]['skip_reason']}")
    assert len(audited) == len(found), [package["name"] for package in found if package not in audited]
    assert {package["name"]: package["vulns"] for package in audited if package["vulns"]} == {}
