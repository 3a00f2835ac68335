"""Ask the SageMaker endpoint once, and say in HTTP what went wrong.

botocore retries nothing here: a request that timed out may still be computing, and asking again would do the work
twice. Only throttling, which comes before any work, is tried again. Sources of the errors: the service model of
`sagemaker-runtime` in botocore, and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import json
import random
import time
from typing import Any

from mldeploy_cache.function.messages import JSON_TYPE, PROBLEM_TYPE, Answer, Request, problem
from mldeploy_cache.function.settings import Settings

CONNECT_TIMEOUT = 2.0
THROTTLE_PAUSES = (0.1, 0.3)
TRY_LATER = {"Retry-After": "1"}
BUSY = frozenset({"ThrottlingException", "ServiceUnavailable", "ModelNotReadyException"})


class Endpoint:
    """Invokes one endpoint; the client is made with the first request that needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made_client: Any = None

    def invoke(self, request: Request) -> Answer:
        """Return the endpoint's answer, or the problem that stands for its failure."""
        from botocore.exceptions import (  # noqa: PLC0415 - a hit must not pay for it
            ClientError,
            ConnectionError,  # noqa: A004 - botocore's own
            HTTPClientError,
            ReadTimeoutError,
        )

        try:
            return self._ask(request)
        except ClientError as error:
            return _refused(error.response)
        except ReadTimeoutError:
            seconds = self._settings.endpoint_timeout
            return problem(504, f"The model did not answer within {seconds:g} s.")
        except (ConnectionError, HTTPClientError):
            return problem(503, "The model cannot be reached.", TRY_LATER)

    def _ask(self, request: Request) -> Answer:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        for pause in (*THROTTLE_PAUSES, None):
            try:
                found = self._client.invoke_endpoint(**self._parameters(request))
            except ClientError as error:
                if pause is None or error.response["Error"]["Code"] != "ThrottlingException":
                    raise
                time.sleep(pause * random.uniform(0.5, 1.5))
            else:
                return Answer(status=200, body=found["Body"].read(), content_type=found.get("ContentType", JSON_TYPE))
        message = "the last round returns or raises"
        raise AssertionError(message)

    def _parameters(self, request: Request) -> dict[str, Any]:
        parameters = {
            "EndpointName": self._settings.endpoint_name,
            "Body": request.body,
            "ContentType": request.content_type,
            "Accept": request.accept,
        }
        if request.request_id:
            parameters["InferenceId"] = request.request_id
            parameters["CustomAttributes"] = f"request-id={request.request_id}"
        if request.variant:
            parameters["TargetVariant"] = request.variant
        return parameters

    @property
    def _client(self) -> Any:
        if self._made_client is None:
            import botocore.session  # noqa: PLC0415 - a hit must not pay for it
            from botocore.config import Config  # noqa: PLC0415

            config = Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=self._settings.endpoint_timeout,
                retries={"mode": "standard", "total_max_attempts": 1},
            )
            self._made_client = botocore.session.get_session().create_client("sagemaker-runtime", config=config)
        return self._made_client


def _refused(response: dict[str, Any]) -> Answer:
    """Return the answer for an error of InvokeEndpoint."""
    code, message = response["Error"]["Code"], response["Error"].get("Message", "")
    if code == "ModelError":
        return model_error(int(response.get("OriginalStatusCode") or 500), str(response.get("OriginalMessage", "")))
    if code in BUSY:
        return problem(503, "The model is busy.", TRY_LATER)
    if code == "ValidationError" and "not found" in message:
        return problem(503, "The model is not deployed.", {"Retry-After": "60"})
    if code == "ValidationError":
        return problem(400, "SageMaker refused the request: check its headers and the name of the variant.")
    return problem(502, f"SageMaker failed with {code}.")


def model_error(status: int, message: str) -> Answer:
    """Return what the container said when the caller is to blame, and no more than a status when it is not."""
    if status in {429, 503}:
        return problem(503, "The model is busy.", TRY_LATER)
    if status >= 500 or status < 400:
        return problem(504 if status == 504 else 502, "The model failed on this request.")
    try:
        document = json.loads(message)
    except ValueError:
        document = None
    if isinstance(document, dict):
        return Answer(status=status, body=message.encode(), content_type=PROBLEM_TYPE)
    return problem(status, "The model refused this request.")
