"""The seam of the sandbox: operations that we answer ourselves instead of moto, and pages that are not AWS calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One AWS call after validation, in botocore's vocabulary (`service` as in `boto3.client(service)`)."""

    service: str
    operation: str
    params: dict[str, Any]
    region: str
    account_id: str


class AwsError(Exception):
    """An answer that AWS would give as an error; the front renders it in the protocol of the service."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.rule = ""
        """The id of the rule of the sandbox that was broken; see `rules`."""


Key = tuple[str, str]
"""Service and operation, such as ("lambda", "Invoke")."""

Operation = Callable[[Call], Mapping[str, Any]]
"""Answers a call with output parameters in botocore's vocabulary; blobs are bytes. Raises AwsError."""

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Gate:
    """Stands between the front and whoever answers. This one lets everything pass; others override what they need."""

    def before(self, call: Call) -> None:
        """Look at a call before it is answered.

        Raises:
            AwsError: it is refused.
        """

    def changes(self, key: Key) -> bool:  # noqa: ARG002 - for those who override it
        """Tell whether `after` wants to see the answers of an operation; most are passed on unread."""
        return False

    def after(self, call: Call, result: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - see `changes`
        """Return what the caller gets to see of a successful answer."""
        return result


class Plane(Protocol):
    """A part of the sandbox that answers for itself."""

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """(service, operation) → handler, for everything that must not reach moto."""

    def routes(self) -> Mapping[str, WsgiApp]:
        """Path prefix → WSGI application, for what is not an AWS API call (gateway data plane, JWKS, tokens).

        A segment `{word}` of the prefix stands for any one segment; the application sees the whole PATH_INFO.
        """

    def close(self) -> None:
        """Stop every child process and thread of this plane."""
