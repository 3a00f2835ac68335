"""Injected faults as a client meets them: over real sockets, and with what they leave in the world."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import requests
from botocore.exceptions import ClientError, HTTPClientError
from running_sandbox import Sandbox, eventually

from mldeploy_sandbox import client


@pytest.fixture(autouse=True)
def no_faults_afterwards(sandbox: Sandbox) -> Iterator[None]:
    yield
    inject(sandbox, "")


def inject(sandbox: Sandbox, plan: str) -> None:
    client.ask(sandbox.running, "POST", "faults", {"plan": plan})


def outcome(call: Any, **params: Any) -> str:
    try:
        call(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except HTTPClientError as error:
        return type(error).__name__
    return "ok"


@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("apigateway", "get_rest_apis", "TooManyRequestsException"),
        ("application-autoscaling", "describe_scalable_targets", "ThrottlingException"),
        ("ecr", "describe_repositories", "ThrottlingException"),
        ("iam", "list_roles", "Throttling"),
        ("lambda", "list_functions", "TooManyRequestsException"),
        ("s3", "list_buckets", "SlowDown"),
        ("sagemaker", "list_models", "ThrottlingException"),
    ],
)
def test_a_throttled_call_gets_through_in_the_end(sandbox, service, method, code):
    inject(sandbox, "* throttle:2")
    params = {"ServiceNamespace": "sagemaker"} if service == "application-autoscaling" else {}
    call = getattr(sandbox.client(service), method)
    assert [outcome(call, **params) for _ in range(3)] == [code, code, "ok"]


def test_a_service_breaks_down(sandbox):
    inject(sandbox, "lambda:ListFunctions#1 5xx")
    call = sandbox.client("lambda").list_functions
    assert [outcome(call), outcome(call)] == ["ServiceException", "ok"]


def test_a_lost_answer_leaves_the_thing_and_a_lost_request_does_not(sandbox):
    logs = sandbox.client("logs")
    inject(sandbox, "logs:CreateLogGroup#1 drop-after, logs:CreateLogGroup#2 drop-before")
    assert outcome(logs.create_log_group, logGroupName="after") == "ConnectionClosedError"
    assert outcome(logs.create_log_group, logGroupName="before") == "ConnectionClosedError"
    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert ("after" in names, "before" in names) == (True, False)
    cut = [call for call in client.calls(sandbox.running) if call["operation"] == "CreateLogGroup"]
    assert [(call["error"], call["fault"]) for call in cut] == [
        ("ConnectionCut", "drop-after"),
        ("ConnectionCut", "drop-before"),
    ]


def test_a_stale_read_shows_what_was_there_before(sandbox):
    iam = sandbox.client("iam")
    inject(sandbox, "iam:GetRole#2 stale-read")
    assert outcome(iam.get_role, RoleName="sagemaker") == "NoSuchEntity"
    sandbox.role()  # asks first, which is the second call, then makes it
    assert outcome(iam.get_role, RoleName="sagemaker") == "ok"
    inject(sandbox, "iam:GetRole#2-3 stale-read")
    assert outcome(iam.get_role, RoleName="sagemaker") == "ok"
    iam.delete_role(RoleName="sagemaker")
    assert [outcome(iam.get_role, RoleName="sagemaker") for _ in range(3)] == ["ok", "ok", "NoSuchEntity"]


def test_a_delay_is_real(sandbox):
    call = sandbox.client("sts").get_caller_identity
    call()
    inject(sandbox, "sts:* delay:300ms")
    begin = time.monotonic()
    call()
    assert time.monotonic() - begin >= 0.3


def test_pings_fail_until_they_do_not(sandbox):
    inject(sandbox, "slow#1-3 ping-fail")
    sandbox.deploy("slow")
    assert client.ask(sandbox.running, "GET", "faults")["hits"] == {"ping-fail": 3}


def test_a_cache_goes_down_and_comes_back(sandbox):
    caches = sandbox.client("elasticache")
    caches.create_replication_group(ReplicationGroupId="down", ReplicationGroupDescription="d", Engine="redis")

    def find() -> Any:
        return caches.describe_replication_groups(ReplicationGroupId="down")["ReplicationGroups"][0]

    group = eventually(lambda: found if (found := find())["Status"] == "available" else None)
    address = group["NodeGroups"][0]["PrimaryEndpoint"]
    server = redis.Redis(host=address["Address"], port=address["Port"], socket_timeout=0.3, retry=None)
    assert server.ping()
    inject(sandbox, "down redis-down")
    with pytest.raises(redis.exceptions.TimeoutError):
        server.ping()
    inject(sandbox, "")
    assert server.ping()
    server.close()
    caches.delete_replication_group(ReplicationGroupId="down")


def test_keys_cannot_be_fetched(sandbox):
    pool = sandbox.client("cognito-idp").create_user_pool(PoolName="keys")["UserPool"]["Id"]
    url = f"{sandbox.running.url}/cognito/{pool}/.well-known/jwks.json"
    assert requests.get(url, timeout=5).json()["keys"]
    inject(sandbox, f"{pool}#1 jwks-down")
    assert [requests.get(url, timeout=5).status_code for _ in range(2)] == [503, 200]


def test_the_same_seed_gives_the_same_faults(sandbox):
    call = sandbox.client("ecr").describe_repositories

    def series(seed: int) -> list[str]:
        inject(sandbox, f"ecr:* 5xx @0.5, seed={seed}")
        return [outcome(call) for _ in range(16)]

    first = series(3)
    assert series(3) == first
    assert set(first) == {"ok", "ServerException"}
    assert series(4) != first
