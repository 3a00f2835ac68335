"""The proxy endpoint: what callers talk to. It asks for credentials in the order in which API Gateway does."""

from __future__ import annotations

from dataclasses import dataclass

from mldeploy.gateway_policy import GatewayPolicy
from mldeploy.model import JSON
from mldeploy_apigee.bundle import access, headers, problems
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

    - `operations`: what callers can do, in the order of the OpenAPI document that the origin imports.
    - `scopes`: one of them must be in a token, as tokens carry them.
    - `issuer`: None when no token is asked for.
    - `log`: the policy that writes the access log, or None.
    """

    policy: GatewayPolicy
    operations: tuple[Operation, ...]
    base_path: str
    issuer: Issuer | None
    scopes: tuple[str, ...]
    threats: Threats
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
        return proxy_rules(answer_headers(self.policy))

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
        policy, found = self.policy, []
        if policy.cors is not None:
            found.append(Use(policy=headers.cors(policy.cors)))
        if policy.token is not None and self.issuer is not None:
            found.append(Use(policy=access.verify_token(policy.token, self.issuer)))
            lacks = [access.has_no_end(), access.lacks_scope(self.scopes)]
            lacks += [access.is_of_others(self.issuer)] if self.issuer.is_own else []
            found += [_raising("RF-Token", problems.UNAUTHORIZED, condition=condition) for condition in lacks]
        if policy.asks_for_key:
            found.append(Use(policy=access.verify_key()))
        found.append(Use(policy=access.spike_arrest(policy.rate, has_key=policy.asks_for_key)))
        if policy.quota is not None:
            found.append(Use(policy=access.quota(policy.quota)))
        return found

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
