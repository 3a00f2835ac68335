"""Archives from elsewhere are unpacked once, and only when they stay inside their folder."""

from __future__ import annotations

import io
import tarfile

import pytest
from running_sandbox import tar_gz

from mldeploy_sandbox.archives import UnsafeArchiveError, unpacked


def archive_of(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        tar.addfile(member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "archive",
    [
        archive_of("../outside"),
        archive_of("a/../../outside"),
        archive_of("/absolute"),
        archive_of("link", tarfile.SYMTYPE, "inside"),
        archive_of("hard", tarfile.LNKTYPE, "inside"),
        archive_of("device", tarfile.CHRTYPE),
        archive_of("pipe", tarfile.FIFOTYPE),
        b"no archive",
        tar_gz({"cut": "x" * 5000})[:-20],
    ],
    ids=["parent", "detour", "absolute", "symbolic link", "hard link", "device", "pipe", "no archive", "cut"],
)
def test_unsafe_archives_leave_nothing(tmp_path, archive):
    with pytest.raises(UnsafeArchiveError):
        unpacked([archive], tmp_path / "inner")
    assert [path for path in tmp_path.rglob("*") if path.name != "inner"] == []


def test_later_archives_lie_on_top_and_the_same_ones_are_unpacked_once(tmp_path):
    archives = [tar_gz({"a": "1", "b": "1"}), tar_gz({"b": "2"})]
    folder = unpacked(archives, tmp_path)
    assert ((folder / "a").read_text(), (folder / "b").read_text()) == ("1", "2")
    (folder / "witness").touch()
    assert (unpacked(archives, tmp_path) / "witness").exists()
    assert unpacked(archives[:1], tmp_path) != folder
