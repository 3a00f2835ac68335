"""Bodies of other content types: CSV, NumPy's npy, JSON lines. All are bad, whether or not a service knows the type."""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path

import numpy

from tests.service.poison import CANARY, Poison, refused

WORD = CANARY.encode()
CSV, NPY, LINES = "text/csv", "application/x-npy", "application/jsonlines"

CSV_OF_TEXTS = {
    "csv: empty": b"",
    "csv: only a line break": b"\n",
    "csv: not UTF-8": b"\xff\xfe\xfd\n",
    "csv: an overlong slash": WORD + b"\xc0\xaf\n",
    "csv: a text that is too long": b"a" * 5_001 + b"\n",
    "csv: too many rows": b"a\n" * 1_001,
}

CSV_OF_NUMBERS = {
    "csv: no rows": b"",
    "csv: a header": b"left,right\n1,2\n",
    "csv: a word": b"1," + WORD + b"\n",
    "csv: an empty cell": b"1,\n",
    "csv: one column": b"1\n2\n",
    "csv: three columns": b"1,2,3\n",
    "csv: rows of different length": b"1,2\n3\n",
    "csv: NaN": b"1,NaN\n",
    "csv: nan": b"nan,1\n",
    "csv: inf": b"1,inf\n",
    "csv: Infinity": b"-Infinity,1\n",
    "csv: 1e400": b"1,1e400\n",
    "csv: five thousand digits": b"1," + b"1" * 5_000 + b"\n",
    "csv: True": b"1,True\n",
    "csv: an underscore": b"1,1_000\n",
    "csv: hexadecimal": b"1,0x10\n",
    "csv: Arabic digits": "1,\u0661\n".encode(),
    "csv: semicolons": b"1;2\n",
    "csv: a quote that never ends": b'1,"2\n',
    "csv: a formula": b"1,=1+1\n",
    "csv: a zero byte": b"1,2\x00\n",
    "csv: UTF-16": "1,2\n".encode("utf-16"),
    "csv: too many rows of numbers": b"1,2\n" * 1_001,
    "csv: a row of a million cells": b"1," * 1_000_000 + b"1\n",
    "csv: JSON": b'{"instances": [[1, 2]]}',
}


class Evil:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path(TRACE),)  # type: ignore[return-value]


TRACE = "executed-by-a-pickle"
"""The file, in the folder of the service, that must never exist."""


def saved(array: numpy.ndarray) -> bytes:
    """Return an array as numpy.save writes it."""
    buffer = io.BytesIO()
    numpy.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def with_header(text: str, data: bytes = b"", *, version: bytes = b"\x01\x00") -> bytes:
    """Return an npy file of format 1.0 with any header (numpy.lib.format)."""
    header = text.encode() + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + data


def described(shape: str, kind: str = "'<f8'", data: bytes = b"") -> bytes:
    """Return an npy file with this shape and type, whatever the data are."""
    return with_header(f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}", data)


NPY_OF_NUMBERS = {
    "npy: empty": b"",
    "npy: magic only": b"\x93NUMPY",
    "npy: other magic": b"\x93NUMPX\x01\x00",
    "npy: version nine": with_header("{}", version=b"\x09\x09"),
    "npy: a header cut short": saved(numpy.ones((1, 2)))[:40],
    "npy: data cut short": saved(numpy.ones((4, 2)))[:-1],
    "npy: data too long": saved(numpy.ones((1, 2))) + bytes(8),
    "npy: no header": with_header(""),
    "npy: an empty header": with_header("{}"),
    "npy: a header that calls": with_header("{'descr': __import__('os').system('true'), 'shape': ()}"),
    "npy: a deep header": with_header("(" * 5_000),
    "npy: a header of four gigabytes": b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
    "npy: more rows than memory": described("(1000000000000, 2)"),
    "npy: a shape beyond 64 bits": described("(99999999999999999999, 2)"),
    "npy: a shape that overflows": described("(4611686018427387904, 4)"),
    "npy: a negative shape": described("(-1, 2)"),
    "npy: a shape of floats": described("(1.5, 2)"),
    "npy: a shape of many zeros": described("(0, 2)"),
    "npy: objects": saved(numpy.array([[Evil(), 1]], dtype=object)),
    "npy: a bare pickle": pickle.dumps(Evil()),
    "npy: an unknown type": described("(1, 2)", "'<q9'", bytes(16)),
    "npy: a type of fields": described("(1, 2)", "[('a', '<f8'), ('b', 'O')]", bytes(32)),
    "npy: complex numbers": saved(numpy.ones((1, 2), dtype=complex)),
    "npy: texts": saved(numpy.array([[CANARY, "1"]])),
    "npy: dates": saved(numpy.zeros((1, 2), dtype="datetime64[s]")),
    "npy: truth values": saved(numpy.ones((1, 2), dtype=bool)),
    "npy: NaN": saved(numpy.array([[1, numpy.nan]])),
    "npy: infinity": saved(numpy.array([[1, numpy.inf]])),
    "npy: no dimension": saved(numpy.array(1.0)),
    "npy: one dimension too many": saved(numpy.ones((1, 2, 2))),
    "npy: one column": saved(numpy.ones((2, 1))),
    "npy: three columns": saved(numpy.ones((2, 3))),
    "npy: too many rows": saved(numpy.ones((1_001, 2))),
    "npy: an archive": b"PK\x03\x04" + bytes(100),
    "npy: JSON": b'{"instances": [[1, 2]]}',
}

LINES_OF_NUMBERS = {
    "lines: empty": b"",
    "lines: blank": b"\n\n\n",
    "lines: a bad one among good ones": b"[1, 2]\n[1, NaN]\n[3, 4]\n",
    "lines: Infinity": b"[1, Infinity]\n",
    "lines: 1e400": b"[1, 1e400]\n",
    "lines: cut short": b"[1, 2]\n[3, ",
    "lines: two on a line": b"[1, 2][3, 4]\n",
    "lines: commas": b"[1, 2],\n[3, 4]\n",
    "lines: a truth value": b"[1, true]\n",
    "lines: a word": b'["' + WORD + b'", 1]\n',
    "lines: not UTF-8": b"[1, 2]\n\xff\n",
    "lines: deep": b"[" * 100_000 + b"\n",
    "lines: an object with a key twice": b'{"x": 1, "x": 2}\n',
    "lines: a zero byte": b"[1, 2]\x00\n",
    "lines: a carriage return": b"[1, \r2]\r[3, 4]\r",
    "lines: five thousand digits": b"[1, " + b"1" * 5_000 + b"]\n",
    "lines: too many": b"[1, 2]\n" * 1_001,
}

FOR_TEXTS: list[Poison] = [
    *refused(CSV, CSV_OF_TEXTS),
    *refused(NPY, {"npy: numbers for texts": saved(numpy.ones((1, 2)))}),
    *refused(LINES, {"lines: a surrogate": b'"\\ud800"\n', "lines: a number": b"1\n", "lines: an empty text": b'""\n'}),
]
FOR_NUMBERS: list[Poison] = [
    *refused(CSV, CSV_OF_NUMBERS),
    *refused(NPY, NPY_OF_NUMBERS),
    *refused(LINES, LINES_OF_NUMBERS),
]
