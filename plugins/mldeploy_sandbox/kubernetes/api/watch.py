"""Tells a client of changes, as a stream of JSON lines.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Change, Document, Store

BOOKMARK_SECONDS = 10.0
LONGEST_SECONDS = 1800.0
SLICE_SECONDS = 1.0

Selected = Callable[[Document], bool]
"""Tells whether an object is of interest: namespace, name and selectors of the request."""


def watch(store: Store, resource: Resource, selected: Selected, query: Mapping[str, str]) -> Iterator[bytes]:
    """Yield events until the time is over; without a version it starts with everything that exists."""
    deadline = time.monotonic() + float(query.get("timeoutSeconds") or LONGEST_SECONDS)
    bookmarks = query.get("allowWatchBookmarks") in {"true", "1"}
    started_at = query.get("resourceVersion", "")
    with store.lock:
        version = store.version if started_at in {"", "0"} else _number(started_at)
        first = store.select(resource) if started_at in {"", "0"} else []
    initial = query.get("sendInitialEvents") in {"true", "1"}
    if initial and not first:
        with store.lock:
            version, first = store.version, store.select(resource)
    for document in first:
        if selected(document):
            yield _line("ADDED", document)
    if initial:
        yield _bookmark(resource, version, {"k8s.io/initial-events-end": "true"})
    yield from _changes(store, resource, selected, version, deadline, bookmarks=bookmarks)


def _changes(
    store: Store, resource: Resource, selected: Selected, version: int, deadline: float, *, bookmarks: bool
) -> Iterator[bytes]:
    next_bookmark = time.monotonic() + BOOKMARK_SECONDS
    while time.monotonic() < deadline and not store.closed:
        store.wait(version, min(SLICE_SECONDS, max(deadline - time.monotonic(), 0)))
        try:
            with store.lock:
                changes, reached = store.changes_after(resource, version), store.version
        except ApiError as error:
            yield _line("ERROR", error.status())
            return
        version = max(version, reached)
        for change in changes:
            yield from _event(change, selected)
        if bookmarks and time.monotonic() > next_bookmark:
            next_bookmark = time.monotonic() + BOOKMARK_SECONDS
            yield _bookmark(resource, version, {})
        else:
            yield b""  # lets the server notice that the client is gone
    if bookmarks and not store.closed:
        yield _bookmark(resource, version, {})


def _event(change: Change, selected: Selected) -> Iterator[bytes]:
    """Tell of one change as a selector sees it: what comes to match was added, what no longer does was deleted."""
    was = change.old is not None and selected(change.old)
    is_now = change.new is not None and selected(change.new)
    if was or is_now:
        yield _line("MODIFIED" if was and is_now else "ADDED" if is_now else "DELETED", change.last)


def _number(version: str) -> int:
    try:
        return int(version)
    except ValueError as error:
        message = f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax'
        raise ApiError(400, "BadRequest", message) from error


def _bookmark(resource: Resource, version: int, annotations: dict[str, str]) -> bytes:
    metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    metadata |= {"annotations": annotations} if annotations else {}
    return _line("BOOKMARK", {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata})


def _line(kind: str, document: Mapping[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": document}, separators=(",", ":")).encode() + b"\n"
