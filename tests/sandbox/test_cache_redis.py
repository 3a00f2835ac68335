"""Replication groups that are a real Redis on loopback."""

from __future__ import annotations

import shutil
import socket
from typing import Any

import pytest
import redis
from botocore.exceptions import ClientError
from functions import invoke, make_function
from running_sandbox import Sandbox, eventually

TOKEN = "a-token-of-sixteen-or-more"
needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None and shutil.which("valkey-server") is None,
    reason="needs redis-server or valkey-server on PATH",
)


def make_group(sandbox: Sandbox, name: str, **settings: Any) -> dict[str, Any]:
    """Create a group and wait until it is available."""
    cache = sandbox.client("elasticache")
    made = cache.create_replication_group(
        **{
            "ReplicationGroupId": name,
            "ReplicationGroupDescription": "a cache",
            "Engine": "valkey",
            "CacheNodeType": "cache.t4g.micro",
            "NumCacheClusters": 1,
            **settings,
        }
    )["ReplicationGroup"]
    assert (made["Status"], "NodeGroups" in made) == ("creating", False)

    def look() -> Any:
        group = cache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
        return group if group["Status"] == "available" else None

    return eventually(look)


def address(group: dict[str, Any]) -> dict[str, Any]:
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    return {"host": endpoint["Address"], "port": endpoint["Port"]}


@pytest.mark.req("5.3")
def test_the_reported_endpoint_is_a_redis(sandbox):
    group = make_group(sandbox, "plain")
    assert group["Engine"] == "valkey"
    with redis.Redis(**address(group)) as client:
        client.set("answer", "42", ex=60)
        assert client.get("answer") == b"42"
        assert 0 < client.ttl("answer") <= 60
        assert client.set("answer", "43", nx=True) is None
    assert address(group)["host"] == "127.0.0.1"


def test_each_group_has_a_server_of_its_own(sandbox):
    one, two = (make_group(sandbox, name) for name in ("one", "two"))
    with redis.Redis(**address(one)) as first, redis.Redis(**address(two)) as second:
        first.set("key", "1")
        assert second.get("key") is None


def test_tags_and_changes_are_kept(sandbox):
    cache = sandbox.client("elasticache")
    arn = make_group(sandbox, "tagged", Tags=[{"Key": "team", "Value": "search"}])["ARN"]
    assert cache.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "team", "Value": "search"}]
    cache.modify_replication_group(ReplicationGroupId="tagged", ReplicationGroupDescription="another")
    found = cache.describe_replication_groups(ReplicationGroupId="tagged")["ReplicationGroups"][0]
    assert (found["Description"], found["Status"]) == ("another", "available")


def test_a_deleted_group_is_gone_and_nobody_listens(sandbox):
    cache = sandbox.client("elasticache")
    place = address(make_group(sandbox, "deleted"))
    cache.delete_replication_group(ReplicationGroupId="deleted")
    with pytest.raises(ClientError, match="deleted not found"):
        cache.describe_replication_groups(ReplicationGroupId="deleted")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place["host"], place["port"]), timeout=5)
    make_group(sandbox, "deleted")


@needs_redis
def test_a_password_and_tls_are_enforced(sandbox):
    group = make_group(sandbox, "secret", AuthToken=TOKEN, TransitEncryptionEnabled=True)
    assert (group["AuthTokenEnabled"], group["TransitEncryptionEnabled"]) == (True, True)
    authority = next(sandbox.folder.rglob("authority.pem"))
    secured = {**address(group), "ssl": True, "ssl_ca_certs": str(authority)}
    with redis.Redis(**secured, password=TOKEN) as client:
        assert client.ping()
    for wrong in (None, "another-token-of-enough-length"):
        with redis.Redis(**secured, password=wrong) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
    with redis.Redis(**address(group), password=TOKEN) as client, pytest.raises(redis.ConnectionError):
        client.ping()
    with (
        redis.Redis(**{**secured, "ssl_ca_certs": None}, password=TOKEN) as client,
        pytest.raises(redis.ConnectionError),
    ):
        client.ping()


@needs_redis
def test_a_function_trusts_the_certificate_of_the_group(sandbox):
    group = make_group(sandbox, "trusted", TransitEncryptionEnabled=True)
    source = (
        "import socket, ssl\n"
        "def main(event, context):\n"
        "    plain = socket.create_connection((event['host'], event['port']))\n"
        "    with ssl.create_default_context().wrap_socket(plain, server_hostname=event['host']) as secured:\n"
        "        secured.sendall(b'PING\\r\\n')\n"
        "        return secured.recv(100).decode()\n"
    )
    make_function(sandbox, "trusting", source)
    assert invoke(sandbox, "trusting", address(group)).json == "+PONG\r\n"


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"AuthToken": TOKEN}, "InvalidParameterCombination", "TransitEncryptionEnabled"),
        ({"AuthToken": "short", "TransitEncryptionEnabled": True}, "InvalidParameterValue", "Invalid AuthToken"),
        ({"NumNodeGroups": 2}, "NotImplemented", "one node per replication group"),
    ],
)
def test_a_group_that_cannot_be(sandbox, settings, code, message):
    with pytest.raises(ClientError, match=message) as refused:
        make_group(sandbox, "refused", **settings)
    assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError, match="not found"):
        sandbox.client("elasticache").describe_replication_groups(ReplicationGroupId="refused")


def test_the_name_of_a_group_is_taken_once(sandbox):
    make_group(sandbox, "twice")
    with pytest.raises(ClientError) as refused:
        make_group(sandbox, "twice")
    assert refused.value.response["Error"]["Code"] == "ReplicationGroupAlreadyExists"
