"""What stands behind POST /predict: the function of the cache, or the endpoint itself.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
"""

from __future__ import annotations

import json
from http import HTTPStatus

from mldeploy import Ref, Release, Step
from mldeploy.gateway_policy import GatewayPolicy
from mldeploy.model import JSON
from mldeploy_gateway.cors import method_parameters
from mldeploy_gateway.intrinsics import REGION, join

FORWARDED_HEADERS = ("Content-Type", "Accept")
"""API Gateway maps only headers that the method declares."""
FORWARDED = {f"integration.request.header.{name}": f"method.request.header.{name}" for name in FORWARDED_HEADERS}
PASSED = ("200", "400", "413", "422")
"""What the service answers, and the caller should see as it is."""
PROBLEM_TYPE = "'application/problem+json'"
ORIGINAL_ANSWER = (
    "#set($context.responseOverride.status = $input.path('$.OriginalStatusCode'))$input.path('$.OriginalMessage')"
)
"""SageMaker wraps what the container answers in a 424; this unwraps it
(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html)."""


def function_integration() -> dict[str, JSON]:
    """Return the integration with the function: the whole request goes in, its answer comes out."""
    path = ":lambda:path/2015-03-31/functions/"
    return {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": join("arn:aws:apigateway:", REGION, path, Ref("@function", "FunctionArn"), "/invocations"),
        "passthroughBehavior": "when_no_match",
    }


def endpoint_integration(policy: GatewayPolicy, role: Step) -> dict[str, JSON]:
    """Return the integration with SageMaker's runtime, whose errors become ours.

    No two patterns may lead to the same status: that is what integration responses are told apart by.
    """
    path = ":runtime.sagemaker:path//endpoints/"
    headers = method_parameters(policy.answer_headers)
    answered = {**headers, "method.response.header.Content-Type": "integration.response.header.Content-Type"}
    failed = {**headers, "method.response.header.Content-Type": PROBLEM_TYPE}
    return {
        "type": "aws",
        "httpMethod": "POST",
        "uri": join("arn:aws:apigateway:", REGION, path, Ref("@endpoint", "EndpointName"), "/invocations"),
        "credentials": role.ref("Arn"),
        "passthroughBehavior": "when_no_match",
        "requestParameters": FORWARDED,
        "responses": {
            "200": {"statusCode": "200", "responseParameters": answered},
            "400": _failure(HTTPStatus.BAD_REQUEST, "SageMaker refused the request.", failed),
            "413": _failure(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "SageMaker takes 6,291,456 bytes.", failed),
            "424": _response(HTTPStatus.FAILED_DEPENDENCY, ORIGINAL_ANSWER, failed),
            "429|503": _failure(HTTPStatus.SERVICE_UNAVAILABLE, "The model is busy.", failed),
            "default": _failure(HTTPStatus.BAD_GATEWAY, "The model failed on this request.", failed),
        },
    }


def address_integration(release: Release, policy: GatewayPolicy) -> dict[str, JSON]:
    """Return the integration with a service that has an address; its refusals pass, its failures become ours.

    With `eks.vpcLink` the gateway reaches a load balancer inside a VPC
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-nlb-integration.html).
    """
    link = release.value("eks.vpcLink")
    headers = method_parameters(policy.answer_headers)
    answered = {**headers, "method.response.header.Content-Type": "integration.response.header.Content-Type"}
    failed = {**headers, "method.response.header.Content-Type": PROBLEM_TYPE}
    passed = {status: {"statusCode": status, "responseParameters": answered} for status in PASSED}
    return {
        "type": "http",
        "httpMethod": "POST",
        "uri": join(Ref("@endpoint", "Url"), "/invocations"),
        "passthroughBehavior": "when_no_match",
        "requestParameters": FORWARDED,
        **({"connectionType": "VPC_LINK", "connectionId": link} if link else {}),
        "responses": {
            **passed,
            "429|503": _failure(HTTPStatus.SERVICE_UNAVAILABLE, "The model is busy.", failed),
            "504": _failure(HTTPStatus.GATEWAY_TIMEOUT, "The model did not answer in time.", failed),
            "default": _failure(HTTPStatus.BAD_GATEWAY, "The model failed on this request.", failed),
        },
    }


def _failure(status: HTTPStatus, detail: str, parameters: dict[str, str]) -> JSON:
    body = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return _response(status, json.dumps(body), parameters)


def _response(status: HTTPStatus, template: str, parameters: dict[str, str]) -> JSON:
    return {
        "statusCode": str(status.value),
        "responseParameters": parameters,
        "responseTemplates": {"application/json": template},
    }
