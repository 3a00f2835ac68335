"""What is answered from Redis and what is not, with a real redis-server."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mldeploy_cache.function.handler import Serving
from tests.cache_function.calling import cache_of, call, event
from tests.cache_function.conftest import RedisProcess
from tests.cache_function.stub_endpoint import StubEndpoint

Start = Callable[..., Serving]
BODY = {"instances": ["good"], "options": {"a": 1, "b": [1.5, None]}}


@pytest.mark.req("5.3", "Q8")
def test_the_second_equal_request_is_a_hit_with_the_same_answer(function: Start, endpoint: StubEndpoint) -> None:
    first, second = call(function(), event(BODY)), call(function(), event(BODY))
    assert (cache_of(first), cache_of(second)) == ("MISS", "HIT")
    assert first["body"] == second["body"] == {"answer": 1}
    assert first["statusCode"] == second["statusCode"] == 200
    assert endpoint.count == 1


@pytest.mark.req("5.3")
@pytest.mark.parametrize(
    "same",
    [
        '{"options": {"b": [1.5, null], "a": 1}, "instances": ["good"]}',
        '{"instances":["good"],"options":{"a":1,"b":[1.50,null]}}',
        '{"instances": ["\\u0067ood"], "options": {"a": 1, "b": [15e-1, null]}}\n',
    ],
)
def test_spaces_key_order_and_spelling_do_not_matter(function: Start, same: str) -> None:
    serving = function()
    call(serving, event(BODY))
    assert cache_of(call(serving, event(same))) == "HIT"


@pytest.mark.req("5.3", "E18")
@pytest.mark.parametrize(
    "other",
    [
        event({**BODY, "instances": ["bad"]}),
        event({**BODY, "options": {"a": 1.0, "b": [1.5, None]}}),
        event({**BODY, "options": {"a": True, "b": [1.5, None]}}),
        event({**BODY, "options": {"a": "1", "b": [1.5, None]}}),
        event({**BODY, "options": {"a": 1, "b": [None, 1.5]}}),
        event(BODY, client="client-b"),
        event(BODY, Accept="text/csv"),
        event(BODY, X_Amzn_SageMaker_Target_Variant="B"),
        {**event(BODY), "headers": {"Content-Type": "application/x-json-lines"}},
        event('{"instances": ["good"], "instances": ["good"], "options": {"a": 1, "b": [1.5, null]}}'),
    ],
    ids=["body", "float", "bool", "string", "order", "caller", "accept", "variant", "content-type", "repeated-key"],
)
def test_what_may_be_answered_differently_is_no_hit(function: Start, other: dict[str, object]) -> None:
    serving = function()
    call(serving, event(BODY))
    assert cache_of(call(serving, other)) == "MISS"


@pytest.mark.req("5.3", "E18", "F6")
def test_another_release_finds_nothing_and_going_back_to_a_name_finds_nothing_either(function: Start) -> None:
    call(function(release="config-1:1"), event(BODY))
    assert cache_of(call(function(release="config-2:2"), event(BODY))) == "MISS"
    assert cache_of(call(function(release="config-1:3"), event(BODY))) == "MISS"
    assert cache_of(call(function(release="config-1:1"), event(BODY))) == "HIT"


@pytest.mark.req("5.3")
def test_no_cache_asks_the_endpoint_and_renews_the_stored_answer(function: Start, endpoint: StubEndpoint) -> None:
    serving = function()
    call(serving, event(BODY))
    fresh = call(serving, event(BODY, Cache_Control="max-age=0, no-cache"))
    assert (cache_of(fresh), fresh["body"]) == ("BYPASS", {"answer": 2})
    assert call(serving, event(BODY))["body"] == {"answer": 2}
    assert endpoint.count == 2


def test_no_store_leaves_the_cache_as_it_is(function: Start, redis: RedisProcess) -> None:
    assert cache_of(call(function(), event(BODY, Cache_Control="no-store"))) == "BYPASS"
    assert redis.stored() == []


@pytest.mark.req("5.3")
def test_errors_are_not_stored(function: Start, endpoint: StubEndpoint, redis: RedisProcess) -> None:
    serving = function()
    endpoint.fail(424, "ModelError", OriginalStatusCode=422, OriginalMessage='{"title": "no"}')
    assert call(serving, event(BODY))["statusCode"] == 422
    assert redis.stored() == [], "nothing stored, and the lock is gone"
    assert call(serving, event(BODY))["statusCode"] == 200


@pytest.mark.req("5.3")
def test_lifetimes_are_spread_around_the_time_to_live(function: Start, redis: RedisProcess) -> None:
    serving = function(time_to_live=1000, jitter=0.1)
    for number in range(30):
        call(serving, event({"instances": [number]}))
    lifetimes = [int(redis.ask("TTL", key)) for key in redis.stored()]
    assert len(lifetimes) == 30
    assert all(899 <= seconds <= 1100 for seconds in lifetimes)
    assert len(set(lifetimes)) > 5


@pytest.mark.req("E18")
@pytest.mark.parametrize(
    "poison", ["", "garbage", '["mldeploy-answer-1", 500, "text/plain"]\nx', "[1]\n{}", "null\n", "[" * 99_999]
)
def test_a_value_that_is_not_ours_is_a_miss_and_replaced(function: Start, redis: RedisProcess, poison: str) -> None:
    serving = function()
    call(serving, event(BODY))
    (key,) = redis.stored()
    redis.ask("SET", key, poison)
    assert cache_of(call(serving, event(BODY))) == "MISS"
    assert cache_of(call(serving, event(BODY))) == "HIT"


def test_binary_answers_come_back_from_the_cache_as_they_were(function: Start, endpoint: StubEndpoint) -> None:
    endpoint.body, endpoint.content_type = bytes(range(256)), "application/octet-stream"
    serving = function()
    first, second = call(serving, event(b"\x93NUMPY\n")), call(serving, event(b"\x93NUMPY\n"))
    assert cache_of(second) == "HIT"
    assert first["isBase64Encoded"] is True
    assert first["body"] == second["body"]


def test_keys_show_the_release_and_hide_the_request(function: Start, redis: RedisProcess) -> None:
    call(function(), event({"instances": ["a secret diary"]}))
    (key,) = redis.stored()
    assert key.startswith("mldeploy:sentiment-dev-1a2b3c4d:1:")
    assert "secret" not in key
    assert json.dumps("diary") not in key
