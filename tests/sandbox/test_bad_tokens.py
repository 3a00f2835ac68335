"""None of the forged tokens gets in."""

from __future__ import annotations

from typing import Any

import pytest
from forgeries import FORGERIES, Forger
from gateway import Api, Pool, secured_api

BODY = {"instances": ["a"]}


@pytest.fixture(scope="module")
def guarded(sandbox: Any) -> tuple[Api, Forger]:
    api, pool = secured_api(sandbox, "forged")
    return api, Forger(pool, Pool(sandbox, "elsewhere"))


def test_the_list_is_long_enough() -> None:
    assert len(FORGERIES) >= 40


@pytest.mark.req("6.4", "E19")
def test_the_good_token_gets_in(guarded: tuple[Api, Forger]) -> None:
    api, forger = guarded
    assert api.call(BODY, headers={"Authorization": f"Bearer {forger.token}"}).status_code == 201
    again = forger.by_pool()
    assert api.call(BODY, headers={"Authorization": again}).status_code == 201, "the forger's tools work"


@pytest.mark.req("6.4", "E19")
@pytest.mark.parametrize("kind", FORGERIES)
def test_a_bad_token_does_not(guarded: tuple[Api, Forger], kind: str) -> None:
    api, forger = guarded
    answer = api.call(BODY, headers={"Authorization": f"Bearer {FORGERIES[kind](forger)}"})
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (401, "UnauthorizedException")
    assert set(answer.json()) == {"message"}


def test_an_expired_token_is_told_so(guarded: tuple[Api, Forger]) -> None:
    api, forger = guarded
    answer = api.call(BODY, headers={"Authorization": FORGERIES["expired"](forger)})
    assert (answer.status_code, answer.json()) == (401, {"message": "The incoming token has expired"})
