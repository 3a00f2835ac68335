"""Refusals in one form, application/problem+json (RFC 9457): what the proxy raises, and what it makes of faults.

Sources: https://cloud.google.com/apigee/docs/api-platform/fundamentals/fault-handling,
https://cloud.google.com/apigee/docs/api-platform/reference/policies/raise-fault-policy
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from mldeploy.model import JSON
from mldeploy_apigee.bundle.tree import element

PROBLEM_TYPE = "application/problem+json"
PREFIX, SUFFIX = "@", "#"
"""What marks a variable in a payload instead of braces, which JSON needs for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An answer of the gateway itself: the status, and what the caller should know, without braces, @ and #.

    - `error` says in the header Proxy-Status that the answer is not the service's, and why (RFC 9209, section 2.3).
    - `suffix` tells the policy of a problem from that of another one with the same status.
    """

    status: HTTPStatus
    detail: str
    suffix: str = ""
    error: str = "http_request_denied"


UNAUTHORIZED = Problem(status=HTTPStatus.UNAUTHORIZED, detail="An access token is needed, and this is none.")
NO_SCOPE = Problem(status=HTTPStatus.FORBIDDEN, detail="The access token does not have the scope that is needed.")
FORBIDDEN = Problem(status=HTTPStatus.FORBIDDEN, detail="An API key is needed in x-api-key, and this is none.")
NOT_FOUND = Problem(status=HTTPStatus.NOT_FOUND, detail="There is no such path.")
NOT_ALLOWED = Problem(status=HTTPStatus.METHOD_NOT_ALLOWED, detail="The path has no such method.")
LENGTH_REQUIRED = Problem(status=HTTPStatus.LENGTH_REQUIRED, detail="Say how long the body is in Content-Length.")
TOO_LARGE = Problem(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail="The request is too large.")
THREAT = Problem(status=HTTPStatus.BAD_REQUEST, detail="The body is no JSON, or it nests too deeply.")
TOO_MANY = Problem(status=HTTPStatus.TOO_MANY_REQUESTS, detail="Too many requests.")
FAILED = Problem(status=HTTPStatus.INTERNAL_SERVER_ERROR, detail="The gateway failed.", error="proxy_internal_error")
ORIGIN_REFUSED = Problem(
    status=HTTPStatus.BAD_GATEWAY, detail="The service did not let the gateway in.", error="proxy_configuration_error"
)
UNAVAILABLE = Problem(
    status=HTTPStatus.SERVICE_UNAVAILABLE, detail="The service cannot be reached.", error="destination_unavailable"
)
UNCHECKED = Problem(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    detail="Access tokens cannot be checked now.",
    suffix="-Introspection",
    error="destination_unavailable",
)
TIMED_OUT = Problem(
    status=HTTPStatus.GATEWAY_TIMEOUT, detail="The service did not answer in time.", error="http_response_timeout"
)


def answer_name(problem: Problem) -> str:
    """Return the name of the policy that answers with a problem in place of a fault."""
    return f"AM-Problem-{problem.status.value}{problem.suffix}"


def answer(problem: Problem) -> JSON:
    """Return the policy that answers with a problem in place of a fault."""
    name = answer_name(problem)
    parts = [element("DisplayName", name), element("Set", *_content(problem, {}))]
    parts.append(element("IgnoreUnresolvedVariables", "false"))
    return element("AssignMessage", *parts, name=name, enabled="true", continueOnError="false")


def raise_fault(name: str, problem: Problem, **headers: str) -> JSON:
    """Return the policy that stops a request with a problem.

    Arguments:
        headers: of the answer, with underscores for hyphens.
    """
    content = _content(problem, {key.replace("_", "-"): value for key, value in headers.items()})
    return element(
        "RaiseFault",
        element("DisplayName", name),
        element("FaultResponse", element("Set", *content)),
        element("IgnoreUnresolvedVariables", "false"),
        name=name,
        enabled="true",
        continueOnError="false",
    )


def _content(problem: Problem, headers: Mapping[str, str]) -> list[JSON]:
    sent = {"Proxy-Status": f"apigee; error={problem.error}", **headers}
    document = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
    }
    payload = element(
        "Payload", json.dumps(document), contentType=PROBLEM_TYPE, variablePrefix=PREFIX, variableSuffix=SUFFIX
    )
    return [
        element("Headers", *(element("Header", value, name=name) for name, value in sent.items())),
        payload,
        element("ReasonPhrase", problem.status.phrase),
        element("StatusCode", str(problem.status.value)),
    ]
