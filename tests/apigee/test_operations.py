"""What callers can ask for: the operations of the document that the origin imports, one flow each, and nothing else."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import requests

from mldeploy import Step
from mldeploy_gateway import openapi
from mldeploy_gateway.openapi import Operation, operations
from tests.apigee.described import NAME, bundle_of, release_of
from tests.apigee.stand_in import OPEN, opened

SEVERAL = (
    Operation(name="predict", path="/predict", method="POST", has_body=True),
    Operation(name="explain", path="/models/{name}/explain", method="POST", has_body=False),
    Operation(name="describe", path="/models/{name}", method="GET", has_body=False),
    Operation(name="forget", path="/models/{name}", method="DELETE", has_body=False),
)
PAGES = {"expose": {"cors": {"allowOrigins": ["https://app.example.com"]}}}


@pytest.mark.req("7.1")
@pytest.mark.parametrize("config", [{}, PAGES], ids=["plain", "with preflights"])
def test_there_is_one_flow_for_each_operation_that_the_origin_imports(
    tmp_path: Path, config: dict[str, object]
) -> None:
    described = release_of(tmp_path, config)[1]
    (api,) = [item for item in described if isinstance(item, Step) and item.kind == "AWS::ApiGateway::RestApi"]
    endpoint = ET.fromstring(bundle_of(tmp_path, config)["apiproxy/proxies/default.xml"])

    flows = {str(flow.get("name")): flow.findtext("Condition", "") for flow in endpoint.iterfind("Flows/Flow")}
    *named, last = flows
    imported = operations(api.spec["Body"])
    assert [name for name in named if not name.startswith("other-methods")] == [item.name for item in imported]
    for item in imported:
        assert f'"{item.path}"' in flows[item.name]
        assert f'request.verb = "{item.method}"' in flows[item.name]
    assert (last, flows[last]) == ("other", ""), "whatever is left is answered, and not passed on"


@pytest.mark.req("7.1")
def test_each_operation_passes_and_everything_else_is_answered_by_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openapi, "operations", lambda _document: SEVERAL)
    with opened(tmp_path / "place") as place:
        deployment = place.deployment(OPEN)
        deployment.run()
        base = deployment.known_outputs(f"Apigee::Deployment/{NAME}-local")["Url"].removesuffix("/predict")

        def ask(method: str, path: str) -> requests.Response:
            return requests.request(method, base + path, timeout=10)

        assert requests.post(f"{base}/predict", json={}, timeout=10).status_code == 200
        for method, path in (("POST", "/models/a/explain"), ("GET", "/models/a"), ("DELETE", "/models/b")):
            assert "Proxy-Status" not in ask(method, path).headers, "the origin has answered"
        refused = {
            ("GET", "/predict"): "POST",
            ("PUT", "/models/a"): "GET, DELETE",
            ("GET", "/models/a/explain"): "POST",
        }
        for (method, path), allowed in refused.items():
            answer = ask(method, path)
            assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
        for path in ("/models", "/models/a/b", "/models/a/explain/c", "/docs", ""):
            answer = ask("GET", path)
            assert answer.status_code == 404, path
            assert "POST /models/*/explain" in answer.json()["detail"]
