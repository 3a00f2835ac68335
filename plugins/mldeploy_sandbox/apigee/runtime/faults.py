"""Faults: what goes wrong on the way of a request, by Apigee's own codes.

Sources: https://cloud.google.com/apigee/docs/api-platform/fundamentals/fault-handling (order of fault rules),
https://cloud.google.com/apigee/docs/api-platform/reference/policies/error-code-reference (codes and status)
"""

from __future__ import annotations

import json

from mldeploy_sandbox.apigee.runtime.messages import Message


class Fault(Exception):  # noqa: N818 - Apigee's word
    """Ends the normal flow.

    Arguments:
        code: such as `steps.jwt.TokenExpired`; its last part is the variable `fault.name`.
        message: what the caller sees instead of the usual JSON, as a RaiseFault policy or a target wants it.
    """

    def __init__(self, status: int, code: str, text: str, message: Message | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.status = status
        self.text = text
        self.message = message or _default(status, code, text)

    @property
    def name(self) -> str:
        """The variable `fault.name`."""
        return self.code.rpartition(".")[2]


def _default(status: int, code: str, text: str) -> Message:
    body = {"fault": {"faultstring": text, "detail": {"errorcode": code}}}
    return Message(status=status, headers=[("Content-Type", "application/json")], body=json.dumps(body).encode())
