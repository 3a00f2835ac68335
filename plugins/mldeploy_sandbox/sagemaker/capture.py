"""Data capture: a sample of requests and answers as JSON lines in S3.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.sagemaker.records import EndpointRecord
from mldeploy_sandbox.world import World

TEXT = ("text/csv", "application/json")


class Capture:
    """Keeps one request of one endpoint, if the lot falls on it (SageMaker gathers many in a file)."""

    def __init__(self, world: World, record: EndpointRecord, call: Call) -> None:
        self._world = world
        self._record = record
        self._call = call
        self._config = record.extras["DataCaptureConfig"]

    def keep(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Write the request and the answer, as far as they are asked for."""
        if random.random() * 100 >= self._config["CurrentSamplingPercentage"]:
            return
        now = self._world.clock.now()
        modes = self._record.capture_options
        data = {}
        if "Input" in modes or "InputAndOutput" in modes:
            data["endpointInput"] = _part("INPUT", request.get("ContentType"), request.get("Body", b""))
        if "Output" in modes or "InputAndOutput" in modes:
            data["endpointOutput"] = _part("OUTPUT", answer["ContentType"], answer["Body"])
        event = uuid.uuid4()
        line = {
            "captureData": data,
            "eventMetadata": {
                "eventId": str(event),
                "inferenceId": request.get("InferenceId"),
                "inferenceTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "eventVersion": "0",
        }
        variant, endpoint = answer["InvokedProductionVariant"], self._call.params["EndpointName"]
        key = f"{endpoint}/{variant}/{now:%Y/%m/%d/%H}/{now:%M-%S-%f}-{event}.jsonl"
        put_object(self._world, self._call, f"{self._config['DestinationS3Uri'].rstrip('/')}/{key}", _encoded(line))


def put_object(world: World, call: Call, address: str, body: bytes, content_type: str = "application/json") -> None:
    """Write an object, as SageMaker does under the endpoint's role.

    Raises:
        AwsError: there is no such bucket.
    """
    bucket, _, key = address.removeprefix("s3://").partition("/")
    params = {"Bucket": bucket, "Key": key, "Body": body, "ContentType": content_type}
    world.moto.answer(
        Call(service="s3", operation="PutObject", params=params, region=call.region, account_id=call.account_id)
    )


def get_object(world: World, call: Call, address: str) -> bytes | None:
    """Read an object; None when it is not there."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    params = {"Bucket": bucket, "Key": key}
    read = Call(service="s3", operation="GetObject", params=params, region=call.region, account_id=call.account_id)
    try:
        return bytes(world.moto.answer(read)["Body"])
    except AwsError:
        return None


def _part(mode: str, content_type: str | None, body: bytes) -> dict[str, Any]:
    kind = content_type or "application/octet-stream"
    if kind.split(";")[0].strip() in TEXT:
        return {"observedContentType": kind, "mode": mode, "data": body.decode(errors="replace"), "encoding": "CSV"}
    encoded = base64.b64encode(body).decode()
    return {"observedContentType": kind, "mode": mode, "data": encoded, "encoding": "BASE64"}


def _encoded(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line).encode() + b"\n"
