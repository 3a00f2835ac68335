"""Our side: a project as `mldeploy init` writes it, with a model_loader.py for the benchmark's model."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = Path(__file__).with_name("programs")


def write_project(folder: Path) -> Path:
    """Generate a project below a folder and return its path."""
    shutil.rmtree(folder / "bench", ignore_errors=True)
    mldeploy = Path(sys.executable).with_name("mldeploy")
    subprocess.run([mldeploy, "init", "bench", "--no-input", "--no-git"], cwd=folder, check=True, capture_output=True)
    project = folder / "bench"
    shutil.copy(PROGRAMS / "own_loader.py", project / "model_loader.py")
    (project / "model").mkdir(exist_ok=True)
    (project / "model" / "version").write_text("the weights are made when the model is loaded\n")
    return project
