"""Archives that try to harm whoever unpacks them, by name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Iterable

BLOCK = 512
MEBIBYTE = 1 << 20


def entry(name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, **fields: object) -> tuple:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, len(content) if kind in tarfile.REGULAR_TYPES else 0
    for key, value in fields.items():
        setattr(member, key, value)
    return member, content


def tar(*entries: tuple, form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for member, content in entries:
            archive.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple:
    return entry(name, kind=kind, linkname=target)


def raw_header(name: str, size: bytes, kind: bytes = b"0") -> bytes:
    """A header block by hand, with a right checksum and whatever size."""
    header = bytearray(BLOCK)
    header[: len(name)] = name.encode()
    header[100:108], header[108:116], header[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    header[124:136], header[136:148], header[156:157] = size.ljust(12, b"\0"), b"00000000000\0", kind
    header[257:265] = b"ustar\x0000"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def pax(records: dict[str, str], name: str = "plain") -> bytes:
    return tar(entry(name, pax_headers=records))


def nested_long_names(count: int) -> bytes:
    return b"".join(
        raw_header("././@LongLink", b"00000000001\0", b"L") + b"a".ljust(BLOCK, b"\0") for _ in range(count)
    )


def files(names: Iterable[str]) -> bytes:
    return tar(*(entry(name) for name in names))


END = b"\0" * 2 * BLOCK
NEGATIVE = b"\xff" * 12
"""A size of -1 in the base-256 form of GNU tar."""
GOOD = tar(entry("model.onnx", b"weights"))

HOSTILE: dict[str, bytes] = {
    "symlink to a file": tar(link("link", "/etc/passwd")),
    "symlink inside": tar(entry("a"), link("b", "a")),
    "symlink to a folder, then a file through it": tar(link("out", "/tmp"), entry("out/escaped")),
    "symlink to the parent, then a file through it": tar(link("out", ".."), entry("out/escaped")),
    "chain of symlinks (CVE-2025-4330)": tar(link("a", "."), link("a/b", ".."), entry("a/b/escaped")),
    "symlink, then the same name as a file": tar(link("a", "../escaped"), entry("a")),
    "hard link": tar(entry("a"), link("b", "a", tarfile.LNKTYPE)),
    "hard link out of the folder": tar(link("b", "../../etc/passwd", tarfile.LNKTYPE)),
    "hard link to a symlink": tar(link("a", "/etc/passwd"), link("b", "a", tarfile.LNKTYPE)),
    "symlink named by pax": tar(entry("l", kind=tarfile.SYMTYPE, pax_headers={"linkpath": "/etc/passwd"})),
    "character device": tar(entry("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)),
    "block device": tar(entry("sda", kind=tarfile.BLKTYPE, devmajor=8)),
    "pipe with an escape sequence": tar(entry("\x1b[2J", kind=tarfile.FIFOTYPE)),
    "pipe": tar(entry("pipe", kind=tarfile.FIFOTYPE)),
    "contiguous file of unknown meaning": raw_header("a", b"00000000000\0", b"V") + END,
    "GNU sparse file": raw_header("sparse", b"00000000000\0", b"S") + END,
    "pax sparse file": pax({"GNU.sparse.major": "0", "GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 50)}),
    "absolute": files(["/escaped"]),
    "absolute with two slashes": files(["//escaped"]),
    "absolute named by pax": pax({"path": "/escaped"}),
    "parent": files(["../escaped"]),
    "detour": files(["a/../../escaped"]),
    "parent in the middle": files(["a/../b"]),
    "parent folder": tar(entry("..", kind=tarfile.DIRTYPE)),
    "parent named by pax": pax({"path": "../escaped"}),
    "parent in a GNU long name": tar(entry("../" + "a/" * 60 + "b"), form=tarfile.GNU_FORMAT),
    "Windows parent": files(["..\\escaped"]),
    "Windows drive": files(["C:/escaped"]),
    "NUL": pax({"path": "a\0b"}),
    "line break": files(["a\nb"]),
    "escape sequence": files(["\x1b[2Ja"]),
    "not UTF-8": tar(entry("a" * 5)).replace(b"aaaaa", b"a\xff\xfea\xfe", 1),
    "empty name": files(["."]),
    "the same file twice": files(["a", "a"]),
    "the same file by another spelling": files(["a", "./a"]),
    "other case": files(["Model.onnx", "model.onnx"]),
    "other case of a folder": files(["A/x", "a/y"]),
    "other Unicode form": files(["\u00e9", "e\u0301"]),
    "sharp s": files(["stra\u00dfe", "STRASSE"]),
    "file, then a folder of that name": files(["a", "a/b"]),
    "folder, then a file of that name": files(["a/b", "a"]),
    "name of 300 bytes": files(["a" * 300]),
    "too deep": files(["a/" * 40 + "b"]),
    "negative size": raw_header("a", NEGATIVE) + END,
    "long name of negative size": raw_header("././@LongLink", NEGATIVE, b"L") + END,
    "long name of 8 GiB": raw_header("././@LongLink", b"77777777777\0", b"L") + END,
    "pax header of 8 GiB": raw_header("pax", b"77777777777\0", b"x") + END,
    "long names without end": nested_long_names(2000) + END,
    "pax size that is no number": pax({"size": "zz"}),
    "pax size that is negative": pax({"size": "-1"}),
    "file of 8 GiB that is not there": raw_header("a", b"77777777777\0") + END,
    "folder with a size": raw_header("a/", b"00000001000\0", b"5") + END,
    "many entries": files(f"f{number}" for number in range(1001)),
    "gzip bomb": gzip.compress(b"\0" * 80 * MEBIBYTE),
    "xz bomb": lzma.compress(tar(entry("a", b"\0" * 80 * MEBIBYTE)), preset=0),
    "bzip2 bomb": bz2.compress(tar(entry("a", b"\0" * 80 * MEBIBYTE))),
    "cut gzip": gzip.compress(GOOD)[:-12],
    "cut tar": GOOD[: BLOCK + 3],
    "cut in the end": tar(entry("a", b"x" * BLOCK))[: 2 * BLOCK],
    "damaged second header": tar(entry("a"), entry("b")).replace(b"ustar", b"brown", 2).replace(b"brown", b"ustar", 1),
    "gzip of nothing": gzip.compress(b""),
    "no archive": b"<html>not found</html>" * 100,
    "nothing": b"",
}
