"""What the cache needs inside a VPC: who may talk to whom, the ways to AWS, and the password of Redis, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mldeploy import Phase, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.compute import CACHE_SERVICES, has_address
from mldeploy_cache.names import SERVICES, cache_name, endpoint_name, inner_group_name

HTTPS = 443
REDIS = 6379


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The steps that put function and Redis into a VPC; `security_groups` are those of the function."""

    steps: tuple[Step, ...]
    subnets: list[str]
    security_groups: tuple[JSON, ...]
    inner_group: Ref
    """The group of what the function talks to: Redis and the interface endpoints."""


def network_of(release: Release) -> Network | None:
    """Return the network of a release; None when release.yaml names no VPC."""
    vpc = release.value("cache.vpc")
    if not vpc:
        return None
    stem = release.resource_name
    name = cache_name(stem)
    lookup = _step("mldeploy::Network", name, {"SubnetIds": vpc["subnets"]})
    outer = _group(name, "The function of the cache", lookup, [])
    callers = [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port} for port in (HTTPS, REDIS)]
    rules = [{**rule, "SourceSecurityGroupId": outer.ref("GroupId")} for rule in callers]
    inner = replace(
        _group(inner_group_name(stem), "What the function of the cache calls", lookup, rules),
        provides=CACHE_SERVICES.removeprefix("@"),
    )
    services = _services(release) if vpc["interfaceEndpoints"] else ()
    endpoints = [_endpoint(stem, service, lookup, inner, vpc["subnets"]) for service in services]
    return Network(
        steps=(lookup, outer, inner, *endpoints),
        subnets=vpc["subnets"],
        security_groups=(outer.ref("GroupId"), *vpc.get("securityGroups", [])),
        inner_group=inner.ref("GroupId"),
    )


def _services(release: Release) -> Iterator[str]:
    """Yield the AWS services that the function calls from inside the VPC."""
    runtime, passwords = SERVICES
    if not has_address(release):
        yield runtime
    if has_password(release):
        yield passwords


def has_password(release: Release) -> bool:
    """Return whether Redis asks for a password: ours does wherever TLS protects it."""
    bound = release.value("cache.redis")
    return bool(bound.get("secretArn")) if bound else bool(release.value("cache.tls"))


def _group(name: str, description: str, lookup: Step, rules: list[JSON]) -> Step:
    spec = {"GroupDescription": description, "VpcId": lookup.ref("VpcId"), "SecurityGroupIngress": rules}
    return _step("AWS::EC2::SecurityGroup", name, spec)


def _endpoint(stem: str, service: str, lookup: Step, inner: Step, subnets: list[str]) -> Step:
    spec = {
        "VpcId": lookup.ref("VpcId"),
        "ServiceName": service,
        "SubnetIds": subnets,
        "SecurityGroupIds": [inner.ref("GroupId")],
    }
    return _step("AWS::EC2::VPCEndpoint", endpoint_name(stem, service), spec)


def _step(kind: str, name: str, spec: JSON) -> Step:
    return Step(kind=kind, name=name, phase=Phase.PROVISION, spec=spec)
