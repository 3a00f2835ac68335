"""The door `state` in S3: one object per release record, and the lock beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mldeploy.errors import UsageError
from mldeploy.lease import HEARTBEAT_SECONDS, LEASE, heartbeat
from mldeploy.record import Record
from mldeploy_aws.answers import says_gone
from mldeploy_aws.contract import unguarded
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import translated
from mldeploy_aws.s3_lock import S3Lock

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy.doors import Holder
    from mldeploy_aws.world import Aws


class S3StateStore:
    """One folder per release and environment: `r0001.json` per record, and `lock.json`.

    While the lock is held, each call that changes something in AWS makes sure first that it still is.
    """

    def __init__(self, context: Context, place: str) -> None:
        self._aws: Aws = context.provider("aws")
        self._bucket, _, folder = place.removeprefix("s3://").partition("/")
        self._folder = "/".join(filter(None, [folder.strip("/"), context.name, context.env])) + "/"
        self._lock = S3Lock(self._aws.client("s3", guarded=False), self._bucket, f"{self._folder}lock.json")
        self._read: dict[tuple[str, str], bytes] = {}

    def records(self) -> list[Record]:
        """Return the records that are kept, oldest first; an object that is not a record is left out.

        Raises:
            UsageError: there is no such bucket.
        """
        with translated("reading release records"):
            try:
                pages = self._client.get_paginator("list_objects_v2").paginate(
                    Bucket=self._bucket, Prefix=f"{self._folder}r"
                )
                listed = [(item["Key"], item["ETag"]) for page in pages for item in page.get("Contents", [])]
            except Exception as error:
                if says_gone(error):
                    raise self._no_bucket() from error
                raise
            bodies = [self._body(key, etag) for key, etag in sorted(listed)]
        found = []
        for body in bodies:
            with suppress(KeyError, TypeError, ValueError):
                found.append(Record.from_json(json.loads(body)))
        return found

    def save(self, record: Record) -> None:
        """Write one record whole: S3 shows the old or the new object, never half."""
        body = json.dumps(record.to_json(), ensure_ascii=False).encode()
        with translated("saving the release record"):
            self._client.put_object(
                Bucket=self._bucket, Key=self._key(record.number), Body=body, ContentType="application/json"
            )

    def forget(self, number: int) -> None:
        """Drop the record of one release; dropping what is not there is fine."""
        with translated("forgetting a release record"):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(number))

    @contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Hold the environment; the lease is renewed while the run lives and expires when it does not.

        Raises:
            RefusedError: somebody else holds it.
        """
        self._lock.take(command)
        self._aws.contract.guard = self._lock.check
        try:
            with heartbeat(self._lock.beat, HEARTBEAT_SECONDS):
                yield
        finally:
            self._aws.contract.guard = unguarded
            with translated("releasing the lock"):
                self._lock.release()

    def holder(self) -> Holder | None:
        """Return who holds the lock; None when it is free or expired."""
        written = self._lock.written()
        return None if written is None or written.age > LEASE else written.holder

    def unlock(self) -> None:
        """Take the lock away from its holder."""
        with translated("taking the lock away"):
            self._lock.take_away()

    @property
    def _client(self) -> Any:
        return self._aws.client("s3")

    def _key(self, number: int) -> str:
        return f"{self._folder}r{number:04}.json"

    def _body(self, key: str, etag: str) -> bytes:
        """Return an object's content, fetched once per version; empty when it is gone."""
        if (key, etag) not in self._read:
            answer = found_or_none(lambda: self._client.get_object(Bucket=self._bucket, Key=key), "NoSuchKey", "404")
            self._read[key, etag] = answer["Body"].read() if answer else b""
        return self._read[key, etag]

    def _no_bucket(self) -> UsageError:
        message = f"release.yaml keeps its state in the bucket {self._bucket}, which does not exist"
        return UsageError(message, hint=f"make it (`aws s3 mb s3://{self._bucket}`), or correct `state`")
