"""The way of a request through a proxy: its endpoint, a route, a target and back.

Source: https://cloud.google.com/apigee/docs/api-platform/fundamentals/what-are-flows
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.runtime.flows import Endpoint, Step, handle, run, run_request, run_response
from mldeploy_sandbox.apigee.runtime.messages import Message

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.conditions import Condition
    from mldeploy_sandbox.apigee.runtime.context import Context
    from mldeploy_sandbox.apigee.runtime.targets import Connection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """Which target a request goes to; None answers without one."""

    condition: Condition
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEndpoint:
    """A backend and what happens before and after it."""

    endpoint: Endpoint
    connection: Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyEndpoint:
    """What answers below a base path; `afterwards` runs when the caller has the answer (`PostClientFlow`)."""

    base_path: str
    endpoint: Endpoint
    afterwards: Sequence[Step]
    routes: Sequence[RouteRule]
    targets: Mapping[str, TargetEndpoint]

    def answer(self, context: Context, refusal: Fault | None = None) -> Message:
        """Take a request through; whatever happens, there is an answer.

        Arguments:
            refusal: what was wrong with the request before the first policy saw it.
        """
        try:
            if refusal is not None:
                raise refusal
            self._pass(context)
        except Fault as fault:
            handle(self.endpoint, fault, context)
        return context.message

    def finish(self, context: Context) -> None:
        """Do what comes after the answer."""
        context.mark("client.sent.end")
        try:
            run(self.afterwards, context)
        except Fault as fault:
            log.warning("%s: after the answer: %s", self.base_path, fault)

    def _pass(self, context: Context) -> None:
        run_request(self.endpoint, context)
        target = None if context.answered else self._target(context)
        if target is not None:
            try:
                _call(target, context)
            except Fault as fault:
                handle(target.endpoint, fault, context)
                return
        if context.response is None:
            context.response = Message(status=200)
        if not context.answered:
            run_response(self.endpoint, context)
        for name, value in context.later_headers:
            context.response.headers.set(name, value)

    def _target(self, context: Context) -> TargetEndpoint | None:
        for route in self.routes:
            if route.condition(context):
                return self.targets[route.target] if route.target else None
        return None


def _call(target: TargetEndpoint, context: Context) -> None:
    run_request(target.endpoint, context)
    if context.answered:
        return
    context.mark("target.sent.start")
    response = context.services.targets.call(target.connection, context)
    context.mark("target.received.end")
    if str(response.status)[0] not in target.connection.success:
        text = f"Received {response.status} Response from target"
        raise Fault(response.status, "messaging.adaptors.http.flow.ErrorResponseCode", text, response)
    context.response = response
    run_response(target.endpoint, context)
