"""Tags of S3 buckets from the call that makes them. moto takes them from PutBucketTagging only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.plane import Call, Gate, Key
from mldeploy_sandbox.world import World


class BucketTags(Gate):
    """Keeps what CreateBucketConfiguration says (Amazon S3 API reference, CreateBucketConfiguration, Tags)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def changes(self, key: Key) -> bool:
        """See `Gate`."""
        return key == ("s3", "CreateBucket")

    def after(self, call: Call, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Gate`."""
        tags = call.params.get("CreateBucketConfiguration", {}).get("Tags", [])
        if tags:
            with self._world.moto.lock:
                found = {tag["Key"]: tag["Value"] for tag in tags}
                self._world.backend("s3", call.region).put_bucket_tagging(call.params["Bucket"], found)
        return result
