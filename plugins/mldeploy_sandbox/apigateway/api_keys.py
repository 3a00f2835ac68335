"""API keys and the limits of usage plans and stages, as they are now.

An API key is checked after the authorizer: "After the Lambda authorizer logs, API Gateway verifies the usage plan"
(https://repost.aws/knowledge-center/api-gateway-logs), and a request with a bad key never reaches request validation
(localstack/localstack#11096).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.apigateway.exchange import Caller, Stage
from mldeploy_sandbox.apigateway.refusals import Kind, Refusal
from mldeploy_sandbox.apigateway.usage import Quota, Throttle, Usage

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.deployed import Method
    from mldeploy_sandbox.apigateway.exchange import Exchange
    from mldeploy_sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The limits that a usage plan sets for a key on a stage."""

    plan_id: str
    key_id: str
    throttle: Throttle | None
    method_throttles: Mapping[str, Throttle]
    quota: Quota | None


class ApiKeys:
    """Checks the key of a request and takes it from the limits."""

    def __init__(self, world: World, usage: Usage) -> None:
        self._world = world
        self._usage = usage

    def check(self, method: Method, exchange: Exchange, claims: Mapping[str, str]) -> Caller:
        """Return who calls; a request is counted when it passes.

        Raises:
            Refusal: INVALID_API_KEY, THROTTLED or QUOTA_EXCEEDED.
        """
        if not method.api_key_required:
            return Caller(claims=claims)
        value = exchange.header("x-api-key") or ""
        plan = self._plan(exchange.stage, value)
        if plan is None:
            raise Refusal(Kind.INVALID_API_KEY)
        name = f"{method.resource_path}/{method.http_method}"
        owner = (plan.plan_id, plan.key_id)
        if not self._usage.take_token(plan.method_throttles.get(name), *owner, name):
            raise Refusal(Kind.THROTTLED)
        if not self._usage.take_token(plan.throttle, *owner):
            raise Refusal(Kind.THROTTLED)
        if not self._usage.count(plan.quota, *owner):
            raise Refusal(Kind.QUOTA_EXCEEDED)
        return Caller(claims=claims, api_key=value, api_key_id=plan.key_id)

    def check_stage(self, method: Method, stage: Stage) -> None:
        """Take the request from the throttle of the method, or of all methods, of the stage.

        Raises:
            Refusal: THROTTLED.
        """
        name = f"{method.resource_path.replace('/', '~1')}/{method.http_method}"
        settings = stage.method_settings.get(name) or stage.method_settings.get("*/*") or {}
        throttle = _throttle({"rateLimit": settings.get("throttlingRateLimit"), **_burst(settings)})
        if not self._usage.take_token(throttle, stage.api_id, stage.name, name):
            raise Refusal(Kind.THROTTLED)

    def _plan(self, stage: Stage, value: str) -> Plan | None:
        with self._world.moto.lock:
            backend = self._world.backend("apigateway", stage.region)
            key_ids = [key.id for key in backend.keys.values() if key.value == value and _is_true(key.enabled)]
            for plan in backend.usage_plans.values():
                entries = [
                    entry for entry in plan.api_stages if (entry["apiId"], entry["stage"]) == (stage.api_id, stage.name)
                ]
                for key_id in key_ids:
                    if entries and key_id in backend.usage_plan_keys.get(plan.id, {}):
                        return _read_plan(plan, key_id, entries[0])
        return None


def _read_plan(plan: Any, key_id: str, entry: Mapping[str, Any]) -> Plan:
    quota = plan.quota
    return Plan(
        plan_id=plan.id,
        key_id=key_id,
        throttle=_throttle(plan.throttle),
        method_throttles={
            name: throttle
            for name, settings in (entry.get("throttle") or {}).items()
            if (throttle := _throttle(settings)) is not None
        },
        quota=Quota(limit=int(quota["limit"]), period=quota["period"], offset=int(quota.get("offset") or 0))
        if quota
        else None,
    )


def _throttle(settings: Mapping[str, Any]) -> Throttle | None:
    """Read a throttle; -1 switches it off."""
    rate = settings.get("rateLimit")
    if rate is None or float(rate) < 0:
        return None
    return Throttle(rate=float(rate), burst=float(settings.get("burstLimit") or rate))


def _burst(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"burstLimit": settings.get("throttlingBurstLimit")}


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
