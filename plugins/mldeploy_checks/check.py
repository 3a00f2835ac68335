"""The base of all checks: sends requests through the door `caller` and fails with the last log lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from mldeploy import Context, MldeployError, Task, VerifyError
from mldeploy.doors import Answer, Caller
from mldeploy.model import JSON

LOG_LINES = 20
LOG_SECONDS = 120.0
SHOWN_BODY = 300


class Check(Task):
    """A task with a caller."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def caller(self) -> Caller:
        """What sends requests as a client would."""
        found: Caller = self.context.provider("caller")
        return found

    def send(self, request: Mapping[str, JSON], credentials: Mapping[str, str]) -> Answer:
        """Send the request of a check with these credentials."""
        body = request["body"]
        content = body if isinstance(body, str) else json.dumps(body)
        headers = {"content-type": request.get("contentType") or "application/json", **credentials}
        return self.caller.send(content.encode(), headers)

    def failure(self, message: str) -> VerifyError:
        """Return the error of a failed check, with what the deployed parts printed last."""
        hint = f"`mldeploy logs --env {self.context.env}` shows all lines"
        return VerifyError(message, hint=hint, details=self._last_lines())

    def _last_lines(self) -> tuple[str, ...]:
        try:
            source: Any = self.context.provider("logs")
            lines = list(source.lines(since_seconds=LOG_SECONDS, follow=False))
        except MldeployError as error:
            return (f"the logs cannot be read: {error.message}",)
        return tuple(f"{line.source} {line.text}" for line in islice(lines, max(0, len(lines) - LOG_LINES), None))


def shown(answer: Answer) -> str:
    """Return an answer in one line."""
    text = answer.body.decode(errors="replace").strip()
    return f"{answer.status} {text if len(text) <= SHOWN_BODY else text[:SHOWN_BODY] + '…'}"
