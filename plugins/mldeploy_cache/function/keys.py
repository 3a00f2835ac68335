"""The key of a stored answer: equal requests to the same release by callers who may share answers."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mldeploy_cache.function.messages import Request


def cache_key(release: str, request: Request) -> bytes:
    """Return the Redis key of a request's answer; the release in front keeps namespaces apart for the eye."""
    parts = [release, request.variant, request.content_type.lower(), request.accept.lower(), request.scope]
    digest = hashlib.sha256(json.dumps(parts).encode())
    digest.update(b"\n" + canonical(request))
    return f"mldeploy:{release}:{digest.hexdigest()}".encode()


def canonical(request: Request) -> bytes:
    """Return the same bytes for JSON bodies that differ only in spaces, key order and spelling of strings and floats.

    1 and 1.0 stay distinct: a strict service takes one for an integer and refuses the other. Bodies that parsers may
    read differently (repeated keys) or not at all stand for themselves.
    """
    if "json" not in request.content_type.lower():
        return b"raw:" + request.body
    try:
        data = json.loads(request.body, object_pairs_hook=_without_repeated_keys)
        return b"json:" + json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return b"raw:" + request.body


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "repeated key"
        raise ValueError(message)
    return found
