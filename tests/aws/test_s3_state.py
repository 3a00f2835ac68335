"""Records and the leased lock in S3, by conditional writes, against the sandbox."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from mldeploy.errors import RefusedError, UsageError
from mldeploy_aws import s3_lock, s3_state
from mldeploy_aws.s3_state import S3StateStore
from tests.aws.s3_stores import BUCKET, REGION, bodies, heard, holder, store_at, tell
from tests.core.test_state_files import record
from tests.sandbox.running_sandbox import TRUST, Sandbox


@pytest.fixture
def s3(sandbox: Sandbox) -> Iterator[Any]:
    client = sandbox.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield client
    for key in bodies(client):
        client.delete_object(Bucket=BUCKET, Key=key)
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def store(sandbox: Sandbox, s3: Any) -> S3StateStore:
    return store_at(sandbox.running.url)[0]


class TestRecords:
    def test_they_come_back_in_order_and_are_forgotten_one_by_one(self, store: S3StateStore) -> None:
        for number in (10, 1, 2):
            store.save(record(number))
        store.forget(2)
        store.forget(99)
        assert store.records() == [record(1), record(10)]

    def test_a_changed_record_is_seen_and_damage_is_left_out(self, store: S3StateStore, s3: Any) -> None:
        store.save(record(1))
        assert store.records()[0].outcome == "running"
        changed = record(1)
        changed.outcome = "deployed"
        store.save(changed)
        s3.put_object(Bucket=BUCKET, Key="deployments/toy/dev/r0002.json", Body=b'{"cut off')
        assert [found.outcome for found in store.records()] == ["deployed"]

    @pytest.mark.req("E3")
    def test_a_record_whose_answer_was_lost_is_written_whole(
        self, store: S3StateStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        losses = lose_an_answer(store._aws.client("s3"), monkeypatch)
        store.save(record(1))
        assert not losses
        assert store.records() == [record(1)]

    def test_releases_and_environments_do_not_see_each_other(self, store: S3StateStore, s3: Any) -> None:
        store.save(record(1))
        assert list(bodies(s3)) == ["deployments/toy/dev/r0001.json"]

    def test_a_bucket_that_is_not_there_is_named(self, sandbox: Sandbox) -> None:
        with pytest.raises(UsageError, match="no-such-bucket") as refused:
            store_at(sandbox.running.url, "s3://no-such-bucket/x")[0].records()
        assert "aws s3 mb" in refused.value.hint


class TestLock:
    @pytest.mark.req("E9")
    @pytest.mark.parametrize("count", [4, pytest.param(20, marks=pytest.mark.full)])
    def test_of_many_processes_one_wins_and_the_others_learn_its_name(
        self, sandbox: Sandbox, s3: Any, count: int
    ) -> None:
        racers = [holder(sandbox.running.url, f"racer {number}") for number in range(count)]
        for racer in racers:
            assert heard(racer) == "ready"
        for racer in racers:
            tell(racer)
        lines = [heard(racer) for racer in racers]
        winner = lines.index("held")
        assert lines.count("held") == 1
        assert all(f"racer {winner}" in line for line in lines if line != "held")
        for racer in racers:
            racer.communicate()
        assert bodies(s3) == {}

    @pytest.mark.req("E9")
    def test_the_lock_of_a_killed_process_is_taken_when_its_lease_ends(
        self, sandbox: Sandbox, store: S3StateStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        killed = holder(sandbox.running.url, "killed")
        tell(killed)
        assert [heard(killed), heard(killed)] == ["ready", "held"]
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
        with pytest.raises(RefusedError, match="killed"), store.lock("next"):
            pass
        monkeypatch.setattr(s3_lock, "LEASE", timedelta(seconds=-1))
        with store.lock("next"):
            assert store.holder().command == "next"
        assert store.holder() is None

    @pytest.mark.req("E9")
    def test_a_paused_run_that_lost_its_lock_changes_nothing_more(
        self, sandbox: Sandbox, store: S3StateStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        iam = sandbox.client("iam")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
        paused, context = store_at(sandbox.running.url)
        client = context.provider("aws").client("iam")
        with paused.lock("paused"):
            client.tag_role(RoleName="r", Tags=[{"Key": "by", "Value": "paused"}])
            monkeypatch.setattr(s3_lock, "LEASE", timedelta(seconds=-1))
            with store.lock("next"):
                monkeypatch.setattr(s3_lock, "FRESH_SECONDS", 0.0)  # as after a pause
                with pytest.raises(RefusedError, match="lost its lock"):
                    client.tag_role(RoleName="r", Tags=[{"Key": "by", "Value": "too late"}])
                with pytest.raises(RefusedError, match="lost its lock"):
                    paused.save(record(1))
                assert iam.list_role_tags(RoleName="r")["Tags"] == [{"Key": "by", "Value": "paused"}]
            assert store.records() == []
        client.delete_role(RoleName="r")  # who holds no lock is not guarded

    def test_a_slow_run_that_lost_nothing_renews_its_lease_and_goes_on(
        self, store: S3StateStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3_lock, "FRESH_SECONDS", 0.0)
        with store.lock("slow"):
            store.save(record(1))
        assert len(store.records()) == 1

    def test_unlock_takes_it_and_the_earlier_holder_does_not_take_it_back(
        self, sandbox: Sandbox, store: S3StateStore, s3: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3_state, "HEARTBEAT_SECONDS", 0.05)
        other = store_at(sandbox.running.url)[0]
        with store.lock("first"):
            other.unlock()
            with other.lock("second"):
                with pytest.raises(RefusedError, match="second"), store_at(sandbox.running.url)[0].lock("third"):
                    pass
                store._lock.beat()
                assert other.holder().command == "second"
        assert other.holder() is None

    @pytest.mark.req("E3")
    def test_a_lost_answer_does_not_lock_us_out(self, store: S3StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
        losses = lose_an_answer(store._aws.client("s3", guarded=False), monkeypatch)
        with store.lock("mine"):
            assert not losses
            assert store.holder().command == "mine"

    def test_an_object_that_is_no_lock_blocks_for_one_lease_only(
        self, store: S3StateStore, s3: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        s3.put_object(Bucket=BUCKET, Key="deployments/toy/dev/lock.json", Body=b"[]")
        with pytest.raises(RefusedError, match="unknown"), store.lock("mine"):
            pass
        monkeypatch.setattr(s3_lock, "LEASE", timedelta(seconds=-1))
        with store.lock("mine"):
            assert store.holder().command == "mine"


def lose_an_answer(client: Any, monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Let S3 do what the next PutObject asks for, and lose its answer; the list is empty once that has happened."""
    send, losses = client._endpoint.make_request, [ReadTimeoutError(endpoint_url="s3")]

    def make_request(operation: Any, request: Any) -> Any:
        answer = send(operation, request)
        if operation.name == "PutObject" and losses:
            raise losses.pop()
        return answer

    monkeypatch.setattr(client._endpoint, "make_request", make_request)
    return losses
