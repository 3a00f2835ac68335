"""JSON lines: one instance or prediction per line."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import ConfigDict, RootModel, ValidationError

from model_loader import Instance
from service.messages import MAX_INSTANCES, PREDICTIONS, checked, refuse_duplicate_keys
from service.problems import Problem


class Line(RootModel[Instance]):
    """One line of a request."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


def decode(body: bytes) -> list[Any]:
    """Return the instances; empty lines are skipped.

    Raises:
        Problem: 400 or 422; locations begin with the number of the line, from 0.
    """
    lines = [line for line in body.split(b"\n", MAX_INSTANCES + 1) if line.strip()]
    if not 0 < len(lines) <= MAX_INSTANCES:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Send between 1 and {MAX_INSTANCES} lines.")
    return [_decode_line(number, line) for number, line in enumerate(lines)]


def encode(predictions: list[Any]) -> bytes:
    """Return one line per prediction; raises ValidationError when one is not a `Prediction`."""
    return b"".join(encode_line(prediction) for prediction in predictions)


def encode_line(prediction: Any) -> bytes:
    """Return one prediction as a line; raises ValidationError when it is not a `Prediction`."""
    return PREDICTIONS.dump_json(checked([prediction]))[1:-1] + b"\n"


def _decode_line(number: int, line: bytes) -> Any:
    try:
        instance = Line.model_validate_json(line).root
    except ValidationError as error:
        raise Problem.from_validation(error, prefix=f"/{number}") from None
    refuse_duplicate_keys(line)
    return instance
