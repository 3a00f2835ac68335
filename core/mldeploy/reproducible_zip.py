"""Zips that are the same bytes on every machine, so that their hash changes only with what they hold."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""
READABLE_FILE = 0o100644
UNIX = 3


def reproducible_zip(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files by name.

    They are stored, not compressed: compressed bytes differ between versions of zlib.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = UNIX  # also when made on Windows
            entry.external_attr = READABLE_FILE << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
