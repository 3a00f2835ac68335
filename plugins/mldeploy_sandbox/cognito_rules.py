"""Cognito's own rules for pools and clients, which moto does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.plane import AwsError

STANDARD_SCOPES = frozenset({"phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"})
SECONDS_PER_UNIT = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
SHORTEST_TOKEN_SECONDS, LONGEST_TOKEN_SECONDS = 300, 86400
"""Access and id tokens live 5 minutes to 1 day
(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html)."""

INVALID = "InvalidParameterException"


def token_seconds(client: Mapping[str, Any], token: str) -> int:
    """Return how long an access or id token of a client is valid; `token` is "AccessToken" or "IdToken".

    Without a setting it is one hour; a number without a unit means hours (API_UserPoolClientType, TokenValidityUnits).
    """
    validity = client.get(f"{token}Validity")
    if not validity:
        return SECONDS_PER_UNIT["hours"]
    unit = (client.get("TokenValidityUnits") or {}).get(token, "hours")
    return int(validity) * SECONDS_PER_UNIT[unit]


def check_client(params: Mapping[str, Any], scopes: frozenset[str], *, has_secret: bool) -> None:
    """Apply the rules of CreateUserPoolClient and UpdateUserPoolClient.

    Arguments:
        scopes: `identifier/scope` of the pool's resource servers.

    Raises:
        AwsError: ScopeDoesNotExistException (its words: awsdocs/aws-cloudformation-user-guide#564),
            InvalidOAuthFlowException, InvalidParameterException.
    """
    for scope in params.get("AllowedOAuthScopes", []):
        if scope not in STANDARD_SCOPES | scopes:
            code, message = "ScopeDoesNotExistException", f"Invalid scope requested: {scope}"
            raise AwsError(code, message)
    flows = set(params.get("AllowedOAuthFlows", []))
    if "client_credentials" in flows:
        code, beginning = "InvalidOAuthFlowException", "client_credentials flow can not be selected"
        if flows != {"client_credentials"}:
            message = f"{beginning} along with code flow or implicit flow."
            raise AwsError(code, message)
        if not has_secret:
            message = f"{beginning} if client does not have a client secret."
            raise AwsError(code, message)
    for token in ("AccessToken", "IdToken"):
        if not SHORTEST_TOKEN_SECONDS <= token_seconds(params, token) <= LONGEST_TOKEN_SECONDS:
            message = "Invalid range for token validity."
            raise AwsError(INVALID, message)


def check_domain(domain: str, pool_id: str, taken_by: Mapping[str, str]) -> None:
    """Apply the rules of CreateUserPoolDomain; `taken_by` maps existing domains to their pools.

    Raises:
        AwsError: InvalidParameterException.
    """
    if domain in taken_by:
        message = "Domain already associated with another user pool."
        raise AwsError(INVALID, message)
    if pool_id in taken_by.values():
        message = "User pool already has a domain configured."
        raise AwsError(INVALID, message)


def check_pool_deletion(pool: Any) -> None:
    """Refuse to delete a pool that has a domain or is protected.

    Raises:
        AwsError: InvalidParameterException.
    """
    if pool.domain is not None:
        message = "User pool cannot be deleted. It has a domain configured that should be deleted first."
        raise AwsError(INVALID, message)
    if pool.extended_config.get("DeletionProtection") == "ACTIVE":
        message = (
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first."
        )
        raise AwsError(INVALID, message)


def check_auth_flow(client: Any, params: Mapping[str, Any]) -> None:
    """Refuse a sign-in flow that the client does not allow, and a missing secret hash.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow.html

    Raises:
        AwsError: InvalidParameterException, NotAuthorizedException.
    """
    flow = params["AuthFlow"].removeprefix("ALLOW_")
    allowed = client.extended_config.get("ExplicitAuthFlows")
    refresh = flow in {"REFRESH_TOKEN", "REFRESH_TOKEN_AUTH"}
    wanted = "ALLOW_REFRESH_TOKEN_AUTH" if refresh else f"ALLOW_{flow.replace('NO_SRP', 'USER_PASSWORD')}"
    defaults = {"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"}
    if wanted not in (set(allowed) if allowed else defaults) and flow not in (allowed or []):
        message = f"{flow} flow not enabled for this client"
        raise AwsError(INVALID, message)
    if client.generate_secret and not refresh and "SECRET_HASH" not in params.get("AuthParameters", {}):
        code = "NotAuthorizedException"
        message = f"Client {client.id} is configured with secret but SECRET_HASH was not received"
        raise AwsError(code, message)
