"""Lists: which objects a request asks for, and how many at a time.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

import base64
import json
from typing import Any

from werkzeug.wrappers import Request

from mldeploy_sandbox.kubernetes.api.requests import Target
from mldeploy_sandbox.kubernetes.api.watch import Selected
from mldeploy_sandbox.kubernetes.selectors import matches_fields, matches_text
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Document


def selection(request: Request, target: Target) -> Selected:
    """Return what tells whether an object is asked for: by place and by the selectors of the query.

    Raises:
        ApiError: a selector cannot be read (400).
    """
    labels, fields = request.args.get("labelSelector", ""), request.args.get("fieldSelector", "")
    matches_text(labels, {})
    matches_fields(fields, {}) if fields else None

    def selected(document: Document) -> bool:
        metadata = document["metadata"]
        return (
            target.namespace in {"", metadata.get("namespace")}
            and target.name in {"", metadata["name"]}
            and matches_text(labels, metadata.get("labels") or {})
            and (not fields or matches_fields(fields, document))
        )

    return selected


def page(request: Request, target: Target, items: list[Document], version: int) -> Document:
    """Return a list, or the part of it that `limit` and `continue` ask for."""
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    first = 0
    if request.args.get("continue"):
        first, metadata["resourceVersion"] = _read_continuation(request.args["continue"])
    limit = int(request.args.get("limit") or 0)
    chosen = items[first : first + limit] if limit else items[first:]
    if limit and first + limit < len(items):
        token = json.dumps({"start": first + limit, "rv": metadata["resourceVersion"]})
        metadata["continue"] = base64.urlsafe_b64encode(token.encode()).decode()
        metadata["remainingItemCount"] = len(items) - first - limit
    resource = target.resource
    bare = [{key: value for key, value in each.items() if key not in {"kind", "apiVersion"}} for each in chosen]
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": chosen if resource.custom else bare,
    }


def _read_continuation(token: str) -> tuple[int, str]:
    try:
        document = json.loads(base64.urlsafe_b64decode(token))
        return int(document["start"]), str(document["rv"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"continue key is not valid: {error}"
        raise ApiError(400, "BadRequest", message) from error
