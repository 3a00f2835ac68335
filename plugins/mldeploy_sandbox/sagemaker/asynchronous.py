"""InvokeEndpointAsync: the request lies in S3, the answer is written there, and a topic is told.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-invoke-endpoint.html
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.sagemaker.capture import get_object, put_object
from mldeploy_sandbox.sagemaker.endpoints import Endpoints
from mldeploy_sandbox.sagemaker.live import Live
from mldeploy_sandbox.sagemaker.runtime import ASYNC_ONLY, INVALID, find_live, predict
from mldeploy_sandbox.world import World

log = logging.getLogger(__name__)


def invoke_endpoint_async(endpoints: Endpoints, world: World, call: Call) -> Mapping[str, Any]:
    """Answer InvokeEndpointAsync at once; the prediction follows in a thread."""
    live = find_live(endpoints, call)
    config = live.record.extras.get("AsyncInferenceConfig")
    if config is None:
        message = f"Endpoint {call.params['EndpointName']} has no AsyncInferenceConfig."
        raise ASYNC_ONLY.refusal(INVALID, message)
    output, number = config["OutputConfig"], uuid.uuid4()
    answer = {
        "InferenceId": call.params.get("InferenceId") or str(uuid.uuid4()),
        "OutputLocation": f"{output['S3OutputPath'].rstrip('/')}/{number}.out",
    }
    if output.get("S3FailurePath"):
        answer["FailureLocation"] = f"{output['S3FailurePath'].rstrip('/')}/{number}-error.out"
    work = _Request(world, live, call, output, answer)
    threading.Thread(target=work.run, name=f"async {live.record.endpoint_name}", daemon=True).start()
    return answer


class _Request:
    """One asynchronous request on its way."""

    def __init__(
        self, world: World, live: Live, call: Call, output: Mapping[str, Any], places: Mapping[str, str]
    ) -> None:
        self._world = world
        self._live = live
        self._call = call
        self._output = output
        self._places = places

    def run(self) -> None:
        """Predict, write the answer or the failure, and tell the topic."""
        try:
            self._finish()
        except AwsError as error:
            log.warning("async request of %s: %s", self._live.record.endpoint_name, error.message)

    def _finish(self) -> None:
        try:
            answer = self._predict()
        except AwsError as error:
            if "FailureLocation" in self._places:
                put_object(self._world, self._call, self._places["FailureLocation"], error.message.encode())
            self._tell("ErrorTopic", "Failed", {"failureReason": error.message})
            return
        location = self._places["OutputLocation"]
        put_object(self._world, self._call, location, answer["Body"], answer["ContentType"])
        self._tell("SuccessTopic", "Completed", {"responseParameters": {"outputLocation": location}})

    def _predict(self) -> Mapping[str, Any]:
        params = dict(self._call.params)
        address = params.pop("InputLocation", None)
        if address is not None:
            body = get_object(self._world, self._call, address)
            if body is None:
                message = f"Received client error: there is no object {address}."
                raise AwsError(INVALID, message)
            params["Body"] = body
        call: Call = replace(self._call, params=params)
        return predict(self._world, self._live, call)

    def _tell(self, topic: str, status: str, details: Mapping[str, Any]) -> None:
        arn = self._output.get("NotificationConfig", {}).get(topic)
        if not arn:
            return
        message = {"invocationStatus": status, "inferenceId": self._places["InferenceId"], **details}
        params = {"TopicArn": arn, "Message": json.dumps(message)}
        self._world.moto.answer(replace(self._call, service="sns", operation="Publish", params=params))
