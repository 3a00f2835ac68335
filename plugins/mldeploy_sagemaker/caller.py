"""The door `caller` of an endpoint without a gateway: requests signed with AWS credentials."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mldeploy.doors import Answer
from mldeploy.errors import UsageError
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import code_of, translated

if TYPE_CHECKING:
    from mldeploy import Context

ASYNC_SECONDS = 3600
DEFAULT_TYPE = "application/json"


class RuntimeCaller:
    """Calls InvokeEndpoint; an async endpoint gets the request through S3, and the answer is waited for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._name = f"{context.name}-{context.env}"

    @property
    def url(self) -> str:
        """The address that predictions are posted to.

        Raises:
            UsageError: the endpoint is not deployed.
        """
        outputs = self._context.outputs(f"mldeploy::RuntimeAddress/{self._name}")
        if "Url" not in outputs:
            message = f"{self._name} is not deployed in environment '{self._context.env}'"
            raise UsageError(message, hint=f"deploy with `mldeploy run --env {self._context.env}`")
        return str(outputs["Url"])

    def credentials(self) -> Mapping[str, str]:
        """Return no headers: every request carries a signature of its own (Signature Version 4)."""
        return {}

    def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request.

        Raises:
            DeployError: AWS refused it, or no answer came.
        """
        given = {name.lower(): value for name, value in headers.items()}
        types = {"ContentType": given.get("content-type", DEFAULT_TYPE), "Accept": given.get("accept", DEFAULT_TYPE)}
        asynchronous = self._context.config.get("endpoint", {}).get("mode") == "async"
        started = time.perf_counter()
        with translated(f"calling endpoint {self._name}"):
            status, kind, content = self._async(body, types) if asynchronous else self._sync(body, types)
        return Answer(
            status=status, headers={"content-type": kind}, body=content, seconds=time.perf_counter() - started
        )

    def _sync(self, body: bytes, types: Mapping[str, str]) -> tuple[int, str, bytes]:
        client = self._context.provider("aws").client("sagemaker-runtime")
        try:
            answer = client.invoke_endpoint(EndpointName=self._name, Body=body, **types)
        except ClientError as error:
            if code_of(error) != "ModelError":
                raise
            found = error.response
            return int(found.get("OriginalStatusCode", 500)), DEFAULT_TYPE, str(found["OriginalMessage"]).encode()
        return 200, answer["ContentType"], answer["Body"].read()

    def _async(self, body: bytes, types: Mapping[str, str]) -> tuple[int, str, bytes]:
        """Put the request into S3, ask, wait for the answer or the failure, and take all of it away again."""
        aws = self._context.provider("aws")
        s3, runtime = aws.client("s3"), aws.client("sagemaker-runtime")
        bucket, _, folder = self._context.config["endpoint"]["async"]["outputPath"].removeprefix("s3://").partition("/")
        key = "/".join(filter(None, [folder.strip("/"), "requests", secrets.token_hex(16)]))
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=types["ContentType"])
        places = [(bucket, key)]
        try:
            told = runtime.invoke_endpoint_async(EndpointName=self._name, InputLocation=f"s3://{bucket}/{key}", **types)
            answers = {200: _place(told["OutputLocation"])}
            if told.get("FailureLocation"):
                answers[500] = _place(told["FailureLocation"])
            places += answers.values()
            return self._context.wait(
                lambda: _first(s3, answers), seconds=ASYNC_SECONDS, what="the answer of the async endpoint"
            )
        finally:
            for where, name in places:
                s3.delete_object(Bucket=where, Key=name)


def _first(s3: Any, answers: Mapping[int, tuple[str, str]]) -> tuple[int, str, bytes] | None:
    """Return status, content type and body of the first object that is there."""
    for status, (bucket, key) in answers.items():
        found = found_or_none(lambda b=bucket, k=key: s3.get_object(Bucket=b, Key=k), "NoSuchKey")  # type: ignore[misc]
        if found is not None:
            return status, found.get("ContentType", DEFAULT_TYPE), found["Body"].read()
    return None


def _place(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key
