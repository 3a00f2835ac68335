"""Read what gzip, bzip2 or xz compressed, recognised by its first bytes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import IO, cast

MAGIC_BYTES = 6
GZIP, BZIP2, XZ, LZMA = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x5d\x00\x00"
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading damaged compressed data raises."""


def decompressed(file: IO[bytes]) -> IO[bytes]:
    """Return a reader of a file's contents without their compression, or the file itself where there is none."""
    start = file.tell()
    magic = file.read(MAGIC_BYTES)
    file.seek(start)
    if magic.startswith(GZIP):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if magic.startswith(BZIP2):
        return bz2.BZ2File(file)
    if magic.startswith((XZ, LZMA)):
        return lzma.open(file)
    return file
