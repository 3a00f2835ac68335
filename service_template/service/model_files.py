"""Is this the model that was deployed? The folder's hash, and what may lie in it.

mldeploy pins the hash when it builds and hands it over as MODEL_SHA256. By hand, in the model folder:
`find . -type f ! -name SHA256SUMS -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

CHECKSUMS = "SHA256SUMS"
"""What train.py writes beside the model; `sha256sum --check SHA256SUMS` reads it."""
PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"})

HOW_TO_ALLOW = (
    "save the model in another format (service/formats.py), or set `model: {allowPickle: true}` in release.yaml; by "
    "hand, MODEL_ALLOW_PICKLE=true and MODEL_SHA256"
)


class ModelFilesError(ValueError):
    """The model folder must not be loaded."""


def verified(folder: Path) -> str:
    """Return the folder's hash when it may be loaded.

    Raises:
        ModelFilesError: it is not the folder that MODEL_SHA256 or its own list of checksums names, or it holds pickles
            and nobody said that it may.
    """
    listed = manifest(folder)
    if not listed:
        raise ModelFilesError(f"there are no model files in {folder}")
    digest = hashlib.sha256(listed.encode()).hexdigest()
    pinned = os.environ.get("MODEL_SHA256")
    if pinned and digest != pinned:
        raise ModelFilesError(f"the model is not the one that was deployed: its hash is {digest}, not {pinned}")
    checksums = folder / CHECKSUMS
    if checksums.is_file() and (changed := _changed(listed, checksums.read_text("utf-8"))):
        names = ", ".join(changed)
        raise ModelFilesError(f"{names} does not match the sha256 in {CHECKSUMS}: train again or restore the file")
    pickles = [line.partition("  ")[2] for line in listed.splitlines() if Path(line).suffix.lower() in PICKLES]
    if pickles and not pickles_allowed():
        raise ModelFilesError(f"{pickles[0]} is a pickle, which can run any code: {HOW_TO_ALLOW}")
    return digest


def pickles_allowed() -> bool:
    """Tell whether pickles may be loaded: somebody said so, and the files are pinned from outside the folder."""
    return os.environ.get("MODEL_ALLOW_PICKLE") == "true" and bool(os.environ.get("MODEL_SHA256"))


def manifest(folder: Path) -> str:
    """Return what `sha256sum` prints for the model's files, sorted by name."""
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return "".join(
        f"{_sha256(path)}  {name}\n"
        for name, path in sorted(names.items(), key=lambda item: item[0].encode())
        if name != CHECKSUMS and "__pycache__" not in path.parts
    )


def write_checksums(folder: Path) -> None:
    """Write the list of checksums into the folder."""
    (folder / CHECKSUMS).write_text(manifest(folder), "utf-8")


def _changed(found: str, listed: str) -> list[str]:
    differing = set(found.splitlines()) ^ set(listed.splitlines())
    return sorted({line.partition("  ")[2] for line in differing})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
