"""Checks moto's answers against botocore's service models and mends what breaks strict clients."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.client_side import read_answer
from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.protocols import Route
from mldeploy_sandbox.validation import violations

log = logging.getLogger(__name__)


def mended(route: Route, answer: Answer) -> Answer:
    """Drop empty structures that the model gives required members, such as `DataCaptureConfig: {}`.

    Strict clients refuse them: the SageMaker SDK 3 builds pydantic models from every structure of an answer.
    """
    shape = route.operation.output_shape
    is_plain = "json" in route.protocol and shape is not None and "payload" not in shape.serialization
    if answer.status >= 300 or not is_plain:
        return answer
    try:
        document = json.loads(answer.body)
    except ValueError:
        return answer
    if not isinstance(document, dict) or not _prune(shape, document):
        return answer
    return Answer(status=answer.status, headers=answer.headers, body=json.dumps(document).encode())


def error_code(call: Call, answer: Answer) -> str:
    """Return AWS's code of an answer that is an error, else an empty string."""
    if answer.status < 300:
        return ""
    try:
        read_answer(call, answer)
    except AwsError as error:
        return error.code
    return str(answer.status)


def report(route: Route, call: Call, answer: Answer) -> None:
    """Log what an answer has that the service model does not allow; clients still get it."""
    shape = route.operation.output_shape
    if shape is None:
        return
    try:
        findings = list(violations(shape, read_answer(call, answer), ""))
    except (AwsError, ValueError, KeyError, TypeError) as error:
        findings = [f"cannot be parsed: {error}"]
    for finding in findings:
        log.info("answer of %s:%s: %s", call.service, call.operation, finding)


def _prune(shape: Any, value: Any) -> bool:
    """Remove hollow members in place, innermost last; tell whether something was removed."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return _prune_structure(shape, value)
    if shape.type_name == "list" and isinstance(value, list):
        return _prune_items(shape.member, value)
    if shape.type_name == "map" and isinstance(value, dict):
        return _prune_items(shape.value, value.values())
    return False


def _prune_items(shape: Any, items: Iterable[Any]) -> bool:
    changed = False
    for item in items:
        changed = _prune(shape, item) or changed
    return changed


def _prune_structure(shape: Any, value: dict[str, Any]) -> bool:
    changed = False
    for name, member in shape.members.items():
        key = member.serialization.get("name", name)
        if key not in value:
            continue
        hollow = value[key] is None or (
            value[key] == {} and member.type_name == "structure" and len(member.required_members) > 0
        )
        if hollow and name not in shape.required_members:
            del value[key]
            changed = True
        else:
            changed = _prune(member, value[key]) or changed
    return changed
