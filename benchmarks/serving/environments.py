"""Virtual environments below .cache/benchmarks/serving, one per distribution that is measured, made by uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

MODEL_LIBRARIES = ("numpy", "scikit-learn", "torch")
TORCH = "torch==2.13.0+cpu"
"""Without the gigabytes of GPU libraries that the wheel on PyPI asks for."""

SIZE_PROGRAM = """
import re, sys
from importlib.metadata import distribution, distributions, PackageNotFoundError
model, waiting = set(), sys.argv[1:]
while waiting:
    name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
    if name in model:
        continue
    try:
        requires = distribution(name).requires or []
    except PackageNotFoundError:
        continue
    model.add(name)
    waiting += [re.match(r"[\\w.-]+", text)[0] for text in requires if "extra ==" not in text]
total = 0
for found in distributions():
    if re.sub(r"[-_.]+", "-", found.name).lower() not in model:
        files = (file.locate() for file in found.files or [])
        total += sum(file.stat().st_size for file in files if file.suffix != ".pyc" and file.is_file())
print(total)
"""
"""Prints the bytes of all distributions but the given ones and what those need."""


class NotInstalledError(Exception):
    """A peer cannot be installed here; the message is the installer's last line."""


def installed(folder: Path, *requirements: str, lock: Path | None = None) -> Path:
    """Return the python of an environment that holds the requirements and the model libraries.

    Arguments:
        requirements: names of distributions.
        lock: a file of requirements with hashes.

    Raises:
        NotInstalledError: the installer fails.
    """
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    wanted = "\n".join((*requirements, lock.read_text() if lock else "", TORCH))
    if ready.is_file() and ready.read_text() == wanted:
        return python
    sys.stderr.write(f"installing {folder.name}\n")
    shutil.rmtree(folder, ignore_errors=True)
    uv("venv", "--quiet", "--python", sys.executable, str(folder))
    pip = ("pip", "install", "--quiet", "--compile-bytecode", "--python", str(python))
    uv(*pip, *requirements, *(("--require-hashes", "--requirement", str(lock)) if lock else ()))
    # where the index of PyTorch cannot be reached, UV_FIND_LINKS names a folder with the wheel
    backend = () if "UV_FIND_LINKS" in os.environ else ("--torch-backend", "cpu")
    uv(*pip, *backend, TORCH, "numpy", "scikit-learn")
    ready.write_text(wanted)
    return python


def uv(*arguments: str) -> None:
    """Run uv, the one beside this Python if there is one."""
    beside = Path(sys.executable).with_name("uv")
    command = [str(beside) if beside.exists() else "uv", *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise NotInstalledError(" ".join(lines[-3:])[:300])


def megabytes(python: Path) -> float:
    """Return the size of what is installed besides the model libraries, in millions of bytes, bytecode not counted."""
    command = [str(python), "-c", SIZE_PROGRAM, *MODEL_LIBRARIES]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1e6
