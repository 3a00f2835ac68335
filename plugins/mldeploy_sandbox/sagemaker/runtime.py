"""InvokeEndpoint: a request to the process of a variant, answered as the SageMaker runtime does."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import urllib3

from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.sagemaker.capture import Capture
from mldeploy_sandbox.sagemaker.containers import Container
from mldeploy_sandbox.sagemaker.endpoints import Endpoints
from mldeploy_sandbox.sagemaker.live import Live
from mldeploy_sandbox.sagemaker.metrics import Invocation
from mldeploy_sandbox.world import World

HEADERS = {
    "ContentType": "Content-Type",
    "Accept": "Accept",
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
    "TargetModel": "X-Amzn-SageMaker-Target-Model",
    "SessionId": "X-Amzn-SageMaker-Session-Id",
}
"""Parameters that reach the container as headers
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html)."""

CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
LONGEST_QUOTE = 1024
SERVERLESS_BYTES = 4 * 1024 * 1024
INVALID = "ValidationError"
"""The runtime's code for requests that it does not take; the control plane says ValidationException."""
SERVERLESS = declare(
    "sagemaker-serverless-limits",
    "sagemaker-runtime:InvokeEndpoint",
    says="A serverless endpoint takes 4 MB, and MaxConcurrency requests at once.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html",
)
ASYNC_ONLY = declare(
    "sagemaker-async-only",
    "sagemaker-runtime:InvokeEndpoint",
    "sagemaker-runtime:InvokeEndpointAsync",
    says="An endpoint is called either with InvokeEndpoint or, with an AsyncInferenceConfig, with InvokeEndpointAsync.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-invoke-endpoint.html",
)
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)


class ModelError(AwsError):
    """The container answered with something else than 2xx, or not in time."""

    def __init__(self, call: Call, container: Container, status: int, original: str) -> None:
        who = "client" if 400 <= status < 500 else "server"
        group = container.log_group
        message = (
            f'Received {who} error ({status}) from primary with message "{original[:LONGEST_QUOTE]}". See '
            f"https://{call.region}.console.aws.amazon.com/cloudwatch/home?region={call.region}#logEventViewer:"
            f"group={group} in account {call.account_id} for more information."
        )
        super().__init__("ModelError", message, 424)
        self.OriginalStatusCode = status
        self.OriginalMessage = original
        self.LogStreamArn = (
            f"arn:aws:logs:{call.region}:{call.account_id}:log-group:{group}:log-stream:{container.log_stream}"
        )


def invoke_endpoint(endpoints: Endpoints, world: World, call: Call) -> Mapping[str, Any]:
    """Answer InvokeEndpoint."""
    live = find_live(endpoints, call)
    if "AsyncInferenceConfig" in live.record.extras:
        message = f"Endpoint {call.params['EndpointName']} takes asynchronous requests only."
        raise ASYNC_ONLY.refusal(INVALID, message)
    _copy_to_shadow(world, live, call)
    answer = predict(world, live, call)
    capture = live.record.extras.get("DataCaptureConfig")
    if capture and capture["EnableCapture"]:
        Capture(world, live.record, call).keep(call.params, answer)
    return answer


def find_live(endpoints: Endpoints, call: Call) -> Live:
    """Return the endpoint that a request is for.

    Raises:
        AwsError: there is none in service.
    """
    name = call.params["EndpointName"]
    live = endpoints.find(call.region, name)
    if live is None or not live.serves:
        message = f"Endpoint {name} of account {call.account_id} not found."
        raise AwsError(INVALID, message)
    return live


def predict(world: World, live: Live, call: Call) -> Mapping[str, Any]:
    """Let a container answer, and count what happened.

    Raises:
        AwsError: the request or the container failed.
    """
    container = _lease(live, call)
    started, status = time.perf_counter(), 503
    try:
        _check_serverless(container, call)
        answer = _invoke(container, call)
        status = 200
    except AwsError as error:
        status = _status_of(error)
        raise
    finally:
        container.finish()
        _count(world, live, container, status, started)
    return answer


def _status_of(error: AwsError) -> int:
    return error.OriginalStatusCode if isinstance(error, ModelError) else error.status


def _count(world: World, live: Live, container: Container, status: int, started: float) -> None:
    """Count one request; `started` is from `time.perf_counter`, because the model works in real time."""
    spent = (time.perf_counter() - started) * 1_000_000
    now, variant = world.clock.monotonic(), container.task.variant
    live.metrics.record(Invocation(time=now, variant=variant, status=status, microseconds=spent))


def _check_serverless(container: Container, call: Call) -> None:
    if container.task.most_at_once is None:
        return
    if len(call.params.get("Body", b"")) > SERVERLESS_BYTES:
        message = f"The request has more than {SERVERLESS_BYTES} bytes, the limit of serverless endpoints."
        raise SERVERLESS.refusal(INVALID, message)
    if container.is_full:
        code, limit = "ThrottlingException", container.task.most_at_once
        message = f"{limit} requests are at work, as many as MaxConcurrency allows."
        raise SERVERLESS.refusal(code, message, 429)


def _copy_to_shadow(world: World, live: Live, call: Call) -> None:
    """Send a copy of a request to the shadow variant; nobody waits for it, and its failures concern nobody."""
    container = live.lease_shadow()
    if container is None:
        return

    def send() -> None:
        started, status = time.perf_counter(), 200
        try:
            _invoke(container, call)
        except AwsError as error:
            status = _status_of(error)
        finally:
            container.finish()
        _count(world, live, container, status, started)

    threading.Thread(target=send, name=f"shadow {container.task.endpoint}", daemon=True).start()


def _invoke(container: Container, call: Call) -> Mapping[str, Any]:
    headers = {HEADERS[name]: value for name, value in call.params.items() if name in HEADERS}
    headers.setdefault("Content-Type", "application/octet-stream")
    try:
        response = container.invoke(call.params.get("Body", b""), headers)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise ModelError(call, container, 0, TIMED_OUT) from error
    except urllib3.exceptions.HTTPError as error:
        code, message = "ServiceUnavailable", f"The container of variant {container.task.variant} is not reachable."
        raise AwsError(code, message, 503) from error
    if not 200 <= response.status < 300:
        raise ModelError(call, container, response.status, response.data.decode(errors="replace"))
    return {
        "Body": response.data,
        "ContentType": response.headers.get("Content-Type", "application/octet-stream"),
        "InvokedProductionVariant": container.task.variant,
        "CustomAttributes": response.headers.get(CUSTOM_ATTRIBUTES),
    }


def not_offered(call: Call) -> Mapping[str, Any]:
    """Refuse what moto would answer with a made-up result."""
    code, message = "NotImplemented", f"the sandbox does not answer {call.service}:{call.operation}"
    raise AwsError(code, message, 501)


def _lease(live: Live, call: Call) -> Container:
    container = live.lease(call.params.get("TargetVariant"))
    if container is None:
        variant, name = call.params.get("TargetVariant", ""), call.params["EndpointName"]
        message = f"Variant {variant} of endpoint {name} not found or without traffic."
        raise AwsError(INVALID, message)
    return container
