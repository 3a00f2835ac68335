"""One request on its way through the gateway, and what the gateway knows about it ($context)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from mldeploy_sandbox.apigateway.deployed import DeployedApi, Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage as it is now: settings of stages take effect without a deployment."""

    api_id: str
    region: str
    account_id: str
    name: str
    deployment_id: str
    variables: Mapping[str, str]
    method_settings: Mapping[str, Mapping[str, Any]]
    access_log: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What authorizer and usage plan found out; a missing part is None or empty."""

    claims: Mapping[str, Any] = field(default_factory=dict)
    api_key: str | None = None
    api_key_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request that found its stage.

    `path` is below the stage and begins with a slash; header names are as WSGI gives them.
    """

    stage: Stage
    api: DeployedApi
    http_method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, tuple[str, ...]]
    body: bytes
    source_ip: str
    host: str
    protocol: str
    received: datetime
    request_id: str
    extended_request_id: str

    def header(self, name: str) -> str | None:
        """Return a header, whatever the case of its name."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str:
        """The content type without parameters; API Gateway assumes JSON."""
        return (self.header("Content-Type") or "application/json").split(";")[0].strip().lower()

    def context(self, method: Method | None, caller: Caller) -> dict[str, Any]:
        """Return the request context of payload format 1.0, which also feeds $context.

        Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
        """
        context: dict[str, Any] = {
            "accountId": self.stage.account_id,
            "apiId": self.stage.api_id,
            "deploymentId": self.stage.deployment_id,
            "domainName": f"{self.stage.api_id}.execute-api.{self.stage.region}.amazonaws.com",
            "domainPrefix": self.stage.api_id,
            "extendedRequestId": self.extended_request_id,
            "httpMethod": self.http_method,
            "identity": self._identity(caller),
            "path": f"/{self.stage.name}{self.path}",
            "protocol": self.protocol,
            "requestId": self.request_id,
            "requestTime": f"{self.received:%d/%b/%Y:%H:%M:%S} +0000",
            "requestTimeEpoch": int(self.received.timestamp() * 1000),
            "stage": self.stage.name,
        }
        if method is not None:
            context |= {"resourceId": method.resource_id, "resourcePath": method.resource_path}
        if caller.claims:
            context["authorizer"] = {"claims": dict(caller.claims)}
        return context

    def _identity(self, caller: Caller) -> dict[str, str | None]:
        keys = {} if caller.api_key is None else {"apiKey": caller.api_key, "apiKeyId": caller.api_key_id}
        empty = ("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType")
        more = ("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn")
        found: dict[str, str | None] = dict.fromkeys((*empty, *more))
        return {**found, **keys, "sourceIp": self.source_ip, "userAgent": self.header("User-Agent")}


def read_exchange(request: Request, stage: Stage, api: DeployedApi, path: str, body: bytes) -> Exchange:
    """Take over a request."""
    return Exchange(
        stage=stage,
        api=api,
        http_method=request.method,
        path=quote(path, safe="/%:@!$&'()*+,;=~"),
        headers=dict(request.headers.items()),
        query={name: tuple(values) for name, values in request.args.lists()},
        body=body,
        source_ip=request.remote_addr or "127.0.0.1",
        host=request.host,
        protocol=str(request.environ.get("SERVER_PROTOCOL", "HTTP/1.1")),
        received=datetime.now(UTC),
        request_id=str(uuid.uuid4()),
        extended_request_id=uuid.uuid4().hex[:15] + "=",
    )
