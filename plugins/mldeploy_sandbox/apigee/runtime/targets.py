"""Calls of backends.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/endpoint-properties-reference (times),
https://cloud.google.com/apigee/docs/api-platform/troubleshoot/runtime/504-gateway-timeout and its neighbours (codes)
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import urllib3

from mldeploy_sandbox.apigee.runtime.faults import Fault
from mldeploy_sandbox.apigee.runtime.messages import Message

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.context import Context
    from mldeploy_sandbox.apigee.store import Document

HOP_BY_HOP = {
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
"""What is between two neighbours only (https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1), and what is made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The HTTPTargetConnection of a target endpoint.

    - `url`: where to go, or empty: to `server` and `path`.
    - `success`: first digits of the status codes that are no fault.
    """

    url: str
    server: str
    path: str
    connect_seconds: float
    io_seconds: float
    success: frozenset[str]


class Targets:
    """Calls backends; thread-safe."""

    def __init__(self) -> None:
        checked = ssl.create_default_context()
        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        self._pools = {
            True: urllib3.PoolManager(retries=False, ssl_context=checked),
            False: urllib3.PoolManager(retries=False, ssl_context=unchecked),
        }

    def close(self) -> None:
        """Let go of connections."""
        for pool in self._pools.values():
            pool.clear()

    def call(self, connection: Connection, context: Context) -> Message:
        """Return the backend's answer, whatever its status.

        Raises:
            Fault: there is none.
        """
        url, verified = _address(connection, context)
        return self.send(
            context.request,
            url,
            verified=verified,
            connect_seconds=connection.connect_seconds,
            io_seconds=connection.io_seconds,
        )

    def send(self, request: Message, url: str, *, verified: bool, connect_seconds: float, io_seconds: float) -> Message:
        """Send a message and return the answer, whatever its status.

        Arguments:
            verified: whether the certificate has to be good.

        Raises:
            Fault: there is none.
        """
        headers = urllib3.HTTPHeaderDict()
        for name, value in request.headers:
            if name.lower() not in HOP_BY_HOP:
                headers.add(name, value)
        try:
            response = self._pools[verified].request(
                request.verb,
                url,
                body=request.body or None,
                headers=headers,
                timeout=urllib3.Timeout(connect=connect_seconds, read=io_seconds),
                redirect=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise _fault(error) from error
        kept = [(name, value) for name, value in response.headers.items() if name.lower() not in HOP_BY_HOP]
        return Message(status=response.status, headers=kept, body=response.data)


def _address(connection: Connection, context: Context) -> tuple[str, bool]:
    """Return the URL of the backend, and whether its certificate has to be good."""
    base, verified = connection.url, True
    if not base:
        server = context.place.environment.target_servers.get(connection.server)
        if server is None or not server.get("isEnabled", True):
            text = "The Service is temporarily unavailable"
            raise Fault(503, "messaging.adaptors.http.flow.NoActiveTargets", text)
        base, verified = _base(server), _verifies(server.get("sSLInfo", {}))
    base = base.rstrip("/") + connection.path.rstrip("/")
    if context.read("target.copy.pathsuffix") == "true":
        base += context.place.suffix
    query = context.request.query
    if query and context.read("target.copy.queryparams") == "true":
        base += "?" + urlencode(list(query.items(multi=True)))
    return base, verified


def _base(server: Document) -> str:
    secure = server.get("sSLInfo", {}).get("enabled", False)
    return f"{'https' if secure else 'http'}://{server['host']}:{server['port']}"


def _verifies(information: Mapping[str, object]) -> bool:
    """Tell whether a backend must show a good certificate: when it is enforced, or a trust store is named.

    Source: https://cloud.google.com/apigee/docs/api-platform/system-administration/options-configuring-tls
    """
    enforced = bool(information.get("enforce")) or bool(information.get("trustStore"))
    return enforced and not information.get("ignoreValidationErrors", False)


def _fault(error: urllib3.exceptions.HTTPError) -> Fault:
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return Fault(504, "messaging.adaptors.http.flow.GatewayTimeout", "Gateway Timeout")
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return Fault(502, "messaging.adaptors.http.UnexpectedEOFAtTarget", "Unexpected EOF at target")
    if isinstance(error, urllib3.exceptions.SSLError):
        text = "SSL Handshake failed"
        return Fault(503, "messaging.adaptors.http.flow.SslHandshakeFailed", f"{text} {error}")
    return Fault(503, "messaging.adaptors.http.flow.ServiceUnavailable", "The Service is temporarily unavailable")
