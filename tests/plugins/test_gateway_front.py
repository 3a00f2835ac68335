"""A web ACL and a domain of one's own in front of the stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mldeploy.errors import RefusedError
from mldeploy_sandbox import client
from tests.plugins.exposed_release import ExposedRelease

DOMAIN = "api.example.com"
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"
OTHER_CERTIFICATE = CERTIFICATE.replace("0a1b", "9f8e")
ACL = "AWS::WAFv2::WebACLAssociation/probe-local"
NAME = f"AWS::ApiGateway::DomainName/{DOMAIN}"
MAPPING = f"AWS::ApiGateway::BasePathMapping/{DOMAIN}/sentiment"


def config(**expose: Any) -> dict[str, Any]:
    return {"expose": {"gateway": "api-gateway", "auth": {"jwt": False}, **expose}}


def domain(**more: Any) -> dict[str, Any]:
    return {"domain": {"name": DOMAIN, "basePath": "sentiment", "certificateArn": CERTIFICATE, **more}}


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExposedRelease]:
    project = ExposedRelease(tmp_path_factory.mktemp("front"))
    yield project
    project.close()


@pytest.fixture(autouse=True)
def plain(exposed: ExposedRelease) -> None:
    exposed.deployment(config()).run()


def web_acl(exposed: ExposedRelease, name: str) -> str:
    """Make a web ACL and return its ARN."""
    made = exposed.sandbox.client("wafv2").create_web_acl(
        Name=name,
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name},
    )
    arn: str = made["Summary"]["ARN"]
    return arn


def stage_of(exposed: ExposedRelease) -> dict[str, Any]:
    aws = exposed.sandbox.client("apigateway")
    (api,) = aws.get_rest_apis()["items"]
    found: dict[str, Any] = aws.get_stage(restApiId=api["id"], stageName="local")
    return {**found, "restApiId": api["id"]}


def mapping_of(exposed: ExposedRelease) -> dict[str, Any]:
    aws = exposed.sandbox.client("apigateway")
    found: dict[str, Any] = aws.get_base_path_mapping(domainName=DOMAIN, basePath="sentiment")
    return found


@pytest.mark.full
@pytest.mark.req("6.7")
def test_a_web_acl_is_put_in_front_repaired_and_taken_away(exposed: ExposedRelease) -> None:
    ours, theirs = web_acl(exposed, "ours"), web_acl(exposed, "theirs")
    guarded = config(waf=ours)
    exposed.deployment(guarded).run()
    stage = stage_of(exposed)
    assert stage["webAclArn"] == ours
    assert exposed.changes(guarded) == {}
    arn = f"arn:aws:apigateway:eu-central-1::/restapis/{stage['restApiId']}/stages/local"
    exposed.sandbox.client("wafv2").associate_web_acl(WebACLArn=theirs, ResourceArn=arn)
    assert list(exposed.changes(guarded)) == [ACL]
    exposed.deployment(guarded).run()
    assert stage_of(exposed)["webAclArn"] == ours
    exposed.deployment(config()).run()
    assert "webAclArn" not in stage_of(exposed)


@pytest.mark.full
@pytest.mark.req("6.7")
def test_a_domain_leads_to_the_stage_and_its_record_is_told(
    exposed: ExposedRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = exposed.deployment(config(**domain()))
    said: list[str] = []
    monkeypatch.setattr(type(deployment.context), "progress", lambda _self, _step, text: said.append(text))
    deployment.run()
    aws = exposed.sandbox.client("apigateway")
    found = aws.get_domain_name(domainName=DOMAIN)
    assert any(f"{DOMAIN} CNAME {found['regionalDomainName']}" in text for text in said)
    assert (found["regionalCertificateArn"], found["securityPolicy"]) == (CERTIFICATE, "TLS_1_2")
    stage = stage_of(exposed)
    assert (mapping_of(exposed)["restApiId"], mapping_of(exposed)["stage"]) == (stage["restApiId"], "local")
    assert deployment.context.outputs(MAPPING)["Url"] == f"https://{DOMAIN}/sentiment/predict"
    assert exposed.changes(config(**domain())) == {}
    exposed.deployment(config(**domain(certificateArn=OTHER_CERTIFICATE))).run()
    assert aws.get_domain_name(domainName=DOMAIN)["regionalCertificateArn"] == OTHER_CERTIFICATE
    exposed.deployment(config()).run()
    assert aws.get_domain_names()["items"] == []


def test_what_somebody_deleted_or_moved_is_put_right(exposed: ExposedRelease) -> None:
    aws, wanted = exposed.sandbox.client("apigateway"), config(**domain())
    exposed.deployment(wanted).run()
    aws.delete_base_path_mapping(domainName=DOMAIN, basePath="sentiment")
    aws.untag_resource(
        resourceArn=f"arn:aws:apigateway:eu-central-1::/domainnames/{DOMAIN}", tagKeys=["mldeploy:release"]
    )
    assert MAPPING in exposed.changes(wanted)
    exposed.deployment(wanted).run()
    assert mapping_of(exposed)["stage"] == "local"


def test_a_domain_of_somebody_else_can_be_shared_and_stays(exposed: ExposedRelease) -> None:
    aws, shared = exposed.sandbox.client("apigateway"), config(domain={"name": DOMAIN, "basePath": "sentiment"})
    aws.create_domain_name(
        domainName=DOMAIN, regionalCertificateArn=CERTIFICATE, endpointConfiguration={"types": ["REGIONAL"]}
    )
    assert not aws.get_base_path_mappings(domainName=DOMAIN).get("items")
    with pytest.raises(RefusedError, match="does not carry our tags"):
        exposed.deployment(config(**domain())).run()
    exposed.deployment(shared).run()
    assert mapping_of(exposed)["stage"] == "local"
    exposed.deployment(config()).run()
    assert [item["domainName"] for item in aws.get_domain_names()["items"]] == [DOMAIN]
    foreign = aws.create_rest_api(name="foreign")["id"]
    aws.create_base_path_mapping(domainName=DOMAIN, restApiId=foreign, basePath="sentiment")
    with pytest.raises(RefusedError):
        exposed.deployment(shared).run()
    assert mapping_of(exposed)["restApiId"] == foreign
    aws.delete_rest_api(restApiId=foreign)
    aws.delete_domain_name(domainName=DOMAIN)


@pytest.mark.full
def test_our_domain_stays_while_others_answer_under_it(exposed: ExposedRelease) -> None:
    aws = exposed.sandbox.client("apigateway")
    exposed.deployment(config(**domain())).run()
    foreign = aws.create_rest_api(name="foreign")["id"]
    aws.create_base_path_mapping(domainName=DOMAIN, restApiId=foreign, basePath="other")
    with pytest.raises(RefusedError, match=f"other APIs answer under {DOMAIN}: other"):
        exposed.deployment(config()).run()
    aws.delete_base_path_mapping(domainName=DOMAIN, basePath="other")
    aws.delete_rest_api(restApiId=foreign)
    exposed.deployment(config()).run()
    assert aws.get_domain_names()["items"] == []


def test_a_domain_goes_with_the_rest_although_no_record_knows_it(exposed: ExposedRelease) -> None:
    exposed.deployment(config(**domain())).run()
    assert DOMAIN in names(exposed)
    for path in (exposed.folder / ".mldeploy" / "state").rglob("*.json"):
        path.unlink()
    exposed.deployment(config()).run()
    assert DOMAIN not in names(exposed)


def names(exposed: ExposedRelease) -> set[str]:
    """Return the names of everything in the sandbox."""
    return {item["name"] for item in client.inventory(exposed.sandbox.running)}
