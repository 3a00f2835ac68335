"""Read a text file as bounded, strictly decoded text, and know where in it things are."""

from __future__ import annotations

import re
from pathlib import Path

from mldeploy.errors import Position, Problem, ReleaseError

MAX_BYTES = 256 * 1024
AMBIGUOUS_BREAKS = re.compile("[\x85\u2028\u2029]")


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, without a byte order mark.

    Raises:
        ReleaseError: it is missing, a folder, too large, or not UTF-8 (with the position of the first bad byte).
    """
    data = _read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = position_at(data[: error.start].decode("utf-8-sig", "replace"), error.start, str(path))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise one_problem(message, position, "save the file with the encoding UTF-8") from error
    unclear = AMBIGUOUS_BREAKS.search(text)
    if unclear:
        message = f"the character U+{ord(unclear.group()):04X} is a line break in YAML 1.1 and none in YAML 1.2"
        raise one_problem(message, position_at(text, unclear.start(), str(path)), "replace it by a normal line break")
    return text


def position_at(text: str, index: int, file: str) -> Position:
    """Return the position of a character, given its index in the text."""
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return Position(file=file, line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))


def one_problem(message: str, position: Position, hint: str) -> ReleaseError:
    """Return the error for a file that cannot be read to its end."""
    problem = Problem(message=message, position=position, hint=hint)
    return ReleaseError(f"{position.file} cannot be read", problems=(problem,))


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        message = f"{path} does not exist"
        hint = "go to the folder of your project, name the file with --file, or start one with `mldeploy init NAME`"
        raise ReleaseError(message, hint=hint) from error
    except IsADirectoryError as error:
        message = f"{path} is a folder"
        raise ReleaseError(message, hint=f"name the file in it: {path / 'release.yaml'}") from error
    except (OSError, ValueError) as error:
        message = f"{path} cannot be opened: {error.strerror if isinstance(error, OSError) else error}"
        raise ReleaseError(message, hint="check the path and the permissions of the file") from error
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024} KiB"
        hint = "a release file is a page or two; is this another file?"
        raise one_problem(message, Position(file=str(path), line=1, column=1), hint)
    return data
