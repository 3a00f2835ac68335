"""The bytes of image layers and configurations, kept by digest."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(blob: bytes) -> str:
    """Return the digest of a blob as registries write it."""
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


class LayerStore:
    """Blobs by digest in a folder of the sandbox."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "layers"

    def put(self, blob: bytes) -> str:
        """Keep a blob and return its digest."""
        digest = digest_of(blob)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(digest)
        if not path.exists():
            partial = path.with_suffix(".partial")
            partial.write_bytes(blob)
            partial.rename(path)
        return digest

    def get(self, digest: str) -> bytes | None:
        """Return a blob, or None when it was never pushed."""
        path = self._path(digest)
        return path.read_bytes() if DIGEST.fullmatch(digest) and path.is_file() else None

    def _path(self, digest: str) -> Path:
        return self._folder / digest.removeprefix("sha256:")
