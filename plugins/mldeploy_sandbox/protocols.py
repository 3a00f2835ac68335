"""AWS's wire protocols on the server's side: HTTP requests become calls, results and errors become HTTP answers.

Routing, parsing and serialising are moto's (`moto.core`), which follow botocore's service models for every protocol.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request
from moto.core.routing import ProtocolRouter, get_router_class
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.identity import ACCOUNT_ID
from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.scope import Scope

warnings.filterwarnings("ignore", message=".*does not match an error shape in service models.*")

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a request goes: an operation of botocore's model, spoken in a protocol."""

    operation: Any
    protocol: str
    path_params: Mapping[str, Any]

    @property
    def service(self) -> str:
        """The name as in `boto3.client(service)`."""
        return str(self.operation.service_model.service_name)


def find_route(environ: dict[str, Any], scope: Scope) -> Route:
    """Find the operation that a request asks for.

    Raises:
        AwsError: no service of this scope has such an operation (501).
    """
    request = Request(environ)
    for service in scope.services:
        try:
            protocol = _protocol(service, request)
            operation, path_params = _router(service, protocol).match(request)
        except (UnknownServiceError, HTTPException, LookupError):
            continue
        if _version_fits(operation, request):
            return Route(operation=operation, protocol=protocol, path_params=path_params)
    wanted = _wanted(request)
    code, message = "NotImplemented", f"the sandbox knows no operation '{wanted}' of {' or '.join(scope.services)}"
    raise AwsError(code, message, 501)


def read_call(route: Route, environ: dict[str, Any], scope: Scope) -> Call:
    """Parse a request into parameters in botocore's vocabulary.

    Raises:
        AwsError: the body is not what the protocol says (SerializationException).
    """
    request = Request(environ)
    body = request.get_data(parse_form_data=route.protocol in {"query", "ec2"})
    if "json" in route.protocol and not has_raw_payload(route.operation) and body:
        _check_json(body)
    try:
        params = PROTOCOL_PARSERS[route.protocol](route.operation).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": body,
                "url_path": request.path,
                "url_params": dict(route.path_params),
            }
        )
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        code, message = "SerializationException", f"a value does not have the type that the operation expects: {error}"
        raise AwsError(code, message) from error
    return Call(
        service=route.service,
        operation=str(route.operation.name),
        params={name: value for name, value in (params or {}).items() if value is not None},
        region=scope.region,
        account_id=ACCOUNT_ID,
    )


def write_result(route: Route, result: Mapping[str, Any]) -> Answer:
    """Serialise the output parameters of an operation; one of them may be the HTTP status."""
    answer = _written(_serializer(route).serialize(dict(result)), _modelled_content_type(route, result))
    return replace(answer, status=_modelled_status(route, result) or answer.status)


def write_error(route: Route | None, error: AwsError, scope: Scope) -> Answer:
    """Serialise an error; members of the modelled error shape are read from attributes of the exception.

    The status of the service model wins unless the exception asks for another one than 400.
    """
    if route is None:
        route = _any_route(scope)
    if route is None:
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return Answer(status=error.status, headers=[("Content-Type", "application/json")], body=body)
    answer = _written(_serializer(route).serialize(error), None)
    status = answer.status if error.status == 400 else error.status
    headers = [(name, value) for name, value in answer.headers if name.lower() != "x-amzn-errortype"]
    return Answer(status=status, headers=[*headers, ("x-amzn-ErrorType", error.code)], body=answer.body)


@cache
def _router(service: str, protocol: str) -> ProtocolRouter:
    router = get_router_class(service, protocol)
    if router is None:
        raise LookupError(protocol)
    return router(get_service_model(service))


def _protocol(service: str, request: Request) -> str:
    """Tell the protocol of a request; services that speak several are told apart by their headers."""
    model = get_service_model(service)
    spoken = model.metadata.get("protocols", [model.metadata["protocol"]])
    if len(spoken) == 1:
        return str(spoken[0])
    if "X-Amz-Target" in request.headers and "json" in spoken:
        return "json"
    if str(request.content_type).startswith(FORM) and "query" in spoken:
        return "query"
    return str(model.metadata["protocol"])


def _version_fits(operation: Any, request: Request) -> bool:
    """Tell elb from elbv2 and rds from neptune: query requests name the API version."""
    version = request.values.get("Version") if str(request.content_type).startswith(FORM) else None
    return version in {None, operation.service_model.api_version}


def _wanted(request: Request) -> str:
    target = request.headers.get("X-Amz-Target", "")
    return str(target.rsplit(".", 1)[-1] or request.values.get("Action") or f"{request.method} {request.path}")


def _any_route(scope: Scope) -> Route | None:
    """Return a route of the service, good enough to write an error in its protocol."""
    try:
        model = get_service_model(scope.services[0])
    except UnknownServiceError:
        return None
    operation = model.operation_model(model.operation_names[0])
    protocol = str(model.metadata["protocol"])
    return Route(operation=operation, protocol=protocol, path_params={}) if protocol in PROTOCOL_PARSERS else None


def has_raw_payload(operation: Any) -> bool:
    """Tell whether the body of a request is a value as it is, not a document of the protocol."""
    shape = operation.input_shape
    payload = shape.serialization.get("payload") if shape else None
    return payload is not None and shape.members[payload].type_name in {"blob", "string"}


def _check_json(body: bytes) -> None:
    try:
        document = json.loads(body)
    except ValueError as error:
        code, message = "SerializationException", f"the request body is not JSON: {error}"
        raise AwsError(code, message) from error
    if not isinstance(document, dict):
        code, message = "SerializationException", "the request body is not a JSON object"
        raise AwsError(code, message)


def _serializer(route: Route) -> Any:
    return get_serializer_class(route.service, route.protocol)(operation_model=route.operation)


def _modelled_content_type(route: Route, result: Mapping[str, Any]) -> str | None:
    shape = route.operation.output_shape
    for name, member in (shape.members if shape else {}).items():
        if member.serialization.get("name", "").lower() == "content-type":
            return result.get(name)
    return None


def _modelled_status(route: Route, result: Mapping[str, Any]) -> int | None:
    shape = route.operation.output_shape
    for name, member in (shape.members if shape else {}).items():
        if member.serialization.get("location") == "statusCode":
            return result.get(name)
    return None


def _written(serialized: Mapping[str, Any], content_type: str | None) -> Answer:
    body = serialized["body"] or b""
    headers = {name: str(value) for name, value in serialized["headers"].items()}
    if content_type is not None:
        headers["Content-Type"] = content_type
    content = body if isinstance(body, bytes) else str(body).encode()
    return Answer(status=int(serialized["status_code"]), headers=list(headers.items()), body=content)
