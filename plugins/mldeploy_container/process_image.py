"""A process image: the service's files as one layer, to be run by this machine's own Python environment.

It is a Docker schema 2 image like any other (Image Manifest V 2, Schema 2), pushed through ECR's own layer calls, so no
container engine is needed. Its label tells a runtime to start it as a plain process; a container cannot run it.
"""

from __future__ import annotations

import gzip
import io
import json
import platform
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mldeploy import Step
from mldeploy_container.layers import CONFIG, LAYER, MANIFEST, Blob, push_blob
from mldeploy_container.python_environments import bytecode_settings, python_of

LABEL = "io.mldeploy.builder"
APP = "app"


def push_process_image(ecr: Any, step: Step, root: Path, files: Sequence[Path], tag: str) -> None:
    """Pack the files and push them under a tag."""
    repository = step.spec["RepositoryName"]
    tarball = _tarball(root, files)
    layer = _pushed(ecr, repository, gzip.compress(tarball, mtime=0))
    diff_id = Blob.of(io.BytesIO(tarball)).digest
    config = _pushed(ecr, repository, json.dumps(_config(step, diff_id), sort_keys=True).encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(CONFIG),
        "layers": [layer.descriptor(LAYER)],
    }
    ecr.put_image(
        repositoryName=repository,
        imageManifest=json.dumps(manifest, sort_keys=True),
        imageManifestMediaType=MANIFEST,
        imageTag=tag,
    )


def _config(step: Step, diff_id: str) -> dict[str, Any]:
    variables = bytecode_settings(step.spec["Environment"])
    return {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        "os": platform.system().lower(),
        "config": {
            "Entrypoint": [python_of(step.spec["Environment"]), "-m", "service"],
            "Cmd": ["serve"],
            "WorkingDir": f"/{APP}",
            "Env": ["PYTHONUNBUFFERED=1", *(f"{key}={value}" for key, value in variables.items())],
            "Labels": {LABEL: "process"},
        },
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }


def _tarball(root: Path, files: Sequence[Path]) -> bytes:
    """Return a tar of the files below `app/`, the same bytes for the same contents."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in files:
            content = path.read_bytes()
            entry = tarfile.TarInfo(f"{APP}/{path.relative_to(root).as_posix()}")
            entry.size = len(content)
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _pushed(ecr: Any, repository: str, content: bytes) -> Blob:
    file = io.BytesIO(content)
    blob = Blob.of(file)
    push_blob(ecr, repository, blob, file)
    return blob
