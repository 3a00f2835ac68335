"""Both gateways under the same release.yaml: the same requests get the same status and the same headers.

Where they do not, docs/reference/apigee-stand-in.md says so, with the reason; a row that no request shows is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.apigee.release_pool import ReleasePool, pool_beside
from tests.apigee.request_corpus import ALLOWED, GOOD, KEY, MAX_BODY_BYTES, Case, corpus
from tests.installation import ROOT
from tests.plugins.exposed_release import ExposedRelease
from tests.sandbox.forgeries import FORGERIES, Forger

PAGE = ROOT / "docs" / "reference" / "apigee-stand-in.md"
HEADING = "## Where the two gateways differ"
GATEWAYS = ("api-gateway", "apigee")
COMPARED = (
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "allow",
    "cache-control",
    "content-type",
    "retry-after",
    "www-authenticate",
    "x-content-type-options",
    "x-own",
)
ABSENT = "none"
EXPOSE: dict[str, Any] = {
    "cors": {"allowOrigins": list(ALLOWED)},
    "rate": {"perSecond": 1000, "burst": 1000},
    "maxBodyBytes": MAX_BODY_BYTES,
    "answerHeaders": {"X-Own": "yes", "Cache-Control": "no-store"},
}

Answer = Mapping[str, str]
"""`status` and compared header → value; `ABSENT` for a header that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row of the table."""

    requests: str
    what: str
    values: tuple[str, str]

    def covers(self, case: str, what: str, values: tuple[str, str]) -> bool:
        """Tell whether this row speaks of a difference."""
        return (self.what, self.values) == (what, values) and any(
            fnmatchcase(case, pattern) for pattern in self.requests.split("; ")
        )


class Gateways:
    """One release behind one gateway after the other, in one sandbox."""

    def __init__(self, folder: Path) -> None:
        self.release = ExposedRelease(folder)
        self.answers: dict[str, dict[str, Answer]] = {}
        self.cases: list[Case] = []
        for gateway in GATEWAYS:
            url, credentials = self.deploy(gateway, EXPOSE)
            self.cases = self.cases or corpus(self._forger(credentials["authorization"]))
            self.answers[gateway] = {case.name: ask(case, url, credentials) for case in self.cases}

    def deploy(self, gateway: str, expose: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
        """Put the release behind a gateway; return the address of predictions without `/predict`, and credentials."""
        config = {"expose": {"gateway": gateway, **expose}}
        self.release.deployment(config).run()
        opened = self.release.deployment(config)
        opened.plan()
        caller = opened.context.provider("caller")
        return caller.url.removesuffix("/predict"), caller.credentials()

    def _forger(self, authorization: str) -> Forger:
        cognito = self.release.sandbox.client("cognito-idp")
        (pool,) = cognito.list_user_pools(MaxResults=10)["UserPools"]
        clients = cognito.list_user_pool_clients(UserPoolId=pool["Id"])["UserPoolClients"]
        token = authorization.removeprefix("Bearer ")
        own = ReleasePool(self.release.sandbox, pool["Id"], clients[0]["ClientId"], token)
        return Forger(own, pool_beside(self.release.sandbox))

    def differences(self, case: str) -> dict[str, tuple[str, str]]:
        """Return what differs → the two values."""
        dev, prod = (self.answers[gateway][case] for gateway in GATEWAYS)
        return {what: (dev[what], prod[what]) for what in dev if dev[what] != prod[what]}


def ask(case: Case, url: str, credentials: Mapping[str, str]) -> Answer:
    """Send a request; paths are sent as they are written."""
    request = requests.Request(case.method, url, headers=case.headers(credentials), data=case.body)
    prepared = request.prepare()
    prepared.url = url + case.path
    with requests.Session() as session:
        response = session.send(prepared, timeout=30, allow_redirects=False)
    found = {name: response.headers.get(name, ABSENT) for name in COMPARED}
    return {"status": str(response.status_code), **found, "content-type": _media_type(response)}


def _media_type(response: requests.Response) -> str:
    return response.headers.get("content-type", ABSENT).partition(";")[0] if response.content else ABSENT


def documented() -> list[Difference]:
    """Return the rows of the page's table."""
    section = PAGE.read_text(encoding="utf-8").partition(HEADING)[2].partition("\n## ")[0]
    rows = [re.split(r"\s*\|\s*", line.strip("| \n")) for line in section.splitlines() if line.startswith("| `")]
    assert all(len(row) == 5 and row[4] for row in rows), "every difference has its reason"
    return [
        Difference(requests=row[0].strip("`"), what=row[1].strip("`"), values=(_value(row[2]), _value(row[3])))
        for row in rows
    ]


def _value(cell: str) -> str:
    return cell.strip("`")


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    found = Gateways(tmp_path_factory.mktemp("gateways"))
    yield found
    found.release.close()


def test_the_corpus_is_large_and_gets_in_and_stays_out(gateways: Gateways) -> None:
    assert len(gateways.cases) >= 150
    for gateway in GATEWAYS:
        statuses = {answer["status"] for answer in gateways.answers[gateway].values()}
        assert {"200", "400", "401", "403"} <= statuses, gateway


@pytest.mark.req("6.4", "7.2", "E19")
def test_no_bad_token_gets_in_anywhere(gateways: Gateways) -> None:
    assert len(FORGERIES) >= 40
    for gateway in GATEWAYS:
        let_in = {kind for kind in FORGERIES if gateways.answers[gateway][f"token: {kind}"]["status"] != "401"}
        assert let_in == set(), gateway


@pytest.mark.req("7.1", "7.5")
def test_both_gateways_answer_alike_or_the_page_says_why_not(gateways: Gateways) -> None:
    rows = documented()
    unexplained = [
        f"{case.name} | {what} | {values[0]} | {values[1]}"
        for case in gateways.cases
        for what, values in gateways.differences(case.name).items()
        if not any(row.covers(case.name, what, values) for row in rows)
    ]
    assert unexplained == []


def test_every_row_of_the_page_is_still_true(gateways: Gateways) -> None:
    found = [(case.name, *item) for case in gateways.cases for item in gateways.differences(case.name).items()]
    stale = [row for row in documented() if not any(row.covers(*item) for item in found)]
    assert stale == []


def test_the_gateway_of_prod_lets_nothing_in_that_dev_refuses(gateways: Gateways) -> None:
    dev, prod = (gateways.answers[gateway] for gateway in GATEWAYS)
    requests_proper = [case.name for case in gateways.cases if case.method != "OPTIONS"]
    assert [name for name in requests_proper if prod[name]["status"] == "200" != dev[name]["status"]] == []


@pytest.mark.full
@pytest.mark.req("6.8", "7.3")
@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_quota_counts_for_each_key(gateways: Gateways, gateway: str) -> None:
    url, credentials = gateways.deploy(gateway, {**EXPOSE, "quota": {"limit": 3, "period": "day"}})
    headers = {"content-type": "application/json", **credentials}
    statuses = [requests.post(f"{url}/predict", GOOD, headers=headers, timeout=10).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    wrong = requests.post(f"{url}/predict", GOOD, headers={**headers, KEY: "wrong"}, timeout=10)
    assert wrong.status_code == 403, "others are not told of it"


@pytest.mark.full
@pytest.mark.req("7.3")
@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_rate_holds_for_each_key(gateways: Gateways, gateway: str) -> None:
    url, credentials = gateways.deploy(gateway, {**EXPOSE, "rate": {"perSecond": 2, "burst": 2}})
    headers = {"content-type": "application/json", **credentials}
    with ThreadPoolExecutor(10) as callers:  # at once: on a busy machine, one after the other may be slow enough
        answers = callers.map(lambda _: requests.post(f"{url}/predict", GOOD, headers=headers, timeout=60), range(30))
        statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) < statuses.count(429)
