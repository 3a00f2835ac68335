"""Answers of a Kubernetes API server that are refusals, and what to make of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mldeploy.errors import CredentialsError, DeployError, RefusedError

CONFLICT = "FieldManagerConflict"
"""The reason of a cause in the answer to an apply that would take fields from another manager."""


class ApiError(Exception):
    """The API server refused a request with a Status object (Kubernetes API conventions, "Response Status Kind")."""

    def __init__(self, code: int, status: dict[str, Any]) -> None:
        super().__init__(str(status.get("message") or f"HTTP {code}"))
        self.code = code
        self.reason = str(status.get("reason", ""))
        self.causes: list[dict[str, Any]] = (status.get("details") or {}).get("causes") or []

    @property
    def conflicts(self) -> list[str]:
        """What other managers own, in the server's words; empty for other refusals."""
        return [f"{cause['field']}: {cause['message']}" for cause in self.causes if cause.get("reason") == CONFLICT]


class UnreachableError(DeployError):
    """The API server gave no answer, or none that can be read."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Let refusals out of the block as errors with a fix.

    Raises:
        CredentialsError: the server does not know who we are.
        RefusedError: somebody else owns what we would change.
        DeployError: everything else.
    """
    try:
        yield
    except ApiError as error:
        raise _from_status(error, doing) from error


def _from_status(error: ApiError, doing: str) -> DeployError | CredentialsError | RefusedError:
    message = f"Kubernetes refuses {doing}: {error}"
    if error.code == 401:
        hint = "give this identity an access entry: `aws eks create-access-entry`, or log in anew"
        return CredentialsError(message, hint=hint)
    if error.conflicts:
        hint = (
            "undo that change, or take the field back: `mldeploy render | kubectl apply --server-side "
            "--field-manager=mldeploy --force-conflicts -f -`"
        )
        return RefusedError(message, hint=hint, details=tuple(error.conflicts))
    return DeployError(message, hint=_fix(error))


def _fix(error: ApiError) -> str:
    return next((fix for code, text, fix in FIXES if code == error.code and text in str(error)), OTHER_FIX)


OTHER_FIX = "run again; `kubectl get events` may tell more"
FIXES = (
    (403, "exceeded quota", "the namespace's ResourceQuota is used up: `kubectl describe resourcequota` shows by what"),
    (403, "PodSecurity", "the namespace asks for another Pod Security level: `kubectl get namespace --show-labels`"),
    (403, "is being terminated", "the namespace is going away; wait until it is gone, then run again"),
    (403, "", "bind a Role with this verb and resource to your identity; `mldeploy doctor` prints one"),
    (404, "", "the namespace or the kind is missing; `mldeploy doctor` says which"),
    (422, "", "the cluster's version does not take this object; `mldeploy render` prints it"),
)
"""Status code, words of the message, and what to try; the first that fits counts."""
