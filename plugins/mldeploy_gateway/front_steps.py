"""What may stand in front of the stage: a web ACL, and a domain of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mldeploy import Phase, Ref, Release, Step
from mldeploy.model import JSON

SECURITY_POLICY = "TLS_1_2"
"""The newest that every client of today speaks (API Gateway developer guide, "Choose a minimum TLS version")."""


def front_steps(release: Release, stage: Step) -> Iterator[Step]:
    """Describe the web ACL and the domain of a release, where it has them."""
    web_acl, domain = release.value("expose.waf"), release.value("expose.domain")
    if web_acl:
        spec = {"ResourceArn": stage.ref("StageArn"), "WebACLArn": web_acl}
        yield _step("AWS::WAFv2::WebACLAssociation", release.resource_name, spec)
    if domain:
        yield from _domain_steps(domain, stage)


def _domain_steps(domain: Mapping[str, JSON], stage: Step) -> Iterator[Step]:
    """Describe the domain, unless it is somebody else's, and what of it leads here."""
    certificate, place = domain.get("certificateArn"), domain["name"]
    if certificate:
        spec = {
            "RegionalCertificateArn": certificate,
            "SecurityPolicy": SECURITY_POLICY,
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
        }
        named = _step("AWS::ApiGateway::DomainName", domain["name"], spec)
        yield named
        place = named.ref(Ref.NAME)
    target = {"RestApiId": stage.ref("RestApiId"), "Stage": stage.ref(Ref.NAME)}
    name = "/".join(filter(None, [domain["name"], domain["basePath"]]))
    yield _step(
        "AWS::ApiGateway::BasePathMapping", name, {"DomainName": place, "BasePath": domain["basePath"], **target}
    )


def _step(kind: str, name: str, spec: JSON) -> Step:
    return Step(kind=kind, name=name, phase=Phase.EXPOSE, spec=spec)
