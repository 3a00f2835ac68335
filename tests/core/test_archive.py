"""Archives from elsewhere are unpacked into one fresh folder or not at all."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from mldeploy.archive.extraction import Limits, UnsafeArchiveError, extract
from tests.core.hostile_archives import GOOD, HOSTILE, MEBIBYTE, entry, files, tar

LIMITS = Limits(entries=1000, bytes=100 * MEBIBYTE)


def unpack(folder: Path, *archives: bytes, limits: Limits = LIMITS) -> Path:
    extract(map(io.BytesIO, archives), folder, limits)
    return folder


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.req("E20")
@pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE)
def test_hostile_archives_leave_nothing(tmp_path: Path, archive: bytes):
    parent = tmp_path / "a" / "b" / "c"
    parent.mkdir(parents=True)
    before = everything_below(tmp_path)
    with pytest.raises(UnsafeArchiveError) as refused:
        unpack(parent / "folder", archive)
    assert str(refused.value).isprintable()
    assert everything_below(tmp_path) == before
    assert not Path("/escaped").exists()
    assert not Path("/tmp/escaped").exists()


def test_the_corpus_is_as_large_as_promised():
    assert len(HOSTILE) >= 30


def test_a_header_that_claims_gigabytes_takes_no_memory(tmp_path: Path):
    tracemalloc.start()
    for name in ("long name of 8 GiB", "pax header of 8 GiB", "gzip bomb"):
        with pytest.raises(UnsafeArchiveError):
            unpack(tmp_path / "folder", HOSTILE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MEBIBYTE


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_good_archives_come_out_as_they_were(tmp_path: Path, pack):
    folder = unpack(tmp_path / "folder", pack(tar(entry("a/b.bin", b"1" * 70_000), entry("./c", b""))))
    assert (folder / "a" / "b.bin").read_bytes() == b"1" * 70_000
    assert everything_below(folder) == {"a", "a/b.bin", "c"}


def test_what_gnu_tar_packs_can_be_unpacked(tmp_path: Path):
    source = tmp_path / "source"
    (source / ("deep" * 20)).mkdir(parents=True)
    (source / ("deep" * 20) / ("long" * 30)).write_text("weights")
    subprocess.run(["tar", "-czf", tmp_path / "model.tar.gz", "-C", source, "."], check=True)
    folder = unpack(tmp_path / "folder", (tmp_path / "model.tar.gz").read_bytes())
    assert everything_below(folder) == everything_below(source)


def test_files_are_read_only_and_lose_every_special_right(tmp_path: Path):
    folder = unpack(tmp_path / "folder", tar(entry("plain", mode=0o666), entry("run", mode=0o6777)))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    umask = os.umask(0)
    os.umask(umask)
    assert modes == {"plain": 0o444 & ~umask, "run": 0o555 & ~umask}


def test_later_archives_lie_on_top(tmp_path: Path):
    folder = unpack(tmp_path / "folder", tar(entry("a", b"1"), entry("b", b"1")), tar(entry("b", b"2")))
    assert ((folder / "a").read_text(), (folder / "b").read_text()) == ("1", "2")


def test_a_hostile_layer_takes_the_good_ones_with_it(tmp_path: Path):
    with pytest.raises(UnsafeArchiveError):
        unpack(tmp_path / "folder", GOOD, HOSTILE["pipe"])
    assert not (tmp_path / "folder").exists()


def test_a_folder_that_exists_is_left_alone(tmp_path: Path):
    (tmp_path / "mine").write_text("1")
    with pytest.raises(FileExistsError):
        unpack(tmp_path, GOOD)
    assert everything_below(tmp_path) == {"mine"}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(Limits(entries=1), "more than 1 files"), (Limits(bytes=1000), "more than 1000 bytes")],
)
def test_limits_are_named_in_the_refusal(tmp_path: Path, limits: Limits, reason: str):
    with pytest.raises(UnsafeArchiveError, match=reason):
        unpack(tmp_path / "folder", files(["a", "b"]), limits=limits)
