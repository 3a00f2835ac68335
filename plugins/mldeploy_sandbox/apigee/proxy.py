"""From the XML of a bundle to a proxy that answers; what the stand-in does not know keeps it from being deployed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from mldeploy_sandbox.apigee.bundle import Bundle, is_true, text
from mldeploy_sandbox.apigee.endpoint_shapes import CONNECTION_PROPERTIES, PROXY_ENDPOINT, TARGET_ENDPOINT
from mldeploy_sandbox.apigee.policies import POLICIES
from mldeploy_sandbox.apigee.policies.settings import PolicyError
from mldeploy_sandbox.apigee.runtime.conditions import Condition, ConditionError, read_condition
from mldeploy_sandbox.apigee.runtime.endpoints import ProxyEndpoint, RouteRule, TargetEndpoint
from mldeploy_sandbox.apigee.runtime.flows import Endpoint, FaultRule, Flow, Policy, Step
from mldeploy_sandbox.apigee.runtime.targets import Connection

IO_MILLISECONDS = 55_000
CONNECT_MILLISECONDS = 3_000
"""https://cloud.google.com/apigee/docs/api-platform/reference/endpoint-properties-reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedProxy:
    """The proxy endpoints of a revision."""

    endpoints: Sequence[ProxyEndpoint]


def compile_proxy(bundle: Bundle, api: str, revision: str) -> tuple[DeployedProxy | None, list[str]]:
    """Return what answers for a revision, or why there is nothing."""
    compiler = _Compiler(bundle, f"{api} revision {revision}")
    endpoints = [compiler.proxy(proxy) for proxy in bundle.proxies.values()]
    if compiler.problems:
        return None, compiler.problems
    return DeployedProxy(endpoints=endpoints), []


class _Compiler:
    """Compiles one bundle and collects everything that is wrong with it."""

    def __init__(self, bundle: Bundle, subject: str) -> None:
        self._subject = subject
        self.problems: list[str] = []
        self._tolerant = {
            name: document.get("continueOnError", "false") == "true" for name, document in bundle.policies.items()
        }
        self._policies = {
            name: self._policy(name, document)
            for name, document in bundle.policies.items()
            if document.get("enabled", "true") != "false"
        }
        self._targets = {name: self._target(name, document) for name, document in bundle.targets.items()}

    def proxy(self, document: Element) -> ProxyEndpoint:
        """Compile a proxy endpoint."""
        where = f"proxy endpoint {document.get('name')}"
        self._check(where, PROXY_ENDPOINT.problems(document))
        routes = [
            RouteRule(
                condition=self._condition(where, text(rule, "Condition")), target=text(rule, "TargetEndpoint") or None
            )
            for rule in document.findall("RouteRule")
        ]
        afterwards = document.find("PostClientFlow")
        return ProxyEndpoint(
            base_path=text(document, "HTTPProxyConnection/BasePath"),
            endpoint=self._endpoint(where, document, backwards=True),
            afterwards=self._steps(where, afterwards.iter("Step") if afterwards is not None else ()),
            routes=routes,
            targets=self._targets,
        )

    def _target(self, name: str, document: Element) -> TargetEndpoint:
        where = f"target endpoint {name}"
        self._check(where, TARGET_ENDPOINT.problems(document))
        return TargetEndpoint(
            endpoint=self._endpoint(where, document, backwards=False), connection=self._connection(where, document)
        )

    def _connection(self, where: str, document: Element) -> Connection:
        properties = {
            item.get("name", ""): (item.text or "").strip()
            for item in document.findall("HTTPTargetConnection/Properties/Property")
        }
        unknown = properties.keys() - CONNECTION_PROPERTIES
        self._check(where, (f"the stand-in does not know the property {name}" for name in sorted(unknown)))
        server = document.find("HTTPTargetConnection/LoadBalancer/Server")
        success = properties.get("success.codes", "1xx,2xx,3xx")
        return Connection(
            url=text(document, "HTTPTargetConnection/URL"),
            server=server.get("name", "") if server is not None else "",
            path=text(document, "HTTPTargetConnection/Path"),
            connect_seconds=self._seconds(where, properties, "connect.timeout.millis", CONNECT_MILLISECONDS),
            io_seconds=self._seconds(where, properties, "io.timeout.millis", IO_MILLISECONDS),
            success=frozenset(code.strip()[:1] for code in success.split(",")),
        )

    def _seconds(self, where: str, properties: Mapping[str, str], name: str, default: int) -> float:
        text = properties.get(name, str(default))
        if not text.isdigit() or not int(text):
            self._check(where, [f"the property {name} is '{text}', not a number of milliseconds"])
            return 0.0
        return int(text) / 1000

    def _endpoint(self, where: str, document: Element, *, backwards: bool) -> Endpoint:
        rules = [self._fault_rule(where, rule) for rule in document.findall("FaultRules/FaultRule")]
        default = document.find("DefaultFaultRule")
        return Endpoint(
            pre=self._flow(where, document.find("PreFlow")),
            flows=[self._flow(where, flow) for flow in document.findall("Flows/Flow")],
            post=self._flow(where, document.find("PostFlow")),
            fault_rules=rules[::-1] if backwards else rules,
            default_rule=self._fault_rule(where, default) if default is not None else None,
            always=default is not None and is_true(default, "AlwaysEnforce"),
        )

    def _flow(self, where: str, document: Element | None) -> Flow:
        flow = document if document is not None else Element("Flow")
        return Flow(
            condition=self._condition(where, text(flow, "Condition")),
            request=self._steps(where, flow.findall("Request/Step")),
            response=self._steps(where, flow.findall("Response/Step")),
        )

    def _fault_rule(self, where: str, document: Element) -> FaultRule:
        return FaultRule(
            condition=self._condition(where, text(document, "Condition")),
            steps=self._steps(where, document.findall("Step")),
        )

    def _steps(self, where: str, documents: Iterable[Element]) -> list[Step]:
        """Compile steps; those of policies that are switched off or cannot be used fall away."""
        return [
            Step(
                policy=policy, condition=self._condition(where, text(step, "Condition")), tolerant=self._tolerant[name]
            )
            for step in documents
            if (policy := self._policies.get(name := text(step, "Name"))) is not None
        ]

    def _policy(self, name: str, document: Element) -> Policy | None:
        kind = POLICIES.get(document.tag)
        if kind is None:
            self._check(f"policy {name}", [f"the stand-in does not know policies of type {document.tag}"])
            return None
        problems = list(kind.SHAPE.problems(document))
        self._check(f"policy {name}", problems)
        if problems:
            return None
        try:
            return kind.from_xml(name, document)
        except PolicyError as error:
            self._check(f"policy {name}", [str(error)])
            return None

    def _condition(self, where: str, source: str) -> Condition:
        try:
            return read_condition(source)
        except ConditionError as error:
            self._check(where, [str(error)])
            return lambda _: False

    def _check(self, where: str, problems: Iterable[str]) -> None:
        self.problems += [f"{self._subject}: {where}: {problem}" for problem in problems]
