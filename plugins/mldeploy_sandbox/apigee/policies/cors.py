"""CORS: answers preflight requests, and lets web pages read answers.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/cors-policy. Headers are added to normal
answers only: those of faults have what fault rules put there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import is_true, text
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.runtime.messages import Message
from mldeploy_sandbox.apigee.runtime.templates import UnresolvedVariable, render
from mldeploy_sandbox.apigee.shapes import TEXT, Shape, policy

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """The policy's settings are templates."""

    SHAPE: ClassVar[Shape] = policy(
        AllowOrigins=TEXT,
        AllowMethods=TEXT,
        AllowHeaders=TEXT,
        ExposeHeaders=TEXT,
        MaxAge=TEXT,
        AllowCredentials=TEXT,
        GeneratePreflightResponse=TEXT,
        IgnoreUnresolvedVariables=TEXT,
    )
    name: str
    origins: str
    methods: str
    headers: str
    exposed: str
    max_age: str
    credentials: bool
    preflight: bool
    lenient: bool

    @classmethod
    def from_xml(cls, name: str, document: Element) -> Cors:
        """Read the policy."""
        return cls(
            name=name,
            origins=text(document, "AllowOrigins"),
            methods=text(document, "AllowMethods"),
            headers=text(document, "AllowHeaders"),
            exposed=text(document, "ExposeHeaders"),
            max_age=text(document, "MaxAge"),
            credentials=is_true(document, "AllowCredentials"),
            preflight=is_true(document, "GeneratePreflightResponse", default=True),
            lenient=is_true(document, "IgnoreUnresolvedVariables"),
        )

    def run(self, context: Context) -> None:
        """Answer a preflight request; note the headers of another one's answer.

        Raises:
            Fault: UnresolvedVariable.
        """
        request = context.request
        origin = request.headers.get("Origin")
        asks = request.verb == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if origin is None:
            return
        allowed = self._allowed(origin, context)
        if asks and self.preflight:
            headers = self._preflight_headers(allowed, context) if allowed else []
            context.response, context.answered = Message(status=200, headers=headers), True
        elif allowed:
            exposed = [("Access-Control-Expose-Headers", self._value(self.exposed, context))] if self.exposed else []
            context.later_headers += [*self._origin_headers(allowed), *exposed]

    def _allowed(self, origin: str, context: Context) -> str:
        """Return the origin that an answer names; empty for one that is not allowed."""
        origins = [item.strip() for item in self._value(self.origins, context).split(",")]
        if "*" in origins:
            return "*"
        return origin if origin in origins else ""

    def _origin_headers(self, allowed: str) -> list[tuple[str, str]]:
        headers = [("Access-Control-Allow-Origin", allowed)]
        return [*headers, ("Access-Control-Allow-Credentials", "true")] if self.credentials else headers

    def _preflight_headers(self, allowed: str, context: Context) -> list[tuple[str, str]]:
        values = {
            "Access-Control-Allow-Methods": self.methods,
            "Access-Control-Allow-Headers": self.headers,
            "Access-Control-Max-Age": "" if self.max_age == "-1" else self.max_age,
        }
        given = [(name, self._value(value, context)) for name, value in values.items() if value]
        return [*self._origin_headers(allowed), *given]

    def _value(self, template: str, context: Context) -> str:
        try:
            return render(template, context, lenient=self.lenient)
        except UnresolvedVariable as error:
            reason = f"CORS[{self.name}]: unable to resolve variable {error}"
            raise Fault(500, "steps.cors.UnresolvedVariable", reason) from error
