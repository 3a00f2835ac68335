"""The management API. Every successful call here is also checked against Google's discovery document."""

from __future__ import annotations

import discovery
import pytest
from proxy_bundles import archive, zipped
from standin_client import ENVIRONMENT, Apigee

from mldeploy_sandbox.apigee.tokens import LIFE_SECONDS

SERVER = {"name": "origin", "host": "origin.example.com", "port": 443, "sSLInfo": {"enabled": True, "enforce": True}}


@pytest.mark.req("7.6")
def test_every_route_is_a_method_of_the_discovery_document(apigee: Apigee) -> None:
    if discovery.document() is None:
        pytest.skip("google-api-python-client is not installed")
    routes = {route.id: route for route in apigee.standin.routes}
    unknown = set(routes) - set(discovery.methods())
    assert unknown == discovery.UNLISTED
    for name in set(routes) - unknown:
        method = discovery.methods()[name]
        assert routes[name].method == method["httpMethod"], name
        assert set(routes[name].query) <= set(method["parameters"]), name


def test_the_ready_made_organization_has_an_environment_that_can_be_reached(apigee: Apigee) -> None:
    assert apigee.ok("GET", "")["environments"] == ["local"]
    assert apigee.ok("GET", "environments") == ["local"]
    assert [group["name"] for group in apigee.ok("GET", "envgroups")["environmentGroups"]] == ["local"]
    attachments = apigee.ok("GET", "envgroups/local/attachments")["environmentGroupAttachments"]
    assert [attachment["environment"] for attachment in attachments] == ["local"]


@pytest.mark.parametrize("token", ["", "made-up"])
def test_a_token_of_somebody_else_is_refused(apigee: Apigee, token: str) -> None:
    assert apigee.refused("GET", "apis", token=token)[:2] == (401, "UNAUTHENTICATED")


def test_a_token_ends(own_apigee: Apigee) -> None:
    own_apigee.clock.advance(LIFE_SECONDS - 60)
    own_apigee.ok("GET", "apis")
    own_apigee.clock.advance(61)
    assert own_apigee.refused("GET", "apis")[:2] == (401, "UNAUTHENTICATED")


def test_what_is_not_there(apigee: Apigee) -> None:
    assert apigee.refused("GET", "apis", organization="other")[:2] == (403, "PERMISSION_DENIED")
    assert apigee.refused("GET", "environments/other")[:2] == (404, "NOT_FOUND")
    status, code, message = apigee.refused("GET", "apis/nobody")
    assert (status, code) == (404, "NOT_FOUND")
    assert "organizations/local/apis/nobody" in message
    assert apigee.refused("POST", "sharedflows?name=x&action=import")[:2] == (501, "UNIMPLEMENTED")


def test_unknown_fields_are_refused(apigee: Apigee) -> None:
    status, code, message = apigee.refused("POST", f"{ENVIRONMENT}/targetservers", SERVER | {"hots": "typo"})
    assert (status, code) == (400, "INVALID_ARGUMENT")
    assert '"hots"' in message


def test_unknown_parameters_are_refused(apigee: Apigee) -> None:
    status, code, message = apigee.refused("GET", "apis?includeRevision=true")
    assert (status, code) == (400, "INVALID_ARGUMENT")
    assert '"includeRevision"' in message
    apigee.ok("GET", "apis?includeRevisions=true")


def test_a_target_server_from_making_to_deleting(apigee: Apigee) -> None:
    servers = f"{ENVIRONMENT}/targetservers"
    assert apigee.ok("POST", servers, SERVER)["isEnabled"] is True
    assert apigee.refused("POST", servers, SERVER)[:2] == (409, "ALREADY_EXISTS")
    apigee.ok("PUT", f"{servers}/origin", SERVER | {"isEnabled": False})
    assert apigee.ok("GET", f"{servers}/origin")["isEnabled"] is False
    assert apigee.ok("GET", servers) == ["origin"]
    assert apigee.refused("PUT", f"{servers}/origin", SERVER | {"port": 0})[:2] == (400, "INVALID_ARGUMENT")
    apigee.ok("DELETE", f"{servers}/origin")
    assert apigee.refused("GET", f"{servers}/origin")[0] == 404


@pytest.mark.parametrize("scope", ["", "environments/local/"])
def test_values_of_a_masked_map_cannot_be_read_back(apigee: Apigee, scope: str) -> None:
    maps = f"{scope}keyvaluemaps"
    assert apigee.ok("POST", maps, {"name": "secrets", "maskedValues": True})["encrypted"] is True
    apigee.ok("POST", f"{maps}/secrets/entries", {"name": "key", "value": "hush"})
    apigee.ok("PUT", f"{maps}/secrets/entries/key", {"name": "key", "value": "hush, again"})
    assert apigee.refused("POST", f"{maps}/secrets/entries", {"name": "key", "value": "x"})[0] == 409
    listed = apigee.ok("GET", f"{maps}/secrets/entries")["keyValueEntries"]
    assert [entry["name"] for entry in listed] == ["key"]
    assert "hush" not in str(listed) + str(apigee.ok("GET", f"{maps}/secrets/entries/key"))
    assert apigee.ok("GET", maps) == ["secrets"]
    apigee.ok("DELETE", f"{maps}/secrets/entries/key")
    assert apigee.refused("GET", f"{maps}/secrets/entries/key")[0] == 404
    apigee.ok("DELETE", f"{maps}/secrets")


def test_entries_come_in_pages(apigee: Apigee) -> None:
    apigee.ok("POST", "keyvaluemaps", {"name": "many"})
    for number in range(3):
        apigee.ok("POST", "keyvaluemaps/many/entries", {"name": f"n{number}", "value": "v"})
    page = apigee.ok("GET", "keyvaluemaps/many/entries?pageSize=2")
    rest = apigee.ok("GET", f"keyvaluemaps/many/entries?pageSize=2&pageToken={page['nextPageToken']}")
    names = [entry["name"] for entry in page["keyValueEntries"] + rest["keyValueEntries"]]
    assert (names, "nextPageToken" in rest) == (["n0", "n1", "n2"], False)


def test_products_developers_apps_and_keys(apigee: Apigee) -> None:
    apigee.load("sold")
    product = {"name": "gold", "displayName": "Gold", "proxies": ["sold"], "environments": ["local"], "quota": "10"}
    product |= {"quotaInterval": "1", "quotaTimeUnit": "day"}
    assert apigee.ok("POST", "apiproducts", product)["approvalType"] == "auto"
    assert apigee.refused("POST", "apiproducts", product)[0] == 409
    assert apigee.refused("POST", "apiproducts", product | {"name": "x", "proxies": ["none"]})[0] == 400
    assert apigee.refused("POST", "apiproducts", product | {"name": "x", "quotaTimeUnit": "week"})[0] == 400
    apigee.ok("PUT", "apiproducts/gold", product | {"quota": "20"})
    assert apigee.ok("GET", "apiproducts/gold")["quota"] == "20"
    apigee.ok("POST", "apiproducts", product | {"name": "slow", "approvalType": "manual"})
    person = {"email": "a@example.com", "firstName": "A", "lastName": "B", "userName": "ab"}
    apigee.ok("POST", "developers", person)
    app = apigee.ok("POST", "developers/a@example.com/apps", {"name": "shop", "apiProducts": ["gold", "slow"]})
    references = {ref["apiproduct"]: ref["status"] for ref in app["credentials"][0]["apiProducts"]}
    assert references == {"gold": "approved", "slow": "pending"}
    key = f"developers/a@example.com/apps/shop/keys/{app['credentials'][0]['consumerKey']}"
    apigee.ok("POST", f"{key}/apiproducts/slow?action=approve")
    apigee.ok("POST", f"{key}?action=revoke", {})
    shown = apigee.ok("GET", key)
    assert shown["status"] == "revoked"
    assert {ref["status"] for ref in shown["apiProducts"]} == {"approved"}
    apigee.ok("DELETE", f"{key}/apiproducts/slow")
    assert apigee.refused("DELETE", "apiproducts/gold")[:2] == (400, "FAILED_PRECONDITION")
    own = {"consumerKey": "my-key", "consumerSecret": "my-secret"}
    apigee.ok("POST", "developers/a@example.com/apps/shop/keys", own)
    assert apigee.refused("POST", "developers/a@example.com/apps/shop/keys", own)[0] == 409
    apigee.ok("POST", "developers/a@example.com/apps/shop/keys/my-key", {"apiProducts": ["gold"]})
    apigee.ok("DELETE", "developers/a@example.com/apps/shop/keys/my-key")
    assert apigee.ok("GET", "developers/a@example.com")["apps"] == ["shop"]
    apigee.ok("DELETE", "developers/a@example.com")
    for name in ("gold", "slow"):
        apigee.ok("DELETE", f"apiproducts/{name}")


def test_environments_and_groups_are_made_by_operations(apigee: Apigee) -> None:
    made = apigee.ok("POST", "environments", {"name": "extra"})
    assert apigee.ok("GET", f"operations/{made['name'].rpartition('/')[2]}")["response"]["name"] == "extra"
    assert apigee.refused("POST", "environments", {"name": "extra"})[0] == 409
    apigee.ok("POST", "envgroups", {"name": "extra", "hostnames": ["extra.example.com"]})
    assert apigee.refused("POST", "envgroups", {"name": "thief", "hostnames": ["extra.example.com"]})[0] == 400
    attached = apigee.ok("POST", "envgroups/extra/attachments", {"environment": "extra"})["response"]["name"]
    assert apigee.refused("DELETE", "environments/extra")[:2] == (400, "FAILED_PRECONDITION")
    apigee.ok("DELETE", f"envgroups/extra/attachments/{attached}")
    apigee.ok("DELETE", "envgroups/extra")
    apigee.ok("DELETE", "environments/extra")


def test_an_operation_takes_its_time_in_strict_mode(strict_apigee: Apigee) -> None:
    made = strict_apigee.ok("POST", "environments", {"name": "slow"})
    assert made["done"] is False
    assert "response" not in made
    strict_apigee.clock.advance(60)
    assert strict_apigee.ok("GET", f"operations/{made['name'].rpartition('/')[2]}")["done"] is True


def test_a_revision_is_what_was_imported(apigee: Apigee) -> None:
    assert (apigee.load("kept", description="ours"), apigee.load("kept")) == ("1", "2")
    assert apigee.ok("GET", "apis/kept/revisions/1")["description"] == "ours"
    assert apigee.ok("GET", "apis/kept/revisions") == ["1", "2"]
    assert apigee.ok("GET", "apis/kept")["latestRevisionId"] == "2"
    bundle = apigee.call("GET", "apis/kept/revisions/2?format=bundle")
    assert bundle.get_data() == archive(backend=f"http://{apigee.backend}").getvalue()
    apigee.ok("DELETE", "apis/kept/revisions/2")
    assert apigee.load("kept") == "3", "a number is never used twice"
    apigee.ok("PATCH", "apis/kept?updateMask=labels", {"labels": {"team": "search"}})
    assert apigee.ok("GET", "apis/kept")["labels"] == {"team": "search"}
    apigee.ok("DELETE", "apis/kept")
    assert apigee.refused("GET", "apis/kept")[0] == 404


BROKEN = {
    "no zip": (b"nothing", "no zip archive"),
    "no root": (zipped({"apiproxy/proxies/a.xml": "<ProxyEndpoint/>"}).getvalue(), "apiproxy/NAME.xml"),
    "no endpoint": (zipped({"apiproxy/a.xml": '<APIProxy name="a"/>'}).getvalue(), "apiproxy/proxies"),
    "no XML": (zipped({"apiproxy/a.xml": "<APIProxy"}).getvalue(), "apiproxy/a.xml"),
    "entities": (zipped({"apiproxy/a.xml": "<!DOCTYPE a []><APIProxy/>"}).getvalue(), "document types"),
    "missing policy": (archive(request=["Nobody"]).getvalue(), "the policy 'Nobody'"),
    "missing target": (
        archive(routes='<RouteRule name="r"><TargetEndpoint>x</TargetEndpoint></RouteRule>').getvalue(),
        "a route to 'x'",
    ),
    "odd base path": (archive(base_path="api").getvalue(), "does not begin with /"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_bundle_is_refused_with_the_reason(apigee: Apigee, kind: str) -> None:
    data, reason = BROKEN[kind]
    headers = {"Authorization": f"Bearer {apigee.token}", "Content-Type": "application/octet-stream"}
    answer = apigee.post("/v1/organizations/local/apis?name=broken&action=import", data=data, headers=headers)
    error = answer.get_json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert reason in error["details"][0]["fieldViolations"][0]["description"]
    assert apigee.refused("GET", "apis/broken")[0] == 404


def test_validate_imports_nothing(apigee: Apigee) -> None:
    headers = {"Authorization": f"Bearer {apigee.token}"}
    data = {"file": (archive(), "bundle.zip")}
    url = "/v1/organizations/local/apis?name=checked&action=validate"
    assert apigee.post(url, data=data, headers=headers).status_code == 200
    assert apigee.refused("GET", "apis/checked")[0] == 404


def test_faults_hit_calls_by_their_ids(apigee: Apigee) -> None:
    apigee.inject("apigee:organizations.apis.list#1 throttle, apigee:organizations.apis.list#2 5xx")
    assert apigee.refused("GET", "apis")[:2] == (429, "RESOURCE_EXHAUSTED")
    assert apigee.refused("GET", "apis")[:2] == (503, "UNAVAILABLE")
    apigee.ok("GET", "apis")


def test_bodies_of_the_wrong_form_are_answered_like_errors_of_google(apigee: Apigee) -> None:
    assert apigee.refused("POST", "apiproducts", ["a list"])[:2] == (400, "INVALID_ARGUMENT")
    status, code, message = apigee.refused("POST", "apiproducts", {"name": "x", "displayName": "x", "proxies": 7})
    assert (status, code) == (500, "INTERNAL")
    assert "organizations.apiproducts.create: TypeError" in message
