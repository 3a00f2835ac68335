"""The policies that ask an auth service what a token is worth, remember its answer, and check what it says.

The checks come after the cache: an answer that is remembered is checked anew, so that no token outlives its end in it.
Only answers that let a caller in are remembered. Whatever keeps the auth service from answering keeps callers out.

Sources: https://www.rfc-editor.org/rfc/rfc7662,
https://cloud.google.com/apigee/docs/api-platform/reference/policies/service-callout-policy,
https://cloud.google.com/apigee/docs/api-platform/reference/policies/lookup-cache-policy
"""

from __future__ import annotations

from mldeploy.gateway_policy import Introspection, TokenPolicy
from mldeploy.model import JSON
from mldeploy_apigee.bundle import headers, problems
from mldeploy_apigee.bundle.access import any_of
from mldeploy_apigee.bundle.flows import Use
from mldeploy_apigee.bundle.tree import element

CALLOUT = "SC-Introspection"
ANSWER = "EV-Introspection"
HEADER = "EV-Token"
LOOKUP = "LC-Introspection"
REMEMBER = "PC-Introspection"
REMEMBERED = "AM-Introspection-Remembered"
CREDENTIALS = "KVM-Introspection"
REQUEST = "AM-Introspection-Request"
DIGEST = "AM-Token-Digest"
END = "AM-Token-End"
CREDENTIALS_ENTRY = "introspection-credentials"
CREDENTIALS_VARIABLE = "private.introspection.credentials"
BEARER = "Bearer [A-Za-z0-9._~+/-]{1,8000}=*"
"""The header of a token (RFC 6750, section 2.1)."""
CLAIMS = ("active", "iss", "aud", "scope", "exp")
SECONDS = "[1-9][0-9]{8,10}"
"""A time in whole seconds since 1970, up to the year 5138: so far, comparing digits compares times."""
IS_NEW = f"lookupcache.{LOOKUP}.cachehit != true"
FAILED = f"(servicecallout.{CALLOUT}.failed = true) or (extractvariables.{ANSWER}.failed = true)"
"""The condition of an auth service that gave no usable answer."""


def checks(token: TokenPolicy, introspection: Introspection, *, api: str, key_value_map: JSON) -> tuple[Use, ...]:
    """Return the policies that let only tokens in which the auth service knows, for us and with one of the scopes.

    Arguments:
        api: the name of the proxy: no other one shares what is remembered.
        key_value_map: the name of the map that holds our credentials at the auth service; may be a ref.
    """
    remembers = introspection.cache_seconds > 0
    return (
        _refusal(f'not (request.header.authorization ~~ "{BEARER}")'),
        Use(policy=_token()),
        *(_looking_up(introspection, api) if remembers else ()),
        *_asking(introspection, key_value_map, IS_NEW if remembers else ""),
        Use(policy=_claims(), condition="introspected.content != null"),
        _refusal('token.active != "true"'),
        _refusal(f'not (token.exp ~~ "{SECONDS}")'),
        Use(policy=_variable(END, "token.end", "{token.exp}000")),
        _refusal("token.end < system.timestamp"),
        *([_refusal(f'token.iss != "{token.issuer}"')] if token.issuer else ()),
        *([_refusal(_is_for_others(token.audience))] if token.audience else ()),
        Use(policy=problems.raise_fault("RF-Scope", problems.NO_SCOPE), condition=_lacks_scope(token.scopes)),
        *([Use(policy=_remember(introspection, api), condition=IS_NEW)] if remembers else ()),
    )


def _refusal(condition: str) -> Use:
    return Use(policy=problems.raise_fault("RF-Token", problems.UNAUTHORIZED), condition=condition)


def _is_for_others(audience: str) -> str:
    """Return the condition of an audience that is neither the one named nor a list with it.

    A list is JSON text here. Conditions have no way to write a quotation mark but that of regular expressions, and a
    bracket in brackets is something else in those of Java.
    """
    name = audience.replace(".", "[.]")
    return rf'not (token.aud ~~ "{name}|\x5b(.*, ?)?\x22{name}\x22( ?,.*)?.")'


def _lacks_scope(scopes: tuple[str, ...]) -> str:
    """Return the condition of an answer without any of the scopes, which are a list with spaces (section 2.2)."""
    return f'not (token.scope ~~ "(.* )?({any_of(scopes)})( .*)?")'


def _token() -> JSON:
    """Return the policy that takes the token out of its header."""
    return _policy(
        "ExtractVariables",
        HEADER,
        element("Source", "request"),
        element("VariablePrefix", "caller"),
        element("Header", element("Pattern", "Bearer {token}"), name="authorization"),
        element("IgnoreUnresolvedVariables", "false"),
    )


def _looking_up(introspection: Introspection, api: str) -> tuple[Use, ...]:
    """Return the look at what is remembered; keys hold a digest, because they are short and may be shown."""
    lookup = _policy("LookupCache", LOOKUP, _cache_key(introspection, api), element("AssignTo", "remembered.answer"))
    message = _policy(
        "AssignMessage",
        REMEMBERED,
        element("AssignTo", "introspected", createNew="true", type="response"),
        element("Set", element("Payload", "{remembered.answer}", contentType="application/json")),
        element("IgnoreUnresolvedVariables", "false"),
    )
    return (
        Use(policy=_variable(DIGEST, "caller.digest", "{sha256Hex(caller.token)}")),
        Use(policy=lookup),
        Use(policy=message, condition=f"lookupcache.{LOOKUP}.cachehit = true"),
    )


def _asking(introspection: Introspection, key_value_map: JSON, condition: str) -> tuple[Use, ...]:
    """Return the request to the auth service, with our credentials as HTTP Basic (RFC 6749, section 2.3.1)."""
    request = _policy(
        "AssignMessage",
        REQUEST,
        element("AssignTo", "introspection", createNew="true", type="request"),
        element(
            "Set",
            element(
                "Headers",
                element("Header", "application/json", name="Accept"),
                element("Header", f"Basic {{{CREDENTIALS_VARIABLE}}}", name="Authorization"),
            ),
            element(
                "FormParams",
                element("FormParam", "{caller.token}", name="token"),
                element("FormParam", "access_token", name="token_type_hint"),
            ),
            element("Verb", "POST"),
        ),
        element("IgnoreUnresolvedVariables", "false"),
    )
    callout = _policy(
        "ServiceCallout",
        CALLOUT,
        element("Request", variable="introspection", clearPayload="true"),
        element("Response", "introspected"),
        element("Timeout", str(introspection.timeout_seconds * 1000)),
        element(
            "HTTPTargetConnection",
            element("SSLInfo", element("Enabled", "true"), element("Enforce", "true")),
            element("URL", introspection.endpoint),
        ),
    )
    credentials = headers.map_entry(CREDENTIALS, key_value_map, CREDENTIALS_ENTRY, CREDENTIALS_VARIABLE)
    return tuple(Use(policy=policy, condition=condition) for policy in (credentials, request, callout))


def _claims() -> JSON:
    """Return the policy that takes the answer apart; what it does not say stays unset."""
    variables = [element("Variable", element("JSONPath", f"$.{name}"), name=name, type="string") for name in CLAIMS]
    return _policy(
        "ExtractVariables",
        ANSWER,
        element("Source", "introspected"),
        element("VariablePrefix", "token"),
        element("JSONPayload", *variables),
        element("IgnoreUnresolvedVariables", "true"),
    )


def _remember(introspection: Introspection, api: str) -> JSON:
    return _policy(
        "PopulateCache",
        REMEMBER,
        _cache_key(introspection, api),
        element("ExpirySettings", element("TimeoutInSeconds", str(introspection.cache_seconds))),
        element("Source", "introspected.content"),
    )


def _cache_key(introspection: Introspection, api: str) -> JSON:
    """Return the key: an answer of another service, or for another client of it, is another answer."""
    return element(
        "CacheKey",
        element("Prefix", api),
        element("KeyFragment", introspection.endpoint),
        element("KeyFragment", introspection.client_id),
        element("KeyFragment", ref="caller.digest"),
    )


def _variable(name: str, variable: str, template: str) -> JSON:
    assigned = element("AssignVariable", element("Name", variable), element("Template", template))
    return _policy("AssignMessage", name, assigned, element("IgnoreUnresolvedVariables", "false"))


def _policy(kind: str, name: str, *parts: JSON) -> JSON:
    shown = element("DisplayName", name)
    return element(kind, shown, *parts, name=name, enabled="true", continueOnError="false")
