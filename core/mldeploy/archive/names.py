"""Which names an archive may use: plain relative paths that are different files on every file system."""

from __future__ import annotations

import unicodedata

from mldeploy.archive.content import UnsafeArchiveError

LONGEST_PART, LONGEST_NAME, DEEPEST = 255, 1024, 32
"""In bytes, bytes and folders; the first is what Linux, macOS and Windows file systems have in common."""


class Names:
    """The names seen so far in one archive."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], tuple[tuple[str, ...], bool]] = {}

    def accept(self, name: str, *, is_folder: bool) -> tuple[str, ...]:
        """Return the parts of a name; none for the archive's own root.

        Raises:
            UnsafeArchiveError: the name is not plain and relative, or it is another entry's, perhaps in other letters.
        """
        parts = _parts(name)
        if not parts and not is_folder:
            message = f"{name!r} is no name of a file"
            raise UnsafeArchiveError(message)
        for length in range(1, len(parts)):
            self._enter(parts[:length], is_folder=True)
        if parts:
            self._enter(parts, is_folder=is_folder)
        return parts

    def _enter(self, parts: tuple[str, ...], *, is_folder: bool) -> None:
        """Take a path in; folders may come again, files may not, and spellings must agree."""
        folded = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        known = self._seen.setdefault(folded, (parts, is_folder))
        first = known == (parts, is_folder) and known[0] is parts
        if not first and (known[0] != parts or not (known[1] and is_folder)):
            message = f"'{'/'.join(parts)}' clashes with '{'/'.join(known[0])}'"
            raise UnsafeArchiveError(message)


def _parts(name: str) -> tuple[str, ...]:
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if name.startswith("/") or ".." in parts or "\\" in name or (parts and parts[0][1:2] == ":"):
        message = f"{name!r} leads out of the folder"
        raise UnsafeArchiveError(message)
    if not name.isprintable():  # control characters, NUL, and bytes that are not UTF-8
        message = f"{name!r} has a character that file names should not have"
        raise UnsafeArchiveError(message)
    longest = max((len(part.encode()) for part in parts), default=0)
    if longest > LONGEST_PART or len(name.encode()) > LONGEST_NAME or len(parts) > DEEPEST:
        message = f"'{name[:60]}…' is too long or too deep"
        raise UnsafeArchiveError(message)
    return parts
