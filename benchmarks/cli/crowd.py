"""Many installed distributions, as in a data scientist's environment: what the search for plugins has to read."""

from __future__ import annotations

from pathlib import Path

WITH_SCRIPTS_EVERY = 3
"""One in three of the distributions in a usual environment declares entry points."""


def install_crowd(folder: Path, size: int) -> None:
    """Write the metadata of `size` distributions into a folder that is on `sys.path`."""
    for number in range(size):
        name = f"crowd_{number:03}"
        metadata = folder / f"{name}-1.0.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        if number % WITH_SCRIPTS_EVERY == 0:
            scripts = f"[console_scripts]\n{name} = {name}:main\n"
            (metadata / "entry_points.txt").write_text(scripts, encoding="utf-8")
