"""Requests and answers, and how API Gateway and Lambda write them down.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
(input and output format of a Lambda function for proxy integration, payload format 1.0).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
TEXT_TYPES = re.compile(r"text/|[^;]*[/+](json|xml|csv|javascript)\b")
SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""SageMaker's InferenceId holds 64 characters."""


class UnreadableError(Exception):
    """The event is not a request that can be passed on; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One prediction that somebody asks for; `scope` tells callers apart that must not share answers."""

    body: bytes
    content_type: str
    accept: str
    variant: str
    scope: str
    request_id: str
    cache_control: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller gets."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an error as application/problem+json (RFC 9457)."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Answer(status=status, body=json.dumps(document).encode(), content_type=PROBLEM_TYPE, headers=headers or {})


def read_request(event: Mapping[str, Any], invocation_id: str) -> Request:
    """Return the request of a proxy event; any other event is itself the JSON body of a direct invocation.

    Raises:
        UnreadableError: the body is not the base64 that the event declares, or a header is not ASCII.
    """
    if "requestContext" not in event:
        body, headers, context = json.dumps(event).encode(), {}, {}
    else:
        body = _body(event)
        headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
        context = event["requestContext"]
    return Request(
        body=body,
        content_type=_header(headers, "content-type", JSON_TYPE),
        accept=_header(headers, "accept", "*/*"),
        variant=_header(headers, "x-amzn-sagemaker-target-variant", ""),
        scope=_scope(context),
        request_id=_request_id(headers.get("x-request-id", ""), context.get("requestId", ""), invocation_id),
        cache_control=frozenset(part.strip().lower() for part in headers.get("cache-control", "").split(",")),
    )


def write_answer(answer: Answer) -> dict[str, Any]:
    """Return an answer in the form that a proxy integration expects."""
    text = TEXT_TYPES.match(answer.content_type.lower()) is not None
    return {
        "statusCode": answer.status,
        "headers": {"Content-Type": answer.content_type, **answer.headers},
        "body": answer.body.decode(errors="replace") if text else base64.b64encode(answer.body).decode(),
        "isBase64Encoded": not text,
    }


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        message = "the body is not valid base64"
        raise UnreadableError(message) from error


def _header(headers: Mapping[str, str], name: str, default: str) -> str:
    text = headers.get(name, default).strip()
    if not text.isascii():
        message = f"the header {name} has characters other than ASCII"
        raise UnreadableError(message)
    return text


def _scope(context: Mapping[str, Any]) -> str:
    """Return who calls: the token's client, else the API key."""
    claims = (context.get("authorizer") or {}).get("claims") or {}
    identity = context.get("identity") or {}
    return str(claims.get("client_id") or claims.get("sub") or identity.get("apiKeyId") or "")


def _request_id(*candidates: str) -> str:
    """Return the first id that is harmless in headers and logs."""
    return next((text for text in candidates if SAFE_ID.fullmatch(text)), "")
