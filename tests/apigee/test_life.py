"""The life of a proxy in the stand-in: made, kept, changed, repaired, taken back, removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mldeploy import Phase, RefusedError, Step
from mldeploy.doors import Answer
from mldeploy_checks.requests import RequestCheck
from tests.apigee.described import NAME
from tests.apigee.stand_in import OPEN, Place, opened

QUOTA: dict[str, Any] = {"expose": {"quota": {"limit": 100}}}
SLOWER: dict[str, Any] = {**OPEN, "expose": {**OPEN["expose"], "rate": {"perSecond": 7}}}
EMAIL = f"{NAME}-local@mldeploy.invalid"
NOTHING = {"apis": {}, "deployed": [], "maps": [], "servers": [], "products": [], "developers": []}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with opened(tmp_path / "place") as found:
        yield found


@pytest.mark.req("7.6")
def test_a_second_run_finds_everything_as_it_should_be(place: Place) -> None:
    place.deployment(QUOTA).run()

    assert place.changes(QUOTA) == {}
    assert place.everything() == {
        "apis": {f"{NAME}-local": 1},
        "deployed": [f"{NAME}-local"],
        "maps": [f"mldeploy-{NAME}-local"],
        "servers": [f"{NAME}-local"],
        "products": [f"{NAME}-local"],
        "developers": [EMAIL],
    }


@pytest.mark.req("7.7")
def test_the_origin_gets_our_key_and_nothing_that_the_caller_showed(place: Place) -> None:
    deployment = place.deployment(OPEN)
    deployment.run()

    answer = place.predict(deployment, authorization="Bearer secret", cookie="a=b", accept="application/json")

    assert answer.status_code == 200
    seen = {name.lower(): value for name, value in answer.json()["headers"].items()}
    assert seen["x-api-key"] == "the-key-of-the-origin"
    assert {"authorization", "cookie"}.isdisjoint(seen)
    assert answer.json()["path"] == "/local/predict"


def test_the_record_and_the_world_outside_of_the_map_hold_no_key(place: Place) -> None:
    place.deployment(QUOTA).run()

    texts = [path.read_text() for path in (place.folder / "state").rglob("*") if path.is_file()]
    assert texts
    assert not any("the-key-of-the-origin" in text or "consumerKey" in text for text in texts)


@pytest.mark.req("7.6")
def test_a_change_is_a_new_revision_and_the_old_ones_go_in_time(place: Place) -> None:
    for per_second in (1, 2, 3, 4):
        config = {"expose": {**OPEN["expose"], "rate": {"perSecond": per_second}}}
        place.deployment(config).run()

    assert place.everything()["apis"] == {f"{NAME}-local": 2}, "two releases are kept"
    assert place.everything()["deployed"] == [f"{NAME}-local"]


def test_rollback_deploys_the_revision_before(place: Place) -> None:
    place.deployment(OPEN).run()
    place.deployment(SLOWER).run()

    place.deployment(SLOWER).rollback()

    assert place.changes(OPEN) == {}
    assert place.everything()["apis"] == {f"{NAME}-local": 2}, "nothing was imported again"


@pytest.mark.parametrize(
    ("path", "body", "changed", "reason"),
    [
        (
            f"environments/local/targetservers/{NAME}-local",
            {"name": f"{NAME}-local", "host": "elsewhere.example.com", "port": 80, "isEnabled": True},
            "Apigee::TargetServer",
            "host: elsewhere.example.com → 127.0.0.1",
        ),
        (
            f"apiproducts/{NAME}-local",
            {"name": f"{NAME}-local", "displayName": "x", "environments": ["local"], "approvalType": "manual"},
            "Apigee::ApiProduct",
            "approvalType: manual → auto",
        ),
    ],
)
def test_what_somebody_changed_by_hand_is_seen_and_put_right(
    place: Place, path: str, body: dict[str, Any], changed: str, reason: str
) -> None:
    place.deployment(QUOTA).run()
    apigee = place.apigee()
    live = apigee.get(f"organizations/local/{path}")
    kept = {key: live[key] for key in ("description", "attributes") if key in live}
    apigee.call("PUT", f"organizations/local/{path}", body={**body, **kept})

    assert reason in place.changes(QUOTA)[f"{changed} update"]
    place.deployment(QUOTA).run()
    assert place.changes(QUOTA) == {}


def test_a_proxy_that_was_undeployed_by_hand_is_deployed_again(place: Place) -> None:
    deployment = place.deployment(OPEN)
    deployment.run()
    place.apigee().call("DELETE", f"organizations/local/environments/local/apis/{NAME}-local/revisions/1/deployments")
    assert place.predict(deployment).status_code == 404

    place.deployment(OPEN).run()

    assert place.predict(deployment).status_code == 200


@pytest.mark.parametrize("lost", [pytest.param("kept", marks=pytest.mark.full), "lost"])
def test_destroy_leaves_nothing_with_and_without_a_record(place: Place, lost: str) -> None:
    place.deployment(QUOTA).run()
    place.deployment({"expose": {"quota": {"limit": 50}}}).run()
    if lost == "lost":
        for path in (place.folder / "state").rglob("*.json"):
            path.unlink()

    place.deployment(QUOTA).destroy()

    assert place.everything() == NOTHING


@pytest.mark.req("7.6")
@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("environments/local/targetservers", {"name": f"{NAME}-local", "host": "a", "port": 1}, "TargetServer"),
        (
            "developers",
            {"email": f"{NAME}-local@mldeploy.invalid", "firstName": "a", "lastName": "b", "userName": "c"},
            "Developer",
        ),
    ],
)
def test_what_belongs_to_somebody_else_is_left_alone(place: Place, path: str, body: dict[str, Any], named: str) -> None:
    place.apigee().call("POST", f"organizations/local/{path}", body=body)
    before = place.everything()

    with pytest.raises(RefusedError, match=named):
        place.deployment(QUOTA).run()

    assert place.everything() == before


def test_a_check_waits_while_the_proxy_does_not_know_a_new_key_yet(place: Place) -> None:
    deployment = place.deployment({"expose": {"auth": {"jwt": False}}})
    deployment.run()
    refused = place.predict(deployment)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert refused.headers["proxy-status"] == "apigee; error=http_request_denied"
    headers = {name.lower(): value for name, value in refused.headers.items()}
    waiting = [
        Answer(status=200, headers={}, body=b"{}", seconds=0.0),
        Answer(status=403, headers=headers, body=refused.content, seconds=0.0),
    ]
    caller = SimpleNamespace(url="", credentials=dict, send=lambda _body, _headers: waiting.pop())
    context = replace(deployment.context, find_provider=lambda _kind, _context: caller, _handles={})
    request = {"body": {}, "expect": {"status": 200}}
    step = Step(kind="x", name="x-1", phase=Phase.VERIFY, spec={"Request": request}, settings={"ReadySeconds": 5.0})

    assert RequestCheck(context).apply(step, None)["Status"] == 200
