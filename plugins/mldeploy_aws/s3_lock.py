"""A leased lock in S3: one object, changed by conditional writes only, so that of many writers one wins.

Source: Amazon S3 user guide, "How to prevent object overwrites with conditional writes" and "How to perform
conditional deletes".
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from mldeploy.doors import Holder
from mldeploy.errors import MldeployError, RefusedError
from mldeploy.lease import LEASE, held, lease_end, ourselves
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import code_of, translated

FRESH_SECONDS = 60.0
"""How old our own lease may be when we change something; an older one is renewed first."""
MISSED = ("PreconditionFailed", "412", "404", "NoSuchKey")
"""Somebody else was faster."""
TOKEN = "token"  # noqa: S105 - tells two runs apart, and opens nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The lock as it lies in S3, with its age by S3's own clock: those of the machines may differ."""

    holder: Holder
    token: str
    etag: str
    age: timedelta


class S3Lock:
    """The lock of one environment. `client` must not be guarded by this lock."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._object = {"Bucket": bucket, "Key": key}
        self._renewing = threading.Lock()
        self._token = uuid.uuid4().hex
        self._etag = ""
        self._renewed = (0.0, 0.0)
        self._holder: Holder | None = None

    def take(self, command: str) -> None:
        """Hold the lock.

        Raises:
            RefusedError: somebody else holds it.
        """
        ours = ourselves(command)
        written = self.written()
        if written is not None and written.age <= LEASE:
            raise held(written.holder)
        with translated("taking the lock"):
            condition = {"IfNoneMatch": "*"} if written is None else {"IfMatch": written.etag}
            if self._put(ours, condition):
                return
        winner = self.written()
        if winner is None:
            message = "the lock changed hands while we tried to take it"
            raise RefusedError(message, hint="run again")
        raise held(winner.holder)

    def renew(self) -> None:
        """Lengthen our lease; where somebody has taken the lock, `check` says so."""
        with self._renewing:
            if self._holder is None:
                return
            renewed = replace(self._holder, expires=lease_end())
            if not self._put(renewed, {"IfMatch": self._etag}):
                self._holder = None

    def beat(self) -> None:
        """Renew in the background: trouble on the way to S3 passes, or `check` meets it."""
        try:
            with translated("renewing the lock"):
                self.renew()
        except MldeployError:
            return

    def check(self) -> None:
        """Make sure that the lock is ours before something is changed.

        Raises:
            RefusedError: somebody took it, which they may when this process was paused or cut off for longer than the
                lease.
        """
        if self._holder is not None and self._age() < FRESH_SECONDS:
            return
        with translated("renewing the lock"):
            self.renew()
        if self._holder is None:
            message = "this run lost its lock: it was paused or cut off, and another run has taken the environment"
            raise RefusedError(message, hint="nothing more was changed; wait for the other run, then run again")

    def release(self) -> None:
        """Let go; the lock of somebody who took it in the meantime stays."""
        with self._renewing:
            if self._holder is not None:
                self._holder = None
                found_or_none(lambda: self._client.delete_object(**self._object, IfMatch=self._etag), *MISSED)

    def take_away(self) -> None:
        """Remove the lock that lies there now."""
        written = self.written()
        if written is not None:
            found_or_none(lambda: self._client.delete_object(**self._object, IfMatch=written.etag), *MISSED)

    def written(self) -> Written | None:
        """Return the lock that lies in S3, expired or not; None when there is none."""
        with translated("reading the lock"):
            answer = found_or_none(lambda: self._client.get_object(**self._object), "NoSuchKey", "404")
            if answer is None:
                return None
            body = answer["Body"].read()
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        changed: datetime = answer["LastModified"]
        holder, token = _parsed(body)
        return Written(holder=holder, token=token, etag=answer["ETag"], age=now - changed)

    def _put(self, holder: Holder, condition: dict[str, str]) -> bool:
        """Write ourselves under a condition; return whether the lock is ours now."""
        body = json.dumps({**asdict(holder), TOKEN: self._token}).encode()
        try:
            etag = self._client.put_object(**self._object, Body=body, **condition)["ETag"]
        except ClientError as error:
            if code_of(error) not in MISSED:
                raise
            written = self.written()  # it may be our own write: an earlier attempt whose answer was lost
            if written is None or written.token != self._token:
                return False
            etag = written.etag
        self._etag, self._holder = etag, holder
        self._renewed = (time.monotonic(), time.time())
        return True

    def _age(self) -> float:
        """Return the seconds since our last renewal; the monotonic clock may stand still while a machine sleeps."""
        monotonic, wall = self._renewed
        return max(time.monotonic() - monotonic, time.time() - wall)


def _parsed(body: bytes) -> tuple[Holder, str]:
    """Return who holds the lock and its token; an object that is none of ours has an unknown holder."""
    try:
        values = json.loads(body)
        return Holder(**{key: value for key, value in values.items() if key != TOKEN}), str(values[TOKEN])
    except (AttributeError, KeyError, TypeError, ValueError):
        unknown = "unknown"
        return Holder(who=unknown, host=unknown, pid=0, command=unknown, since=unknown, expires=unknown), ""
