"""The state of one request: messages, flow variables, and what its policies may ask of the environment.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/variables-reference
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.runtime.messages import Message

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.faults import Fault
    from mldeploy_sandbox.apigee.runtime.services import Services
    from mldeploy_sandbox.apigee.store import Deployment, Environment, Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a request goes: deployment, base path, and the rest of the path."""

    organization: Organization
    environment: Environment
    deployment: Deployment
    base_path: str
    suffix: str


class Context:
    """The variables of one request; names are as in conditions, templates and `ref` attributes."""

    def __init__(self, place: Place, request: Message, services: Services, client: str) -> None:
        self.place = place
        self.services = services
        self.request = request
        self.response: Message | None = None
        self.error: Message | None = None
        self.answered = False
        """Whether a policy has answered already, such as CORS a preflight request."""
        self.later_headers: list[tuple[str, str]] = []
        """What a policy of the request adds to a normal answer."""
        self._named: dict[str, Message] = {}
        now = str(int(services.clock.time() * 1000))
        self._variables: dict[str, str] = {
            "apiproxy.basepath": place.base_path,
            "apiproxy.name": place.deployment.api,
            "apiproxy.revision": place.deployment.revision,
            "client.ip": client,
            "client.received.start.timestamp": now,
            "client.scheme": "http",
            "environment.name": place.deployment.environment,
            "messageid": str(uuid.uuid4()),
            "organization.name": place.organization.name,
            "proxy.basepath": place.base_path,
            "proxy.client.ip": client,
            "proxy.pathsuffix": place.suffix,
            "target.copy.pathsuffix": "true",
            "target.copy.queryparams": "true",
        }

    @property
    def message(self) -> Message:
        """The message of the present flow: error, else response, else request."""
        return self.error or self.response or self.request

    def read(self, name: str) -> str | None:
        """Return a variable; None when it is not set."""
        if name in self._variables:
            return self._variables[name]
        if name in {"system.timestamp", "system.time"}:
            return str(int(self.services.clock.time() * 1000))
        owner, _, part = name.partition(".")
        message = self._messages().get(owner)
        return message.read(part) if message and part else None

    def write(self, name: str, value: str) -> None:
        """Set a variable, or a part of a message."""
        owner, _, part = name.partition(".")
        message = self._messages().get(owner)
        if message is None or not message.write(part, value):
            self._variables[name] = value

    def begin_error(self, fault: Fault) -> None:
        """Let a fault take the place of the response."""
        self.error = fault.message
        self._variables |= {"fault.name": fault.name, "error.message": fault.text, "is.error": "true"}

    def mark(self, moment: str) -> None:
        """Note the time of a moment such as `target.received.end`."""
        self._variables[f"{moment}.timestamp"] = str(int(self.services.clock.time() * 1000))

    def name_message(self, name: str, message: Message) -> None:
        """Keep a message that a policy has made or received as a variable."""
        self._named[name] = message

    def message_named(self, name: str) -> Message | None:
        """Return a message by name, one of the flow's own or one that a policy has made; None when there is none."""
        return self._messages().get(name)

    def choose(self, kind: str) -> Message:
        """Return the message that a policy means by `request`, `response` or nothing.

        In an error flow the response is the error.
        """
        if kind == "request":
            return self.request
        return self.message

    def _messages(self) -> dict[str, Message | None]:
        return {
            **self._named,
            "request": self.request,
            "response": self.error or self.response,
            "error": self.error,
            "message": self.message,
        }
