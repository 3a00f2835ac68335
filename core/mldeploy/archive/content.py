"""The bytes of an archive, decompressed within limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from mldeploy.compression import decompressed

CHUNK = 1 << 16
LONGEST_READ = 1 << 20
"""In bytes. File contents are read in chunks; only a header of this size would be read at once, into memory."""
RATIO_FLOOR = 64 << 20
"""In bytes. What is this small when decompressed may have been compressed to any degree."""


class UnsafeArchiveError(Exception):
    """The archive could do harm when it is unpacked, or it is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large one archive may become: files and folders, bytes, and bytes per compressed byte."""

    entries: int = 100_000
    bytes: int = 100 << 30
    ratio: int = 200


DEFAULT_LIMITS = Limits()
"""Room for large language models, which are stored in few large files and hardly compress."""


class _Bounded:
    """A file that gives no more than `LONGEST_READ` bytes at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LONGEST_READ:
            message = f"a header of {size} bytes"
            raise UnsafeArchiveError(message)
        return self._file.read(size)


def bounded_content(archive: IO[bytes], spool: IO[bytes], limits: Limits) -> IO[bytes]:
    """Decompress an archive into a spool file and return a view of it that cannot be made to fill the memory.

    Raises:
        UnsafeArchiveError: more bytes than the limits allow.
    """
    start = archive.tell()
    reader = decompressed(archive)
    while chunk := reader.read(CHUNK):
        spool.write(chunk)
        written, read = spool.tell(), archive.tell() - start
        if written > limits.bytes:
            message = f"more than {limits.bytes} bytes"
            raise UnsafeArchiveError(message)
        if written > RATIO_FLOOR and written > limits.ratio * read:
            message = f"it grows to more than {limits.ratio} times its size"
            raise UnsafeArchiveError(message)
    spool.seek(0)
    return _Bounded(spool)  # type: ignore[return-value]  # tarfile needs read, seek and tell only
