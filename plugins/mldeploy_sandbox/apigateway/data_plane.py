"""The way of a request through a deployed API.

Order: resource and method, authorizer, resource policy, API key and usage plan (see `api_keys`), stage throttle,
request validator, integration. Stage settings, keys and plans are read as they are now, everything else as it was
deployed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigateway.access_log import write_access_log
from mldeploy_sandbox.apigateway.api_keys import ApiKeys
from mldeploy_sandbox.apigateway.authorization import Authorization
from mldeploy_sandbox.apigateway.backend import Backend
from mldeploy_sandbox.apigateway.exchange import Caller, Exchange, Stage, read_exchange
from mldeploy_sandbox.apigateway.expressions import Scope
from mldeploy_sandbox.apigateway.lambda_proxy import LambdaProxy
from mldeploy_sandbox.apigateway.mapped import MappedIntegrations
from mldeploy_sandbox.apigateway.refusals import Kind, Refusal, word
from mldeploy_sandbox.apigateway.request_validation import validate_request
from mldeploy_sandbox.apigateway.source_address import check_policy
from mldeploy_sandbox.cognito_keys import PoolKeys

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.deployed import DeployedApi, Match
    from mldeploy_sandbox.apigateway.snapshots import Snapshots
    from mldeploy_sandbox.apigateway.usage import Usage
    from mldeploy_sandbox.world import World

log = logging.getLogger(__name__)

MARK = "_user_request_"
MAX_BODY_BYTES = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html."""


class DataPlane:
    """Serves /restapis/{api}/{stage}/_user_request_/{path} for all APIs of a sandbox."""

    def __init__(self, world: World, snapshots: Snapshots, usage: Usage) -> None:
        self._world = world
        self._snapshots = snapshots
        self._backend = Backend(world)
        self._authorization = Authorization(world, PoolKeys(world.folder))
        self._api_keys = ApiKeys(world, usage)
        self._lambda_proxy = LambdaProxy(world, self._backend)
        self._mapped = MappedIntegrations(world, self._backend)

    def close(self) -> None:
        """Let go of connections."""
        self._backend.close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        request.max_content_length = MAX_BODY_BYTES
        _, api_id, stage_name, _, *rest = request.path.strip("/").split("/")
        found = self._find(api_id, stage_name)
        if found is None:
            headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", "ForbiddenException")]
            return Answer(status=403, headers=headers, body=b'{"message":"Forbidden"}').send(start_response)
        return self._serve(request, *found, path="/" + "/".join(rest)).send(start_response)

    def _find(self, api_id: str, stage_name: str) -> tuple[Stage, DeployedApi] | None:
        from moto.backends import get_backend  # noqa: PLC0415 - an API's URL does not tell its region

        with self._world.moto.lock:
            for region, backend in get_backend("apigateway")[self._world.account_id].items():
                api = backend.apis.get(api_id)
                stage = api.stages.get(stage_name) if api else None
                if api is not None and stage is not None and stage.deployment_id is not None:
                    return _stage(api, stage, region), self._snapshots.find(api, stage.deployment_id)
        return None

    def _serve(self, request: Request, stage: Stage, api: DeployedApi, path: str) -> Answer:
        caller = Caller()
        match: Match | None = None
        try:
            body, too_large = request.get_data(), False
        except RequestEntityTooLarge:
            body, too_large = b"", True
        exchange = read_exchange(request, stage, api, path, body)
        try:
            if too_large:
                raise Refusal(Kind.REQUEST_TOO_LARGE)
            match = api.match(exchange.http_method, exchange.path)
            if match is None or match.method.integration is None:
                raise Refusal(Kind.MISSING_AUTHENTICATION_TOKEN)
            caller = self._admit(match, exchange)
            answer = self._integrate(match, exchange, caller)
        except Refusal as refusal:
            log.info("%s %s: %s %s", exchange.http_method, exchange.path, refusal.kind.name, refusal.reason)
            answer = word(refusal, api, _scope(match, exchange, caller))
        return self._finish(answer, match, exchange, caller)

    def _admit(self, match: Match, exchange: Exchange) -> Caller:
        """Ask for token, origin and key, and check the request; see the order above."""
        claims = self._authorization.claims(match.method, exchange)
        if exchange.api.policy is not None:
            check_policy(exchange.api.policy, exchange)
        caller = self._api_keys.check(match.method, exchange, claims)
        self._api_keys.check_stage(match.method, exchange.stage)
        validate_request(match, exchange)
        return caller

    def _integrate(self, match: Match, exchange: Exchange, caller: Caller) -> Answer:
        integration = match.method.integration
        assert integration is not None  # noqa: S101 - checked when the method was found
        if integration.kind == "AWS_PROXY":
            return self._lambda_proxy.answer(match, integration, exchange, caller)
        scope = _scope(match, exchange, caller)
        if integration.kind == "AWS":
            return self._mapped.aws(integration, exchange, scope)
        if integration.kind == "HTTP":
            return self._mapped.http(integration, exchange, scope)
        if integration.kind == "MOCK":
            return self._mapped.mock(integration, exchange, scope)
        reason = f"the sandbox has no {integration.kind} integrations"
        raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=reason)

    def _finish(self, answer: Answer, match: Match | None, exchange: Exchange, caller: Caller) -> Answer:
        """Add the gateway's headers and write the access log."""
        own = [("x-amzn-RequestId", exchange.request_id), ("x-amz-apigw-id", exchange.extended_request_id)]
        more = {"status": str(answer.status), "responseLength": str(len(answer.body))}
        write_access_log(self._world, exchange.stage, _scope(match, exchange, caller).with_context(**more))
        return Answer(status=answer.status, headers=[*answer.headers, *own], body=answer.body)


def _stage(api: Any, stage: Any, region: str) -> Stage:
    return Stage(
        api_id=api.id,
        region=region,
        account_id=api.account_id,
        name=stage.name,
        deployment_id=stage.deployment_id,
        variables=dict(stage.variables or {}),
        method_settings={name: dict(settings) for name, settings in stage.method_settings.items()},
        access_log=dict(stage.access_log_settings or {}),
    )


def _scope(match: Match | None, exchange: Exchange, caller: Caller) -> Scope:
    return Scope(
        context=exchange.context(match.method if match else None, caller),
        stage_variables=exchange.stage.variables,
        method_request={
            "header": exchange.headers,
            "querystring": {name: values[-1] for name, values in exchange.query.items()},
            "path": match.path_parameters if match else {},
        },
        body=exchange.body.decode(errors="replace"),
    )
