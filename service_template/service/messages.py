"""The bodies of request and response as JSON: checked strictly, and written."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import ConfigDict, Field, RootModel, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator

from model_loader import Instance, Prediction
from service.contract import StrictModel
from service.problems import Problem

MAX_INSTANCES = 1000
SMALL_BYTES = 65_536
"""Bodies up to this size are parsed in the event loop: it takes less than a millisecond."""

Instances = Annotated[list[Instance], Field(min_length=1, max_length=MAX_INSTANCES)]


class PredictionRequest(StrictModel):
    """What a caller sends."""

    instances: Instances


class PlainRequest(RootModel[Instances]):
    """The same without the name: only the list."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    @property
    def instances(self) -> list[Any]:
        """The list."""
        return self.root


class PredictionResponse(StrictModel):
    """What a caller gets: one prediction per instance, in the same order."""

    predictions: list[Prediction]


PREDICTIONS = TypeAdapter(list[Prediction], config=ConfigDict(strict=True, allow_inf_nan=False))
"""The list in a PredictionResponse. Making a whole one for every answer would take twice as long."""


class DuplicateKeyError(ValueError):
    """An object of the body names a key twice; readers disagree on which one counts."""


def parse_json(body: bytes) -> list[Any]:
    """Return the instances of `{"instances": [...]}` or `[...]`.

    Raises:
        Problem: 400, not JSON; 422, JSON of another shape.
    """
    kind = PlainRequest if body.lstrip(b" \t\r\n").startswith(b"[") else PredictionRequest
    try:
        request = (_USUAL if len(body) <= SMALL_BYTES else _HASTY)[kind].validate_json(body)
    except ValidationError as error:
        raise Problem.from_validation(error) from None
    refuse_duplicate_keys(body)
    instances: list[Any] = request.instances
    return instances


def refuse_duplicate_keys(body: bytes) -> None:
    """Refuse JSON in which an object names a key twice; the body must be valid JSON.

    Raises:
        Problem: 400.
    """
    if body.count(b":") < 2:  # one colon is one key at most
        return
    try:
        json.loads(body, object_pairs_hook=_object, parse_int=str, parse_float=str)
    except DuplicateKeyError:
        raise Problem(HTTPStatus.BAD_REQUEST, "An object of the body has the same key twice.") from None


def encode_json(predictions: list[Any]) -> bytes:
    """Return the response body, a `PredictionResponse`.

    Raises:
        ValidationError: a prediction is not a `Prediction`.
    """
    return b'{"predictions":%b}' % PREDICTIONS.serializer.to_json(checked(predictions))


def checked(predictions: list[Any]) -> list[Any]:
    """Return the predictions; raises ValidationError when one is not a `Prediction`."""
    valid: list[Any] = PREDICTIONS.validator.validate_python(predictions, strict=True)
    return valid


def _object(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise DuplicateKeyError


def _hasty(schema: Any) -> Any:
    """Return a pydantic schema that stops at the first mistake in a list.

    A large body can hold a million mistakes, and collecting them holds up all other requests for seconds.
    """
    if isinstance(schema, dict):
        hasty = {key: _hasty(value) for key, value in schema.items()}
        return hasty | {"fail_fast": True} if schema.get("type") in ("list", "tuple", "set", "frozenset") else hasty
    return [_hasty(part) for part in schema] if isinstance(schema, list) else schema


_KINDS: tuple[type[PredictionRequest | PlainRequest], ...] = (PredictionRequest, PlainRequest)
_USUAL = {kind: SchemaValidator(kind.__pydantic_core_schema__) for kind in _KINDS}
_HASTY = {kind: SchemaValidator(_hasty(kind.__pydantic_core_schema__)) for kind in _KINDS}
