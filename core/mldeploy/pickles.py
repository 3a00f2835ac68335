"""Find pickles among model files: whoever writes one can run any code in whatever loads it.

Files are looked into, whatever their names are. Reading the opcodes of a pickle does not run it
(https://docs.python.org/3/library/pickletools.html).
"""

from __future__ import annotations

import io
import pickletools
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mldeploy.compression import BROKEN, decompressed
from mldeploy.model_files import model_paths

SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"})
SAFER = "ONNX, safetensors, skops, or what XGBoost, LightGBM and CatBoost save themselves (.ubj, .txt, .cbm)"
HEAD_BYTES = 1 << 20
NUMPY_MAGIC = b"\x93NUMPY"
OBJECT_ARRAY = b"'|O"
"""How the header of a .npy file names elements that are pickled (numpy.lib.format)."""
OPCODES_READ = 1000
OPCODES_ENOUGH = 3
"""This many valid opcodes behind the protocol byte are a pickle and no accident."""
RUNS_CODE = frozenset({"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"})
ZLIB = b"\x78"
"""The first byte of what joblib.dump(compress=True) writes."""


def find_pickles(folder: Path) -> list[str]:
    """Return the names of the files in a model folder that are pickles or hold some, sorted.

    Raises:
        RefusedError: the folder holds something else than files and folders.
    """
    return [path.relative_to(folder).as_posix() for path in model_paths(folder) if is_pickle(path)]


def is_pickle(path: Path) -> bool:
    """Tell whether a file is a pickle, by its name or its content: plain, compressed, in a zip or an object array."""
    if path.suffix.lower() in SUFFIXES:
        return True
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if _head_is_pickle(head):
            return True
        if zipfile.is_zipfile(file):
            return any(_member_is_pickle(name, start) for name, start in _members(file))
        file.seek(0)
        return _head_is_pickle(_decompressed(file, head))


def _members(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield name, member.read(HEAD_BYTES)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *BROKEN):
        yield "unreadable.pkl", b""  # what cannot be looked into is not vouched for


def _member_is_pickle(name: str, head: bytes) -> bool:
    return Path(name).suffix.lower() in SUFFIXES or _head_is_pickle(head)


def _decompressed(file: IO[bytes], head: bytes) -> bytes:
    try:
        if head.startswith(ZLIB):
            return zlib.decompressobj().decompress(head, HEAD_BYTES)
        return decompressed(file).read(HEAD_BYTES)
    except BROKEN:
        return b""


def _head_is_pickle(head: bytes) -> bool:
    if head.startswith(NUMPY_MAGIC):
        return OBJECT_ARRAY in head.partition(b"\n")[0]
    names, ended = _opcodes(head)
    if names[:1] == ["PROTO"]:
        return ended or len(names) > OPCODES_ENOUGH
    return ended and not RUNS_CODE.isdisjoint(names)


def _opcodes(head: bytes) -> tuple[list[str], bool]:
    """Return the names of the first opcodes, and whether the last one is the end of a pickle."""
    names: list[str] = []
    try:
        for opcode, _argument, _position in pickletools.genops(io.BytesIO(head)):
            names.append(opcode.name)
            if len(names) == OPCODES_READ:
                break
    except Exception:  # whatever a malformed argument raises: these bytes are no pickle, or a cut one
        return names, False
    return names, names[-1:] == ["STOP"]
