"""Volumes with the content of Secrets, as folders of this machine.

A process has no file system of its own, so what it is told about a mount path is told about the folder instead.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mldeploy_sandbox.kubernetes.controllers.access import Access
from mldeploy_sandbox.kubernetes.store import Document


class MountError(Exception):
    """A volume cannot be set up, because its Secret is not there."""


def mounted(access: Access, pod: Document, container: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Write the Secrets that a container mounts below a folder; return mount path → folder.

    Raises:
        MountError: a Secret is missing and not optional.
    """
    secrets = {each["name"]: each["secret"] for each in pod["spec"].get("volumes", ()) if "secret" in each}
    found = {}
    for mount in container.get("volumeMounts", ()):
        if mount["name"] in secrets:
            place = folder / "volumes" / mount["name"]
            _write(access, pod, mount["name"], secrets[mount["name"]], place)
            found[mount["mountPath"].rstrip("/")] = str(place)
    return found


def moved(text: str, mounts: Mapping[str, str]) -> str:
    """Return an argument with the folder in the place of the mount path that it begins with."""
    for path, folder in mounts.items():
        if text == path or text.startswith(f"{path}/"):
            return folder + text.removeprefix(path)
    return text


def _write(access: Access, pod: Document, volume: str, source: Mapping[str, Any], folder: Path) -> None:
    name = source.get("secretName", "")
    found = access.find("Secret", pod["metadata"]["namespace"], name)
    if found is None and not source.get("optional"):
        message = f'MountVolume.SetUp failed for volume "{volume}" : secret "{name}" not found'
        raise MountError(message)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for key, value in ((found or {}).get("data") or {}).items():
        file = folder / key
        file.touch(mode=0o600)
        file.write_bytes(base64.b64decode(value))
