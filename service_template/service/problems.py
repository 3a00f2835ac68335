"""Errors as application/problem+json (RFC 9457). They say what is wrong and where, and never repeat the input."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from pydantic import ValidationError
    from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100
"""Findings that are listed; a hostile body can have a million."""

RETRY_AFTER = {"retry-after": "1"}


class Problem(Exception):
    """An answer other than 2xx.

    `errors` are findings about single values: `{"location": "/instances/0", "message": "..."}`.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = int(status)
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    @classmethod
    def busy(cls, detail: str) -> Problem:
        """Return a 503 that invites to come back."""
        return cls(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY_AFTER)

    def body(self) -> bytes:
        """Return the problem document."""
        document: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = self.errors
        return json.dumps(document).encode()

    def response(self) -> Response:
        """Return the problem as a response."""
        return Response(self.body(), self.status, self.headers, MEDIA_TYPE)

    @classmethod
    def from_validation(cls, error: ValidationError, prefix: str = "") -> Problem:
        """Turn what pydantic found into 400 (not JSON) or 422 (JSON of another shape).

        `prefix` is a JSON pointer to what was validated, when that is a part of the body.
        """
        shape = cls(HTTPStatus.UNPROCESSABLE_ENTITY, "The request does not have the expected shape.")
        if error.error_count() > MAX_ERRORS:
            shape.detail += f" It has more than {MAX_ERRORS} mistakes."
            return shape
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            return cls(HTTPStatus.BAD_REQUEST, found[0]["msg"])
        shape.errors = [
            {"location": prefix + _pointer(item["type"], item["loc"]), "message": item["msg"]} for item in found
        ]
        return shape


def _pointer(kind: str, location: tuple[int | str, ...]) -> str:
    """Return a JSON pointer; the name of an unknown key is input and is left out."""
    keys = location[:-1] if kind == "extra_forbidden" else location
    return "".join(f"/{key}" for key in keys)


async def answer_problem(_request: Request, problem: Problem) -> Response:
    """Answer a `Problem`; registered as exception handler."""
    return problem.response()


async def answer_http_exception(_request: Request, error: HTTPException) -> Response:
    """Answer what the framework itself refuses (unknown path, wrong method) in the same shape."""
    return Problem(error.status_code, str(error.detail), headers=error.headers).response()
