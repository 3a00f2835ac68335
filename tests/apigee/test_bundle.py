"""The bundle: what the policy of release.yaml becomes, always the same bytes, and never more than what was said."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mldeploy.errors import DeployError
from mldeploy_apigee.bundle.archive import bundle_files, bundle_zip
from mldeploy_apigee.bundle.tree import element, xml_bytes
from tests.apigee.described import AWS_OUTPUTS, apigee_steps, bundle_of

pytestmark = pytest.mark.req("7.1")
PROXY, TARGET = "apiproxy/proxies/default.xml", "apiproxy/targets/default.xml"
WHOLE: dict[str, Any] = {
    "expose": {
        "auth": {"scopes": ["predict", "v1.admin"]},
        "quota": {"limit": 1000, "period": "week"},
        "rate": {"perSecond": 0.5},
        "cors": {"allowOrigins": ["https://app.example.com"]},
        "timeoutSeconds": 20,
        "maxBodyBytes": 1000,
    }
}
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ["</Issuer><Allow/>", "]]>", "&amp;", "<!--", '"/>', "a\x00b", "\r\n", "\ufffe"]
)


def parsed(files: dict[str, bytes], name: str) -> ET.Element:
    return ET.fromstring(files[name])


def policy(files: dict[str, bytes], name: str) -> ET.Element:
    return parsed(files, f"apiproxy/policies/{name}.xml")


def steps_of(files: dict[str, bytes], path: str) -> list[str]:
    return [str(item.text) for item in parsed(files, PROXY).iterfind(f"{path}/Step/Name")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return bundle_of(tmp_path_factory.mktemp("whole"), WHOLE)


@pytest.mark.req("7.2")
def test_tokens_are_checked_for_signature_issuer_use_times_and_scope(whole: dict[str, bytes]) -> None:
    token = policy(whole, "VerifyJWT-Token")

    assert token.findtext("Algorithm") == "RS256"
    assert token.findtext("Issuer") == AWS_OUTPUTS["ProviderURL"]
    assert token.find("PublicKey/JWKS").attrib == {"uri": AWS_OUTPUTS["JwksUri"]}  # type: ignore[union-attr]
    assert token.findtext("AdditionalClaims/Claim[@name='token_use']") == "access"
    assert token.findtext("TimeAllowance") == "60s"
    conditions = [item.findtext("Condition") for item in parsed(whole, PROXY).iterfind("PreFlow/Request/Step")]
    assert any("(probe-local/predict|probe-local/v1[.]admin)" in str(condition) for condition in conditions)
    assert "jwt.VerifyJWT-Token.claim.expiry = null" in conditions
    assert 'not (jwt.VerifyJWT-Token.claim.client_id ~~ "(client1)")' in conditions


@pytest.mark.req("7.4")
def test_an_internal_auth_service_is_the_issuer_where_one_is_named(tmp_path: Path) -> None:
    auth = {
        "issuer": "https://login.example.com/",
        "audience": "sentiment",
        "jwksUri": "https://login.example.com/keys",
    }
    files = bundle_of(tmp_path, {"expose": {"auth": auth}})
    token = policy(files, "VerifyJWT-Token")

    assert token.findtext("Issuer") == "https://login.example.com/"
    assert token.findtext("Audience") == "sentiment"
    assert token.find("AdditionalClaims") is None
    assert b'"(.* )?(predict)( .*)?"' in files[PROXY]


@pytest.mark.req("7.3", "7.5")
def test_callers_are_asked_in_the_order_of_api_gateway(whole: dict[str, bytes]) -> None:
    assert steps_of(whole, "PreFlow/Request") == [
        "CORS-Pages",
        "VerifyJWT-Token",
        "RF-Token",
        "RF-Token",
        "RF-Token",
        "VerifyAPIKey-Key",
        "SpikeArrest-Rate",
        "Quota-Key",
    ]
    assert steps_of(whole, "Flows/Flow[@name='predict']/Request") == ["RF-Length", "RF-Size", "JTP-Body"]


@pytest.mark.req("7.3")
def test_quota_and_rate_count_per_key(whole: dict[str, bytes]) -> None:
    quota, rate = policy(whole, "Quota-Key"), policy(whole, "SpikeArrest-Rate")

    key = {"ref": "verifyapikey.VerifyAPIKey-Key.client_id"}
    assert quota.find("Identifier").attrib == rate.find("Identifier").attrib == key  # type: ignore[union-attr]
    assert quota.find("Allow").get("count") == "1000"  # type: ignore[union-attr]
    assert quota.findtext("TimeUnit") == "week"
    assert rate.findtext("Rate") == "30pm"


@pytest.mark.req("7.8")
def test_the_timeout_of_the_target_comes_from_the_limit_chain(whole: dict[str, bytes], tmp_path: Path) -> None:
    def timeout(files: dict[str, bytes]) -> str | None:
        return parsed(files, TARGET).findtext(".//Property[@name='io.timeout.millis']")

    assert timeout(whole) == "20000"
    assert timeout(bundle_of(tmp_path, {})) == "30000", "the 29 s of a REST API, and one to hear of it"


def test_equal_releases_give_equal_bytes_and_any_change_another_name(tmp_path: Path) -> None:
    once, again = (bundle_zip(bundle_of(tmp_path, WHOLE)) for _ in range(2))
    assert once == again
    with zipfile.ZipFile(BytesIO(once)) as archive:
        assert archive.testzip() is None
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}

    from mldeploy.graph import settle

    changed = {**WHOLE, "expose": {**WHOLE["expose"], "timeoutSeconds": 21}}
    names = {
        step.name
        for config in (WHOLE, changed, WHOLE)
        for step in settle(apigee_steps(tmp_path, config))
        if step.kind == "Apigee::Revision"
    }
    assert len(names) == 2


@pytest.mark.req("D9")
@given(name=TEXTS, value=TEXTS, attribute=TEXTS)
@settings(max_examples=150, deadline=None)
def test_no_value_can_add_a_node(name: str, value: str, attribute: str) -> None:
    tree = element("Set", element("Header", value, name=attribute), element("Payload", name))
    try:
        found = ET.fromstring(xml_bytes(tree))
    except DeployError:
        return  # XML has no way to say it, so it is refused

    assert [node.tag for node in found.iter()] == ["Set", "Header", "Payload"]
    assert [len(node.attrib) for node in found.iter()] == [0, 1, 0]
    assert (found[0].text or "", found[0].get("name"), found[1].text or "") == (value, attribute, name)


@pytest.mark.req("D9")
def test_hostile_values_of_a_release_stay_values(tmp_path: Path) -> None:
    audience = '"/><Audience>*</Audience><!-- ]]> &amp; '
    auth = {"issuer": "https://a.example/'<x>", "audience": audience, "jwksUri": "https://a.example/k?a=1&b=<y>"}
    mild = {"issuer": "https://a.example/", "audience": "a", "jwksUri": "https://a.example/k"}
    hostile, plain = (bundle_of(tmp_path, {"expose": {"auth": item}}) for item in (auth, mild))

    assert hostile.keys() == plain.keys()
    for name in plain:
        tags = [[node.tag for node in parsed(files, name).iter()] for files in (hostile, plain)]
        assert tags[0] == tags[1], name
    assert policy(hostile, "VerifyJWT-Token").findtext("Audience") == audience


def test_the_manifest_lists_what_is_there(whole: dict[str, bytes]) -> None:
    manifest = parsed(whole, "apiproxy/probe-local.xml")

    listed = {str(item.text) for item in manifest.iterfind("Policies/Policy")}
    there = {name.split("/")[-1].removesuffix(".xml") for name in whole if "/policies/" in name}
    used = {str(item.text) for name in (PROXY, TARGET) for item in parsed(whole, name).iter("Name")}
    assert listed == there == used
    assert manifest.findtext("Description") == "a test"


def test_a_description_cannot_break_the_manifest() -> None:
    files = bundle_files("api", "/a", "</Description><Evil/>", {})
    assert parsed(files, "apiproxy/api.xml").findtext("Description") == "</Description><Evil/>"
