"""Find the data folders that ship with mldeploy: `schemas` and `service_template`."""

from __future__ import annotations

from pathlib import Path


def data_folder(name: str) -> Path:
    """Return a shipped folder: beside the package in a wheel, else at the top of the checkout.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    package = Path(__file__).parent
    for parent in (package, package.parent.parent):
        if (folder := parent / name).is_dir():
            return folder
    message = f"mldeploy is incomplete: the folder '{name}' is missing; install it again"
    raise FileNotFoundError(message)
