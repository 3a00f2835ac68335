"""The data plane's door: which proxy a request is for, by its hostname and base path.

Source: https://cloud.google.com/apigee/docs/api-platform/fundamentals/environments-overview#environment-groups (the
longest base path wins)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigee.runtime.context import Context, Place
from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.runtime.messages import Message

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.rollout import Rollout
    from mldeploy_sandbox.apigee.runtime.endpoints import ProxyEndpoint
    from mldeploy_sandbox.apigee.runtime.services import Services
    from mldeploy_sandbox.apigee.store import Organization

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 10 * 1024 * 1024
"""Message payload size: 10 MB (https://cloud.google.com/apigee/docs/api-platform/reference/limits)."""

DROPPED = {"connection", "content-length", "date", "server", "transfer-encoding"}
"""What our own server says for itself."""


class Router:
    """Answers requests by what is deployed now."""

    def __init__(self, services: Services, rollout: Rollout) -> None:
        self._services = services
        self._rollout = rollout

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        request.max_content_length = MAX_BODY_BYTES
        uri = str(environ.get("REQUEST_URI") or request.full_path.rstrip("?"))
        body, refusal = _body(request)
        message = Message(verb=request.method, uri=uri, headers=list(request.headers), body=body)
        found = self._find(request.host, message.path)
        if found is None:
            text = f"Unable to identify proxy for host: {request.host} and url: {message.path}"
            fault = Fault(404, "messaging.adaptors.http.flow.ApplicationNotFound", text)
            return _send(fault.message, request, start_response)
        place, proxy = found
        context = Context(place, message, self._services, request.remote_addr or "")
        answer = _answer(proxy, context, refusal)
        log.info("%s %s: %d", request.method, message.path, answer.status)
        sent = _send(answer, request, start_response)
        proxy.finish(context)
        return sent

    def _find(self, host: str, path: str) -> tuple[Place, ProxyEndpoint] | None:
        """Return the proxy with the longest base path; of two with the same one, the older."""
        store = self._services.store
        with store.lock:
            offers = [
                offer
                for organization in store.organizations.values()
                for offer in self._offers(organization, path)
                if offer[0].deployment.environment in _environments(organization, host)
            ]
        return min(offers, key=lambda offer: (-len(offer[0].base_path), offer[0].deployment.since), default=None)

    def _offers(self, organization: Organization, path: str) -> Iterable[tuple[Place, ProxyEndpoint]]:
        for deployment in self._rollout.serving(organization):
            for proxy in deployment.proxy.endpoints if deployment.proxy else ():
                base = proxy.base_path.rstrip("/")
                if path == base or path.startswith(f"{base}/"):
                    place = Place(
                        organization=organization,
                        environment=organization.environments[deployment.environment],
                        deployment=deployment,
                        base_path=proxy.base_path,
                        suffix=path[len(base) :],
                    )
                    yield place, proxy


def _answer(proxy: ProxyEndpoint, context: Context, refusal: Fault | None) -> Message:
    """Return the proxy's answer; a failure of the stand-in itself says so."""
    try:
        return proxy.answer(context, refusal)
    except Exception as error:
        log.exception("%s failed", context.place.base_path)
        text = f"the stand-in failed: {type(error).__name__}: {error}"
        return Fault(500, "messaging.runtime.InternalError", text).message


def _body(request: Request) -> tuple[bytes, Fault | None]:
    """Return the body, or the fault of one that is too large."""
    try:
        return request.get_data(), None
    except RequestEntityTooLarge:
        return b"", Fault(413, "protocol.http.TooBigBody", "Body buffer overflow")


def _environments(organization: Organization, host: str) -> set[str]:
    """Return the environments that a hostname leads to; a port in it counts only where a group names one."""
    return {
        attached["environment"]
        for group in organization.groups.values()
        if {host, host.partition(":")[0]} & set(group.document["hostnames"])
        for attached in group.attachments.values()
    }


def _send(message: Message, request: Request, start_response: Callable[..., Any]) -> Iterable[bytes]:
    headers = [(name, value) for name, value in message.headers if name.lower() not in DROPPED]
    body = b"" if request.method == "HEAD" else message.body
    return Answer(status=message.status, headers=headers, body=body).send(start_response)
