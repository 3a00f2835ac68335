"""The proxy endpoint: what callers talk to. It asks for credentials in the order in which API Gateway does."""

from __future__ import annotations

from dataclasses import dataclass

from mldeploy.gateway_policy import GatewayPolicy, Introspection, TokenPolicy
from mldeploy.model import JSON
from mldeploy_apigee.bundle import access, headers, introspection, problems
from mldeploy_apigee.bundle.access import Issuer
from mldeploy_apigee.bundle.faults import proxy_rules
from mldeploy_apigee.bundle.flows import Flow, Rule, Use
from mldeploy_apigee.bundle.operations import on_path, suffix, there_is
from mldeploy_apigee.bundle.tree import element
from mldeploy_gateway.openapi import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Threats:
    """The limits of what a JSON body may nest."""

    container_depth: int
    entry_count: int
    name_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyEndpoint:
    """Everything that stands before the service.

    - `api`: the name of the proxy.
    - `operations`: what callers can do, in the order of the OpenAPI document that the origin imports.
    - `scopes`: one of them must be in a signed token, as it carries them.
    - `issuer`: None when no signature is checked.
    - `key_value_map`: the name of the map that holds what the proxy shows others; may be a ref.
    - `log`: the policy that writes the access log, or None.
    """

    api: str
    policy: GatewayPolicy
    operations: tuple[Operation, ...]
    base_path: str
    issuer: Issuer | None
    scopes: tuple[str, ...]
    threats: Threats
    key_value_map: JSON
    log: JSON

    def flows(self) -> list[Flow]:
        """Return the flows in the order in which they are tried: operations, other methods of their paths, the rest."""
        paths = dict.fromkeys(operation.path for operation in self.operations)
        missing = _raising("RF-Path", there_is(self.operations, problems.NOT_FOUND))
        return [
            *(self._operation(operation) for operation in self.operations),
            *(self._other_methods(path) for path in paths),
            Flow(name="other", request=(missing,)),
        ]

    def pre_flow(self) -> Flow:
        """Return who may come in, and how often."""
        return Flow(name="PreFlow", request=tuple(self._admission()))

    def post_flow(self) -> Flow:
        """Return what every answer of the service gets."""
        return Flow(name="PostFlow", response=answer_headers(self.policy))

    def rules(self) -> tuple[Rule, ...]:
        """Return what becomes of faults."""
        token = self.policy.token
        return proxy_rules(
            answer_headers(self.policy), introspects=token is not None and token.introspection is not None
        )

    def tree(self) -> JSON:
        """Return the endpoint."""
        log = [element("PostClientFlow", element("Response", Use(policy=self.log).step()))] if self.log else []
        *rules, default = self.rules()
        return element(
            "ProxyEndpoint",
            self.pre_flow().tree(),
            element("Flows", *(flow.tree() for flow in self.flows())),
            self.post_flow().tree(),
            *log,
            element("FaultRules", *(rule.tree() for rule in rules)),
            default.tree(),
            element("HTTPProxyConnection", element("BasePath", self.base_path)),
            element("RouteRule", element("TargetEndpoint", "default"), name="default"),
            name="default",
        )

    def _admission(self) -> list[Use]:
        """Return the checks of callers: of tokens first, unless each costs a call that only keys and rates limit."""
        policy = self.policy
        cors = [Use(policy=headers.cors(policy.cors))] if policy.cors is not None else []
        key = [Use(policy=access.verify_key())] if policy.asks_for_key else []
        rate = Use(policy=access.spike_arrest(policy.rate, has_key=policy.asks_for_key))
        quota = [Use(policy=access.quota(policy.quota))] if policy.quota is not None else []
        if policy.token is not None and policy.token.introspection is not None:
            return [*cors, *key, rate, *self._introspection(policy.token, policy.token.introspection), *quota]
        return [*cors, *self._signature(), *key, rate, *quota]

    def _signature(self) -> list[Use]:
        token, issuer = self.policy.token, self.issuer
        if token is None or issuer is None:
            return []
        lacks = [access.has_no_end(), access.lacks_scope(self.scopes)]
        lacks += [access.is_of_others(issuer)] if issuer.is_own else []
        refusals = [_raising("RF-Token", problems.UNAUTHORIZED, condition=condition) for condition in lacks]
        return [Use(policy=access.verify_token(token, issuer)), *refusals]

    def _introspection(self, token: TokenPolicy, wanted: Introspection) -> tuple[Use, ...]:
        return introspection.checks(token, wanted, api=self.api, key_value_map=self.key_value_map)

    def _operation(self, operation: Operation) -> Flow:
        """Return the flow of an operation, with the checks of a body that it takes."""
        condition = f'({on_path(operation.path)}) and (request.verb = "{operation.method}")'
        return Flow(name=operation.name, condition=condition, request=self._body_checks() if operation.has_body else ())

    def _other_methods(self, path: str) -> Flow:
        """Return the flow of what a path does not have."""
        methods = ", ".join(operation.method for operation in self.operations if operation.path == path)
        problem = there_is(self.operations, problems.NOT_ALLOWED)
        refusal = _raising(f"RF-Method{suffix(path)}", problem, Allow=methods)
        return Flow(name=f"other-methods{suffix(path)}", condition=on_path(path), request=(refusal,))

    def _body_checks(self) -> tuple[Use, ...]:
        """Return the checks of size and shape; without a length, a body would get in unmeasured."""
        length, threats = "request.header.content-length", self.threats
        nested = access.body_threats(threats.container_depth, threats.entry_count, threats.name_length)
        return (
            _raising("RF-Length", problems.LENGTH_REQUIRED, condition=f"{length} = null"),
            _raising("RF-Size", problems.TOO_LARGE, condition=f"{length} > {self.policy.max_body_bytes}"),
            Use(policy=nested, condition="request.content != null"),
        )


def answer_headers(policy: GatewayPolicy) -> tuple[Use, ...]:
    """Return the policies that put headers on every answer, the gateway's own refusals included."""
    constant, cors = dict(policy.answer_headers), policy.cors
    if cors is None or len(cors.origins) == 1:
        return (Use(policy=headers.answer_headers(constant)),)
    del constant["Access-Control-Allow-Origin"]
    page = Use(policy=headers.page_header(), condition=headers.is_one_of(cors.origins))
    return (Use(policy=headers.answer_headers(constant)), page)


def _raising(name: str, problem: problems.Problem, condition: JSON = "", **fields: str) -> Use:
    return Use(policy=problems.raise_fault(name, problem, **fields), condition=condition)
