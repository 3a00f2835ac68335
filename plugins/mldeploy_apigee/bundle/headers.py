"""Headers: what browsers are told, what every answer carries, and what does not get through.

Sources: https://cloud.google.com/apigee/docs/api-platform/reference/policies/cors-policy,
https://cloud.google.com/apigee/docs/api-platform/reference/policies/assign-message-policy
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy.gateway_policy import EXPOSED, Cors
from mldeploy.model import JSON
from mldeploy_apigee.bundle.tree import element

CORS = "CORS-Pages"
ANSWER = "AM-Answer-Headers"
PAGE = "AM-Answer-Page"
ORIGIN_REQUEST = "AM-Origin-Request"
ORIGIN_KEY = "KVM-Origin-Key"
KEY_VARIABLE = "private.origin.key"
"""Variables whose names begin with `private.` are masked in debug sessions."""
KEY_ENTRY = "origin-key"
KEY_SECONDS = 300
"""How long a message processor remembers the key of the origin: a new one is used after that time."""
NOT_FOR_ORIGIN = ("authorization", "cookie", "proxy-authorization", "x-forwarded-host", "x-forwarded-proto")
NOT_FOR_CALLERS = ("via", "server", "x-amz-apigw-id", "x-amzn-requestid", "x-amzn-errortype", "x-amzn-trace-id")


def cors(wanted: Cors) -> JSON:
    """Return the answer to preflight requests."""
    return element(
        "CORS",
        element("DisplayName", CORS),
        element("AllowOrigins", ", ".join(wanted.origins)),
        element("AllowMethods", "POST, OPTIONS"),
        element("AllowHeaders", ", ".join(wanted.headers)),
        element("ExposeHeaders", EXPOSED),
        element("MaxAge", str(wanted.max_age_seconds)),
        element("AllowCredentials", "false"),
        element("GeneratePreflightResponse", "true"),
        element("IgnoreUnresolvedVariables", "true"),
        name=CORS,
        enabled="true",
        continueOnError="false",
    )


def answer_headers(headers: Mapping[str, str]) -> JSON:
    """Return the policy that puts headers on an answer and takes out what tells of the inside."""
    return _message(ANSWER, remove=NOT_FOR_CALLERS, put=headers)


def page_header() -> JSON:
    """Return the policy that names the calling page, where several may call."""
    return _message(PAGE, put={"Access-Control-Allow-Origin": "{request.header.origin}", "Vary": "Origin"})


def is_one_of(origins: Iterable[str]) -> str:
    """Return the condition that a request comes from one of these pages."""
    return " or ".join(f'(request.header.origin = "{origin}")' for origin in origins)


def origin_key(key_value_map: JSON) -> JSON:
    """Return the policy that fetches the key of the origin from the encrypted map."""
    return map_entry(ORIGIN_KEY, key_value_map, KEY_ENTRY, KEY_VARIABLE)


def map_entry(name: str, key_value_map: JSON, entry: str, variable: str) -> JSON:
    """Return the policy that fetches an entry of an encrypted map into a private variable."""
    return element(
        "KeyValueMapOperations",
        element("DisplayName", name),
        element("Scope", "environment"),
        element("ExpiryTimeInSecs", str(KEY_SECONDS)),
        element("Get", element("Key", element("Parameter", entry)), assignTo=variable),
        name=name,
        mapIdentifier=key_value_map,
        enabled="true",
        continueOnError="false",
    )


def origin_request() -> JSON:
    """Return the policy that shows the origin our key, and nothing that the caller showed us."""
    return _message(ORIGIN_REQUEST, remove=NOT_FOR_ORIGIN, put={"x-api-key": f"{{{KEY_VARIABLE}}}"})


def _message(name: str, *, put: Mapping[str, str], remove: Iterable[str] = ()) -> JSON:
    gone = [element("Header", name=header) for header in remove]
    kept = [element("Header", value, name=header) for header, value in put.items()]
    parts = [
        element("DisplayName", name),
        *([element("Remove", element("Headers", *gone))] if gone else []),
        *([element("Set", element("Headers", *kept))] if kept else []),
        element("IgnoreUnresolvedVariables", "false"),
    ]
    return element("AssignMessage", *parts, name=name, enabled="true", continueOnError="false")
