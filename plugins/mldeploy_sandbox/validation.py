"""Checks values against botocore's service models, as AWS does before an operation sees its input.

boto3 checks types and required members only; patterns, enums and ranges it leaves to the service
(https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html, `parameter_validation`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from mldeploy_sandbox.plane import AwsError

TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "short": (int,),
    "byte": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (datetime, str, int, float),
    "blob": (bytes, bytearray, str),
}

NUMBERS = frozenset({"integer", "long", "short", "byte", "float", "double"})

ERROR_CODES = {
    "apigateway": "BadRequestException",
    "cognito-idp": "InvalidParameterException",
    "ecr": "InvalidParameterException",
    "elasticache": "InvalidParameterValue",
    "logs": "InvalidParameterException",
    "sagemaker-runtime": "ValidationError",
}
"""How services name a violated constraint where it is not ValidationException (json) or ValidationError (query);
from the errors of their operations in botocore's models."""

QUERY_PROTOCOLS = {"query", "ec2"}
LONGEST_SHOWN = 200


def check_input(operation: Any, protocol: str, params: Mapping[str, Any]) -> None:
    """Refuse parameters that break a constraint of the operation's input.

    Raises:
        AwsError: worded and named as the service does.
    """
    shape = operation.input_shape
    service = operation.service_model.service_name
    if shape is None or service == "s3":
        return  # S3 has errors of its own for each parameter; moto knows them
    findings = list(violations(shape, dict(params), ""))
    if findings:
        default = "ValidationError" if protocol in QUERY_PROTOCOLS else "ValidationException"
        errors = "error" if len(findings) == 1 else "errors"
        message = f"{len(findings)} validation {errors} detected: {'; '.join(findings)}"
        raise AwsError(ERROR_CODES.get(service, default), message)


def violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with a value, in AWS's words."""
    if getattr(shape, "is_document_type", False):
        return
    if not _has_type(shape, value):
        yield _fails(value, path, f"Member must be of type {shape.type_name}")
    elif shape.type_name == "structure":
        yield from _structure(shape, value, path)
    elif shape.type_name == "list":
        yield from _size(shape, value, path, len(value))
        for index, item in enumerate(value, start=1):
            yield from violations(shape.member, item, f"{path}.{index}.member")
    elif shape.type_name == "map":
        yield from _size(shape, value, path, len(value))
        for key, item in value.items():
            yield from violations(shape.key, key, f"{path}.key")
            yield from violations(shape.value, item, f"{path}.{key}.member")
    elif shape.type_name == "string":
        yield from _string(shape, value, path)
    elif shape.type_name == "blob":
        yield from _size(shape, "<binary>", path, len(value))
    elif shape.type_name in NUMBERS:
        yield from _range(shape, value, path)


def _has_type(shape: Any, value: Any) -> bool:
    if isinstance(value, bool):
        return bool(shape.type_name == "boolean")
    return isinstance(value, TYPES.get(shape.type_name, (object,)))


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _fails(None, _join(path, name), "Member must not be null")
    for name, item in value.items():
        if name in shape.members and item is not None:
            yield from violations(shape.members[name], item, _join(path, name))


def _string(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield _fails(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    yield from _size(shape, value, path, len(value))
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _fails(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size(shape: Any, value: Any, path: str, size: int) -> Iterator[str]:
    if size < shape.metadata.get("min", 0):
        constraint = f"Member must have length greater than or equal to {shape.metadata['min']}"
        yield _fails(value, path, constraint)
    if size > shape.metadata.get("max", size):
        yield _fails(value, path, f"Member must have length less than or equal to {shape.metadata['max']}")


def _range(shape: Any, value: float, path: str) -> Iterator[str]:
    if value < shape.metadata.get("min", value):
        yield _fails(value, path, f"Member must have value greater than or equal to {shape.metadata['min']}")
    if value > shape.metadata.get("max", value):
        yield _fails(value, path, f"Member must have value less than or equal to {shape.metadata['max']}")


def _fails(value: Any, path: str, constraint: str) -> str:
    if value is None:
        shown = "null"
    else:
        text = str(value)
        shown = f"'{text[:LONGEST_SHOWN]}...'" if len(text) > LONGEST_SHOWN else f"'{text}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the service model; Java's Unicode classes (`\\p{L}`) are known to the package regex only.

    Pairs of surrogates stand for what lies beyond the first 65,536 characters.
    """
    wide = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    try:
        return re.compile(wide, re.DOTALL)
    except re.error:
        import regex  # noqa: PLC0415 - slow to import, and needed by few patterns

        compiled: re.Pattern[str] = regex.compile(wide, regex.DOTALL)
        return compiled
