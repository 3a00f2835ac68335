"""AWS's wire protocols on the client's side, by botocore: how the sandbox itself asks moto for an operation."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.utils import get_service_model
from werkzeug.test import EnvironBuilder

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.identity import ACCESS_KEY_ID
from mldeploy_sandbox.plane import AwsError, Call


def write_request(call: Call) -> dict[str, Any]:
    """Serialise a call into a WSGI environment, signed just well enough for moto."""
    model = get_service_model(call.service)
    request = create_serializer(model.resolved_protocol, include_validation=False).serialize_to_request(
        call.params, model.operation_model(call.operation)
    )
    form = isinstance(request["body"], dict)
    scope = f"{ACCESS_KEY_ID}/20260101/{call.region}/{model.signing_name}/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    path, _, query = request["url_path"].partition("?")
    headers: dict[str, str] = {**request["headers"], "Authorization": signature}
    builder = EnvironBuilder(
        path=path,
        base_url="http://127.0.0.1/",
        query_string=request["query_string"] or query,
        method=request["method"],
        headers=list(headers.items()),
        data=request["body"],
        content_type="application/x-www-form-urlencoded" if form else None,
    )
    return dict(builder.get_environ())


def read_answer(call: Call, answer: Answer) -> dict[str, Any]:
    """Parse an answer into output parameters in botocore's vocabulary, without ResponseMetadata.

    Raises:
        AwsError: the answer is an error.
    """
    model = get_service_model(call.service)
    operation = model.operation_model(call.operation)
    streams = operation.has_streaming_output and answer.status < 300
    response: dict[str, Any] = {
        "status_code": answer.status,
        "headers": HeadersDict(answer.headers),
        "body": BytesIO(answer.body) if streams else answer.body,  # the parser decodes bytes as text
        "context": {"operation_name": call.operation},
    }
    parsed: dict[str, Any] = create_parser(model.resolved_protocol).parse(response, operation.output_shape)
    if streams:
        parsed[operation.output_shape.serialization["payload"]] = answer.body
    parsed.pop("ResponseMetadata", None)
    if answer.status >= 300:
        error = parsed.get("Error", {})
        raise AwsError(str(error.get("Code", answer.status)), str(error.get("Message", "")), answer.status)
    return parsed
