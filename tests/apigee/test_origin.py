"""The origin behind the proxy: only the addresses that release.yaml names may call it, whoever changes that by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mldeploy import Step
from mldeploy_gateway.resource_policies import EXTENSION, is_kept, source_address_policy
from tests.apigee.described import release_of
from tests.plugins.exposed_release import ExposedRelease, send

API = "AWS::ApiGateway::RestApi/probe-local"
HERE, ELSEWHERE = ["127.0.0.0/8"], ["203.0.113.7/32", "203.0.113.8/32"]
BODY = {"instances": [1]}


def config(cidrs: list[str]) -> dict[str, Any]:
    return {"expose": {"gateway": "apigee"}, "apigee": {"originAllowedCidrs": cidrs}}


def test_the_origin_names_the_addresses_and_api_gateway_alone_names_none(tmp_path: Path) -> None:
    def policies(settings: dict[str, Any]) -> set[str]:
        steps = [item for item in release_of(tmp_path, settings)[1] if isinstance(item, Step)]
        bodies = [
            step.spec["Body"]
            for step in steps
            if step.kind in {"AWS::ApiGateway::RestApi", "AWS::ApiGateway::Deployment"}
        ]
        assert len(bodies) == 2
        return {json.dumps(body.get(EXTENSION)) for body in bodies}

    (text,) = policies(config(ELSEWHERE))
    assert json.loads(text)["Statement"][0]["Condition"] == {"IpAddress": {"aws:SourceIp": ELSEWHERE}}
    assert policies({"expose": {"gateway": "api-gateway"}}) == {"null"}


def test_api_gateways_own_notation_is_no_change() -> None:
    wanted = source_address_policy(ELSEWHERE)
    full = json.dumps(wanted).replace("execute-api:/", "arn:aws:execute-api:eu-central-1:123456789012:abc123/")
    single = json.dumps(source_address_policy(ELSEWHERE[:1])).replace(f'["{ELSEWHERE[0]}"]', f'"{ELSEWHERE[0]}"')

    assert is_kept(wanted, full)
    assert is_kept(wanted, full.replace('"', '\\"')), "as GetRestApis gives it"
    assert is_kept(source_address_policy(ELSEWHERE[:1]), single)
    assert is_kept(None, "")
    assert not is_kept(None, full)
    assert is_kept(None, full.replace("MldeployCallers", "OfficeOnly")), "somebody else's restriction stays"
    assert not is_kept(wanted, "")
    assert not is_kept(source_address_policy(HERE), full)
    assert not is_kept(wanted, full.replace("Allow", "Deny"))


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExposedRelease]:
    project = ExposedRelease(tmp_path_factory.mktemp("exposed"))
    yield project
    project.close()


def of_origin(exposed: ExposedRelease) -> tuple[int, str]:
    """Call the origin with its key, past the proxy."""
    client = exposed.sandbox.client("apigateway")
    (key,) = client.get_api_keys(includeValues=True)["items"]
    (api,) = client.get_rest_apis()["items"]
    url = f"{exposed.sandbox.running.url}/restapis/{api['id']}/local/_user_request_/predict"
    answer = requests.post(url, json=BODY, headers={"x-api-key": key["value"]}, timeout=10)
    return answer.status_code, answer.text


@pytest.mark.full
@pytest.mark.req("7.4")
def test_who_comes_from_elsewhere_is_refused_and_a_changed_policy_is_put_right(exposed: ExposedRelease) -> None:
    exposed.deployment(config(HERE)).run()
    assert exposed.changes(config(HERE)) == {}
    assert (of_origin(exposed)[0], send(exposed.deployment(config(HERE)), BODY).status) == (200, 200)

    client = exposed.sandbox.client("apigateway")
    (api,) = client.get_rest_apis()["items"]
    for policy in ("", json.dumps(source_address_policy(["0.0.0.0/0"]))):
        change = [{"op": "replace", "path": "/policy", "value": policy}]
        client.update_rest_api(restApiId=api["id"], patchOperations=change)
        assert "resource policy" in exposed.changes(config(HERE))[API]
        exposed.deployment(config(HERE)).run()
        assert exposed.changes(config(HERE)) == {}

    exposed.deployment(config(ELSEWHERE)).run()
    status, text = of_origin(exposed)
    assert status == 403
    assert "not authorized to perform: execute-api:Invoke" in text
    assert send(exposed.deployment(config(ELSEWHERE)), BODY).status == 502

    open_to_all = {"expose": {"gateway": "apigee"}, "apigee": {"originAllowedCidrs": ["0.0.0.0/0"]}}
    exposed.deployment(open_to_all).run()
    assert of_origin(exposed)[0] == 200
    exposed.deployment({"expose": {"gateway": "api-gateway"}}).run()
    assert not client.get_rest_apis()["items"][0].get("policy"), "goes with the key that asked for it"

    foreign = json.dumps(source_address_policy(ELSEWHERE)).replace("MldeployCallers", "OfficeOnly")
    change = [{"op": "replace", "path": "/policy", "value": foreign}]
    client.update_rest_api(restApiId=api["id"], patchOperations=change)
    assert exposed.changes({"expose": {"gateway": "api-gateway"}}) == {}, "somebody else's restriction stays"
