"""Nobody ever gets an answer that was made for somebody else, and no trouble with Redis reaches a caller."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mldeploy_cache.function.answer_cache import AnswerCache, Found
from mldeploy_cache.function.handler import Serving
from mldeploy_cache.function.messages import Answer, read_request
from mldeploy_cache.function.redis_connection import RedisConnection
from tests.cache_function.calling import event
from tests.cache_function.conftest import RedisProcess
from tests.cache_function.stub_endpoint import StubEndpoint

Start = Callable[..., Serving]
BODY = {"instances": ["the same for everybody"]}
MODELS, RELEASES, TENANTS, VARIANTS = ("m1", "m2"), ("r1", "r2"), ("t1", "t2"), ("", "B")
KINDS = list(itertools.product(MODELS, RELEASES, TENANTS, VARIANTS))


def ask(serving: Serving, sent: dict[str, Any]) -> tuple[str, bytes]:
    """Serve on this thread, as one container does; return how the cache took part, and the answer."""
    found, answer = serving.serve(read_request(sent, "invocation"))
    assert answer.status == 200
    return found.value, answer.body


@pytest.mark.req("5.3", "E18")
def test_tenants_models_releases_and_variants_share_nothing(function: Start, endpoint: StubEndpoint) -> None:
    def request(kind: tuple[str, str, str, str]) -> tuple[str, bytes]:
        model, release, tenant, variant = kind
        serving = function(endpoint_name=model, release=f"{model}-{release}")
        headers = {"X_Amzn_SageMaker_Target_Variant": variant} if variant else {}
        return ask(serving, event(BODY, client=tenant, **headers))

    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(request, KINDS))
        second = list(pool.map(request, KINDS))
    assert [cache for cache, _ in first] == ["MISS"] * 16
    assert len({body for _, body in first}) == endpoint.count == 16, "every one was asked for anew"
    assert second == [("HIT", body) for _, body in first], "and everybody gets back their own"


@pytest.mark.req("5.3")
def test_a_hundred_equal_requests_at_once_are_one_prediction(
    function: Start, endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mldeploy_cache.function.answer_cache.PATIENCE", 20)
    containers = [function() for _ in range(20)]
    endpoint.go_on.clear()

    def five_in_turn(serving: Serving) -> list[tuple[str, bytes]]:
        return [ask(serving, event(BODY)) for _ in range(5)]

    with ThreadPoolExecutor(20) as pool:
        futures = [pool.submit(five_in_turn, serving) for serving in containers]
        threading.Timer(0.2, endpoint.go_on.set).start()
        answers = [answer for future in futures for answer in future.result()]
    assert len(answers) == 100
    assert len({body for _, body in answers}) == endpoint.count == 1
    assert sorted(cache for cache, _ in answers) == ["HIT"] * 99 + ["MISS"]


@pytest.mark.req("5.3")
def test_an_answer_that_was_stored_since_we_looked_is_taken(redis: RedisProcess) -> None:
    answer = Answer(status=200, body=b"42", content_type="application/json")

    class Overtaken(RedisConnection):
        """Between our look and our claim, somebody else stores the answer and lets go of the lock."""

        def execute(self, *commands: tuple[bytes, ...]) -> list[bytes | int | None]:
            replies = super().execute(*commands)
            if commands == ((b"GET", b"key"),):
                cache_of(RedisConnection).store(b"key", answer)
            return replies

    def cache_of(kind: type[RedisConnection]) -> AnswerCache:
        connection = kind("127.0.0.1", redis.port, timeout=5)
        return AnswerCache(connection, time_to_live=60, jitter=0, lock_seconds=60)

    assert cache_of(Overtaken).find(b"key") == (Found.HIT, answer)
    assert cache_of(RedisConnection).find(b"key") == (Found.HIT, answer)
    found = RedisConnection("127.0.0.1", redis.port, timeout=5).execute((b"GET", b"key:lock"))
    assert found == [None], "the lock is let go of"


@pytest.mark.req("5.4", "E18")
def test_poison_and_a_kill_under_load_reach_no_caller(function: Start, redis: RedisProcess) -> None:
    bodies = [{"instances": [number]} for number in range(10)]
    for body in bodies:
        ask(function(), event(body))
    containers = [function() for _ in range(8)]

    def load(serving: Serving) -> list[str]:
        return [ask(serving, event(body))[0] for _ in range(10) for body in bodies]

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(load, serving) for serving in containers]
        for key in redis.stored():
            redis.ask("SET", key, '["mldeploy-answer-1", 200]')
        redis.kill()
        seen = {cache for future in futures for cache in future.result()}
    assert "OFF" in seen
    assert seen <= {"HIT", "MISS", "OFF"}


@pytest.mark.req("5.6")
def test_a_password_is_sent_and_a_wrong_one_is_one_more_way_of_not_reaching_redis(
    function: Start, redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []

    def secret(arn: str) -> str:
        reads.append(arn)
        return "right" if arn.endswith("good") else "wrong"

    monkeypatch.setattr("mldeploy_cache.function.password._secret_text", secret)
    redis.ask("CONFIG", "SET", "requirepass", "right")
    assert ask(function(), event(BODY))[0] == "OFF"
    assert ask(function(redis_secret_arn="secret:bad"), event(BODY))[0] == "OFF"
    serving = function(redis_secret_arn="secret:good")
    assert [ask(serving, event(BODY))[0] for _ in range(3)] == ["MISS", "HIT", "HIT"]
    assert reads.count("secret:good") == 1, "read once and kept"
