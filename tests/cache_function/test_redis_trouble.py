"""An outage of the cache is not an outage of the service; and many equal requests at once cost one prediction."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from mldeploy_cache.function.answer_cache import REDIS_TIMEOUT
from mldeploy_cache.function.handler import Serving
from tests.cache_function.calling import cache_of, call, event
from tests.cache_function.conftest import RedisProcess
from tests.cache_function.stub_endpoint import StubEndpoint

Start = Callable[..., Serving]


@pytest.mark.req("5.4")
def test_redis_killed_in_the_middle_costs_no_answer(function: Start, redis: RedisProcess) -> None:
    serving = function()
    assert cache_of(call(serving, event({"instances": [0]}))) == "MISS"
    redis.kill()
    answers = [call(serving, event({"instances": [0]})) for _ in range(20)]
    assert {answer["statusCode"] for answer in answers} == {200}
    assert {cache_of(answer) for answer in answers} == {"OFF"}


def connections(server: socket.socket) -> int:
    """Return how many connections wait to be accepted."""
    server.setblocking(False)
    found = []
    with suppress(BlockingIOError), ExitStack() as opened:
        while True:
            found.append(opened.enter_context(server.accept()[0]))
    return len(found)


@pytest.mark.req("5.4")
def test_a_redis_that_hangs_is_left_alone_after_two_tries(
    function: Start, endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mldeploy_cache.function.handler.REDIS_TIMEOUT", REDIS_TIMEOUT)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        serving = function(redis_port=silent.getsockname()[1])
        call(serving, event({"instances": ["first, makes the client"]}))
        answers = [call(serving, event({"instances": [number]})) for number in range(20)]
        tries = connections(silent)
    assert {(answer["statusCode"], cache_of(answer)) for answer in answers} == {(200, "OFF")}
    assert tries == 2, "each request waited for Redis"
    assert endpoint.count == 21


def test_a_connection_that_redis_closed_is_made_anew(function: Start, redis: RedisProcess) -> None:
    serving = function()
    call(serving, event({"instances": [0]}))
    redis.ask("CLIENT", "KILL", "TYPE", "normal")
    assert cache_of(call(serving, event({"instances": [0]}))) == "HIT"


def test_a_server_that_is_not_redis_is_no_reason_to_fail(function: Start, endpoint: StubEndpoint) -> None:
    answer = call(function(redis_port=endpoint.server_port), event({"instances": [0]}))
    assert (answer["statusCode"], cache_of(answer)) == (200, "OFF")


def test_a_full_redis_is_no_reason_to_fail(function: Start, redis: RedisProcess) -> None:
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    answer = call(function(), event({"instances": [0]}))
    assert answer["statusCode"] == 200


@pytest.mark.req("5.3")
def test_equal_requests_at_once_in_many_containers_make_one_prediction(
    function: Start, endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mldeploy_cache.function.answer_cache.PATIENCE", 20)
    containers = [function() for _ in range(8)]
    endpoint.go_on.clear()
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(call_without_patching, one, event({"instances": [1]})) for one in containers]
        threading.Timer(0.3, endpoint.go_on.set).start()
        found = sorted(future.result() for future in futures)
    assert endpoint.count == 1
    assert found == ["HIT"] * 7 + ["MISS"]


def call_without_patching(serving: Serving, sent: dict[str, object]) -> str:
    """Serve on this thread; `call` patches a module and is for one thread."""
    from mldeploy_cache.function.messages import read_request

    found, answer = serving.serve(read_request(sent, "invocation"))
    assert answer.status == 200
    return found.value


@pytest.mark.req("5.3")
def test_a_container_that_died_with_the_lock_does_not_block_others(function: Start, redis: RedisProcess) -> None:
    serving = function(endpoint_timeout=30)
    call(serving, event({"instances": [1]}))
    (key,) = redis.stored()
    redis.ask("DEL", key)
    redis.ask("SET", f"{key}:lock", "1", "PX", "30000")
    started = time.monotonic()
    answer = call(serving, event({"instances": [1]}))
    assert (answer["statusCode"], cache_of(answer)) == (200, "MISS")
    assert time.monotonic() - started < 2
