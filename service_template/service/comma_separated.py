"""CSV (RFC 4180): one instance or prediction per row.

A text or number is a row with one column, a list a row with its values, an object a row under a first row of names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from model_loader import Instance, Prediction
from service.messages import MAX_INSTANCES, PREDICTIONS, PredictionRequest, checked
from service.problems import Problem
from service.settings import MAX_BODY_BYTES
from service.shapes import NUMBERS, Shape

NUMERIC = re.compile(r"[0-9eE+. -]*")

csv.field_size_limit(MAX_BODY_BYTES)


def decoder() -> Callable[[bytes], list[Any]] | None:
    """Return the reader for this model's instances, or None when they do not fit into rows."""
    shape = Shape.of(Instance)
    if shape.is_cell:
        return lambda body: _validated([_only(number, row, shape) for number, row in enumerate(_rows(body))])
    if shape.is_row:
        return lambda body: _validated([_values(number, row, shape) for number, row in enumerate(_rows(body))])
    if shape.columns:
        return lambda body: _validated(_objects(_rows(body, MAX_INSTANCES + 1), shape))
    return None


def encoder() -> Callable[[list[Any]], bytes] | None:
    """Return the writer for this model's predictions, or None when they do not fit into rows."""
    shape = Shape.of(Prediction)
    if shape.is_cell:
        return lambda predictions: _write([[item] for item in _plain(predictions)])
    if shape.is_row:
        return lambda predictions: _write(_plain(predictions))
    if columns := shape.columns:
        return lambda predictions: _write(
            [list(columns), *([item[name] for name in columns] for item in _plain(predictions))]
        )
    return None


def _rows(body: bytes, limit: int = MAX_INSTANCES) -> list[list[str]]:
    """Return the rows that are not empty.

    Raises:
        Problem: 400 not CSV in UTF-8; 422 too many rows.
    """
    rows = []
    try:
        for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True):
            if row:
                rows.append(row)
            if len(rows) > limit:
                raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Send at most {MAX_INSTANCES} rows.")
    except (UnicodeDecodeError, csv.Error):
        raise Problem(HTTPStatus.BAD_REQUEST, "The body is not CSV in UTF-8.") from None
    return rows


def _only(number: int, row: list[str], shape: Shape) -> Any:
    """Return the value of a row with one column."""
    if len(row) != 1:
        raise _wrong_row(number, "More than one column; put quotes around commas.")
    return _cell(number, row[0], shape.kind)


def _values(number: int, row: list[str], shape: Shape) -> list[Any]:
    """Return the values of a row."""
    return _numbers(number, row, shape.items.kind) if shape.items.kind in NUMBERS else row


def _objects(rows: list[list[str]], shape: Shape) -> list[dict[str, Any]]:
    """Return one object per row under the first row, which has the names."""
    names, *values = rows or [[]]
    if len(set(names)) != len(names):
        raise Problem(HTTPStatus.BAD_REQUEST, "The first row has the same name twice.")
    kinds = [shape.columns.get(name, "") for name in names]
    objects = []
    for number, row in enumerate(values):
        if len(row) != len(names):
            raise _wrong_row(number, f"{len(names)} columns were expected.")
        cells = [_cell(number, text, kind) for text, kind in zip(row, kinds, strict=True)]
        objects.append(dict(zip(names, cells, strict=True)))
    return objects


def _cell(number: int, text: str, kind: str) -> Any:
    """Return the text, or the number that it is."""
    return _numbers(number, [text], kind)[0] if kind in NUMBERS else text


def _numbers(number: int, row: list[str], kind: str) -> list[float]:
    """Return the numbers of a row. Python's own conversion would also take "1_000", "nan" and digits of other scripts."""
    try:
        if NUMERIC.fullmatch("".join(row)):
            return list(map(int if kind == "integer" else float, row))
    except ValueError:
        pass
    raise _wrong_row(number, "A value is not a number.")


def _wrong_row(number: int, message: str) -> Problem:
    errors = [{"location": f"/instances/{number}", "message": message}]
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request does not have the expected shape.", errors)


def _validated(instances: list[Any]) -> list[Any]:
    """Return the instances as the types of the model; here, unlike in JSON, texts may become dates and the like."""
    try:
        return PredictionRequest.model_validate({"instances": instances}, strict=False).instances
    except ValidationError as error:
        raise Problem.from_validation(error) from None


def _plain(predictions: list[Any]) -> list[Any]:
    return list(PREDICTIONS.dump_python(checked(predictions), mode="json"))


def _write(rows: list[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
