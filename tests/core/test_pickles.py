"""Pickles are found whatever they are called and however they are wrapped; other model files are not taken for one."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from mldeploy.errors import RefusedError
from mldeploy.pickles import find_pickles

pytestmark = pytest.mark.req("2.7", "E20")
WITNESS = Path("/tmp/mldeploy-test-a-pickle-was-run")


class Attack:
    """What an attacker pickles: unpickling it calls a function."""

    def __reduce__(self):
        return os.mkdir, (str(WITNESS),)


PICKLE = pickle.dumps(Attack())
numpy = pytest.importorskip("numpy")


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_DOT_", "."), content)
    return buffer.getvalue()


def array(value: object) -> bytes:
    buffer = io.BytesIO()
    numpy.save(buffer, numpy.array([value], dtype=object if isinstance(value, dict) else None), allow_pickle=True)
    return buffer.getvalue()


PICKLES = {
    **{f"protocol {number}": ("model.bin", pickle.dumps(Attack(), number)) for number in range(6)},
    "by name": ("model.pkl", b""),
    "by another name": ("MODEL.JOBLIB", b"not even one"),
    "harmless content": ("weights", pickle.dumps({"a": [1.0] * 100})),
    "gzip": ("model.bin", gzip.compress(PICKLE)),
    "bzip2": ("model.bin", bz2.compress(PICKLE)),
    "xz": ("model.bin", lzma.compress(PICKLE)),
    "lzma": ("model.bin", lzma.compress(PICKLE, format=lzma.FORMAT_ALONE)),
    "zlib": ("model.bin", zlib.compress(PICKLE)),
    "large": ("model.bin", pickle.dumps([b"x" * (3 << 20), 1, Attack()])),
    "as PyTorch saves it": ("model.pt", zipped(**{"archive/data_DOT_pkl": PICKLE, "archive/data/0": b"1"})),
    "with a zip behind it": ("model.bin", PICKLE + zipped(a=b"1")),
    "in a zip, by another name": ("model.zip", zipped(weights=PICKLE)),
    "object array": ("array.npy", array({"a": 1})),
    "object array in npz": ("arrays.npz", zipped(a_DOT_npy=array({"a": 1}))),
    "zip that cannot be read": ("model.zip", zipped(a=b"1" * 1000).replace(b"1" * 1000, b"2" * 1000)),
}
SAFETENSORS = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
OTHERS = {
    "json": ("model.json", b'{"weights": [1, 2, 3]}'),
    "text": ("words.txt", b"love\nhate.\n"),
    "csv": ("data.csv", b"a,b\n1,2\n"),
    "onnx": ("model.onnx", b"\x08\x08\x12\x07pytorch\x1a\x051.0.0"),
    "safetensors": ("model.safetensors", struct.pack("<Q", len(SAFETENSORS)) + SAFETENSORS + b"\0" * 4),
    "numbers": ("array.npy", array(1.5)),
    "numbers in npz": ("arrays.npz", zipped(a_DOT_npy=array(1.5))),
    "skops": ("model.skops", zipped(schema_DOT_json=b"{}", **{"1_DOT_npy": array(2)})),
    "ubj": ("model.ubj", b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{"),
    "cut gzip": ("model.gz", gzip.compress(b"x" * 1000)[:30]),
    "empty": ("empty", b""),
    "like a pickle": ("weights.bin", b"\x80\x04" + bytes(range(255, 0, -1))),
    "readme": ("README.md", b"(dp0\nS'a'\np1\nI1\ns."),
}


@pytest.mark.parametrize(("name", "content"), PICKLES.values(), ids=PICKLES)
def test_pickles_are_found_and_not_run(tmp_path: Path, name: str, content: bytes):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / name).write_bytes(content)
    assert find_pickles(tmp_path) == [f"folder/{name}"]
    assert not WITNESS.exists()


@pytest.mark.parametrize(("name", "content"), OTHERS.values(), ids=OTHERS)
def test_other_files_are_not(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    assert find_pickles(tmp_path) == []


def test_noise_is_not_taken_for_a_pickle(tmp_path: Path):
    source = random.Random(1)
    for number in range(300):
        (tmp_path / f"{number}.bin").write_bytes(source.randbytes(500))
    assert find_pickles(tmp_path) == []


def test_what_cannot_be_packed_faithfully_is_refused(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    model = tmp_path / "model"
    model.mkdir()
    (model / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="neither a file nor a folder"):
        find_pickles(model)
    (model / "link").unlink()
    (model / "line\nbreak").touch()
    with pytest.raises(RefusedError, match="character"):
        find_pickles(model)
