"""Events as API Gateway sends them, and answers as a client sees them."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from mldeploy_cache.function import handler
from mldeploy_cache.function.handler import Serving

CONTEXT = SimpleNamespace(aws_request_id="invocation-1")


def event(body: object, *, client: str = "client-a", **headers: str) -> dict[str, Any]:
    """Return a proxy event of payload format 1.0; a str or bytes body is sent as it is."""
    raw = body if isinstance(body, bytes) else None
    text = body if isinstance(body, str) else json.dumps(body) if raw is None else base64.b64encode(raw).decode()
    return {
        "resource": "/predict",
        "path": "/predict",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
        "queryStringParameters": None,
        "body": text,
        "isBase64Encoded": raw is not None,
        "requestContext": {
            "requestId": "gateway-1",
            "identity": {"apiKeyId": "key-1"},
            "authorizer": {"claims": {"client_id": client, "token_use": "access"}},
        },
    }


def call(function: Serving, sent: dict[str, Any]) -> dict[str, Any]:
    """Invoke a container of the function through its handler; the body is parsed if it is JSON."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handler, "_serving", lambda: function)
        answer = handler.handle(sent, CONTEXT)
    assert json.loads(json.dumps(answer)) == answer, "Lambda could not pass this answer on"
    if "json" in answer["headers"]["Content-Type"]:
        answer["body"] = json.loads(answer["body"])
    return answer


def cache_of(answer: dict[str, Any]) -> str:
    """Return how the cache took part."""
    return str(answer["headers"]["X-Cache"])
