"""Calls from the gateway to AWS services, over the sandbox's own front: signed, pooled, cut when time is over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from mldeploy_sandbox.apigateway.refusals import Kind, Refusal
from mldeploy_sandbox.identity import SECRET_ACCESS_KEY, WORKLOAD_KEY_ID

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

SERVICE_URI = re.compile(
    r"arn:aws[a-z-]*:apigateway:(?P<region>[a-z0-9-]+):(?:[a-z0-9-]+\.)?(?P<service>[a-z0-9-]+):path/(?P<path>.*)"
)
"""`[subdomain.]service:path/…`
(https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html#apigw-Type-Integration-uri)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCall:
    """What is to be called: the service's signing name, its region and a path that begins with a slash."""

    service: str
    region: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def parse_uri(uri: str) -> ServiceCall:
    """Read the URI of an integration.

    Raises:
        Refusal: API_CONFIGURATION_ERROR.
    """
    match = SERVICE_URI.fullmatch(uri)
    if match is None:
        raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=f"the sandbox cannot call {uri}")
    path = "/" + match["path"].lstrip("/")
    return ServiceCall(service=match["service"], region=match["region"], path=path)


class Backend:
    """A client for all integrations of a sandbox; used by many threads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pool = urllib3.PoolManager(maxsize=64, retries=False)
        self._credentials = Credentials(WORKLOAD_KEY_ID, SECRET_ACCESS_KEY)

    def post(
        self, call: ServiceCall, headers: Mapping[str, str], body: bytes, seconds: float, *, method: str = "POST"
    ) -> ServiceAnswer:
        """Call the service and wait for its whole answer.

        Raises:
            Refusal: INTEGRATION_TIMEOUT after `seconds`; the service may go on working. INTEGRATION_FAILURE.
        """
        request = AWSRequest(method=method, url=self._world.base_url + call.path, data=body, headers=dict(headers))
        SigV4Auth(self._credentials, call.service, call.region).add_auth(request)
        return self.fetch(request.url, dict(request.headers.items()), body, seconds, method=method)

    def fetch(
        self, url: str, headers: Mapping[str, str], body: bytes, seconds: float, *, method: str = "POST"
    ) -> ServiceAnswer:
        """Ask an address and wait for its whole answer.

        Raises:
            Refusal: as `post`.
        """
        try:
            response = self._pool.request(method, url, body=body, headers=dict(headers), timeout=seconds)
        except urllib3.exceptions.TimeoutError as error:
            raise Refusal(Kind.INTEGRATION_TIMEOUT) from error
        except urllib3.exceptions.HTTPError as error:
            raise Refusal(Kind.INTEGRATION_FAILURE, reason=str(error)) from error
        return ServiceAnswer(status=response.status, headers=dict(response.headers.items()), body=response.data)

    def close(self) -> None:
        """Close idle connections."""
        self._pool.clear()
