"""Who may get tokens, as data: a user pool with a client for machines and, where asked for, one for people."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Phase, Release, Step
from mldeploy.gateway_policy import TokenPolicy
from mldeploy.model import JSON
from mldeploy_gateway.names import people_client

DAY_SECONDS = 86_400
LEAST_PASSWORD_LENGTH = 14
MFA = {"off": "OFF", "optional": "OPTIONAL", "on": "ON"}


def pool_step(release: Release) -> Step:
    """Describe the pool: nobody signs up alone, and people may need a second factor."""
    mfa = MFA[release.value("expose.auth.users.mfa") or "off"]
    spec = {
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
        "DeletionProtection": "ACTIVE" if release.value("expose.auth.protectUsers") else "INACTIVE",
        "EnabledMfas": [] if mfa == "OFF" else ["SOFTWARE_TOKEN_MFA"],
        "MfaConfiguration": mfa,
        "Policies": {"PasswordPolicy": {"MinimumLength": LEAST_PASSWORD_LENGTH}},
    }
    return _step("AWS::Cognito::UserPool", release.resource_name, spec)


def client_steps(release: Release, pool: Step, token: TokenPolicy) -> Iterator[Step]:
    """Describe the scopes, the token endpoint, and who may ask for tokens there."""
    name, pool_id = release.resource_name, pool.ref("UserPoolId")
    scopes = [{"ScopeName": scope, "ScopeDescription": f"Call the service: {scope}"} for scope in token.scopes]
    server = _step("AWS::Cognito::UserPoolResourceServer", name, {"UserPoolId": pool_id, "Scopes": scopes})
    shared = {
        "UserPoolId": pool_id,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthScopes": server.ref("Scopes"),
        "AccessTokenValidity": token.seconds,
        "EnableTokenRevocation": True,
        "PreventUserExistenceErrors": "ENABLED",
    }
    machine = {
        **shared,
        "GenerateSecret": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "TokenValidityUnits": {"AccessToken": "seconds"},
    }
    yield server
    yield _step("AWS::Cognito::UserPoolDomain", name, {"UserPoolId": pool_id})
    yield _step("AWS::Cognito::UserPoolClient", name, machine)
    callbacks = release.value("expose.auth.users.callbackUrls")
    if callbacks:
        yield _step("AWS::Cognito::UserPoolClient", people_client(name), {**shared, **_people(callbacks)})


def _people(callbacks: JSON) -> dict[str, JSON]:
    """Describe a client without secret, for browsers and apps: the authorization code flow, with PKCE.

    The implicit flow stays off (RFC 9700, section 2.1.2). Tokens are renewed for a day, then people sign in again.
    """
    return {
        "GenerateSecret": False,
        "AllowedOAuthFlows": ["code"],
        "CallbackURLs": callbacks,
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "RefreshTokenValidity": DAY_SECONDS,
        "SupportedIdentityProviders": ["COGNITO"],
        "TokenValidityUnits": {"AccessToken": "seconds", "RefreshToken": "seconds"},
    }


def _step(kind: str, name: str, spec: JSON) -> Step:
    return Step(kind=kind, name=name, phase=Phase.EXPOSE, spec=spec)
