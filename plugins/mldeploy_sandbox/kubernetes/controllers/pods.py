"""Facts about pods that several controllers need."""

from __future__ import annotations

from datetime import UTC, datetime

from mldeploy_sandbox.kubernetes.controllers.access import is_going
from mldeploy_sandbox.kubernetes.store import Document

ENDED = ("Failed", "Succeeded")


def is_active(pod: Document) -> bool:
    """Tell whether a pod counts as a replica."""
    return not is_going(pod) and pod.get("status", {}).get("phase") not in ENDED


def is_ready(pod: Document) -> bool:
    """Tell whether a pod takes requests."""
    return any(
        each["type"] == "Ready" and each["status"] == "True" for each in pod.get("status", {}).get("conditions", ())
    )


def is_available(pod: Document, min_ready_seconds: int) -> bool:
    """Tell whether a pod has been ready for long enough."""
    since = next((each for each in pod.get("status", {}).get("conditions", ()) if each["type"] == "Ready"), None)
    if since is None or since["status"] != "True":
        return False
    return min_ready_seconds == 0 or seconds_since(since["lastTransitionTime"]) >= min_ready_seconds


def seconds_since(time: str) -> float:
    """Return how long ago a time of an object was."""
    return (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
