"""NumPy's .npy format: one instance or prediction per element of the first axis."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from model_loader import Instance, Prediction
from service.messages import PredictionRequest, checked
from service.problems import Problem
from service.shapes import Shape

try:
    import numpy
except ModuleNotFoundError:  # a model without NumPy
    numpy = None  # type: ignore[assignment]


def decoder() -> Callable[[bytes], list[Any]] | None:
    """Return the reader, or None when the instances are not numeric or NumPy is not installed."""
    return decode if numpy and Shape.of(Instance).is_numeric else None


def encoder() -> Callable[[list[Any]], bytes] | None:
    """Return the writer, or None when the predictions are not numeric or NumPy is not installed."""
    return encode if numpy and Shape.of(Prediction).is_numeric else None


def decode(body: bytes) -> list[Any]:
    """Return the instances.

    Raises:
        Problem: 400 not an array, or Python objects in it; 422 numbers of another kind or shape, or not finite.
    """
    try:
        array = _read(io.BytesIO(body))
    except Exception:  # a hostile header makes NumPy raise many things, SyntaxError and RecursionError among them
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is not a numeric array in .npy format.") from None
    try:
        return PredictionRequest.model_validate({"instances": array.tolist()}).instances
    except ValidationError as error:
        raise Problem.from_validation(error) from None


def encode(predictions: list[Any]) -> bytes:
    """Return the predictions as an array; raises ValidationError when one is not a `Prediction`."""
    file = io.BytesIO()
    numpy.save(file, numpy.array(checked(predictions)), allow_pickle=False)
    return file.getvalue()


def _read(file: io.BytesIO) -> Any:
    """Return the array; raises ValueError before memory is taken for one that the body does not hold."""
    version = numpy.lib.format.read_magic(file)
    read_header = {(1, 0): numpy.lib.format.read_array_header_1_0, (2, 0): numpy.lib.format.read_array_header_2_0}
    if version not in read_header:
        raise ValueError("unknown version")
    shape, _, dtype = read_header[version](file)
    size = file.getbuffer().nbytes - file.tell()
    if dtype.kind not in "fiu" or not shape or math.prod(shape) * dtype.itemsize != size:
        raise ValueError("not a numeric array of the length that it announces")
    file.seek(0)
    return numpy.lib.format.read_array(file, allow_pickle=False)
