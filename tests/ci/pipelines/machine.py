"""A fresh machine per job: a folder, a home, the variables of the job, and bash. What both runners stand on.

A step sees nothing of this process but the variables that name indexes, caches and certificates, and those of the
sandbox. The repository is cloned as a checkout would, at one commit. Environments are installed as the step says, once:
the same script in a later job gets a link to what it made.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES = ("PIP_", "UV_", "SSL_", "REQUESTS_", "HTTP_", "HTTPS_", "NO_PROXY", "AWS_CA_BUNDLE")
KEPT = (*PACKAGES, "LANG", "TMPDIR", "MLDEPLOY_SANDBOX_")
INSTALLED = ".venv"
SECONDS = 280


@dataclass(frozen=True)
class Ran:
    """One step that ran: its job, its name, its exit code and all that it printed."""

    job: str
    step: str
    code: int
    text: str


@dataclass
class Installations:
    """What install scripts have made, by their text."""

    made: dict[str, Path] = field(default_factory=dict)

    def link(self, script: str, folder: Path) -> bool:
        """Put what the same script has made before into a folder; tell whether there was something."""
        if script not in self.made:
            return False
        (folder / INSTALLED).symlink_to(self.made[script])
        return True

    def note(self, script: str, folder: Path) -> None:
        if (folder / INSTALLED).is_dir() and not (folder / INSTALLED).is_symlink():
            self.made[script] = folder / INSTALLED


@dataclass
class Machine:
    """One job's machine."""

    job: str
    folder: Path
    path: Sequence[Path]
    variables: Mapping[str, str]
    installations: Installations

    def __post_init__(self) -> None:
        self.project.parent.mkdir(parents=True)
        self.home.mkdir()

    @property
    def project(self) -> Path:
        return self.folder / "work" / "project"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def checkout(self, repository: Path, commit: str) -> None:
        self._git("clone", "--quiet", "--no-checkout", str(repository), str(self.project))
        self._git("-C", str(self.project), "checkout", "--quiet", "--detach", commit)

    def commit(self) -> str:
        return self._git("-C", str(self.project), "rev-parse", "HEAD").strip()

    def bash(self, name: str, script: str, shell: Sequence[str], environment: Mapping[str, str]) -> Ran:
        """Run a script as written, in the project."""
        installs = f"-m venv {INSTALLED}\n" in script
        if installs and self.installations.link(script, self.project):
            return Ran(self.job, name, 0, "made by an earlier job")
        done = subprocess.run(
            [*shell, script],
            cwd=self.project,
            env=self._environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        if installs and done.returncode == 0:
            self.installations.note(script, self.project)
        return Ran(self.job, name, done.returncode, done.stdout.decode(errors="replace"))

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
        path = os.pathsep.join(map(str, [*self.path, "/usr/local/bin", "/usr/bin", "/bin"]))
        return {**kept, "PATH": path, "HOME": str(self.home), **self.variables}

    def _git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout
