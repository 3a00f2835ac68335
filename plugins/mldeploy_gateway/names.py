"""Names that steps, drivers and the caller must agree on."""

from __future__ import annotations

from mldeploy.gateway_policy import GatewayPolicy


def scope_of(resource_server: str, scope: str) -> str:
    """Return an OAuth scope as tokens carry it: the resource server's identifier and the scope's name."""
    return f"{resource_server}/{scope}"


def scopes_of(resource_server: str, policy: GatewayPolicy) -> list[str]:
    """Return the scopes of which a token must carry one, as tokens carry them."""
    return [scope_of(resource_server, scope) for scope in policy.token.scopes] if policy.token else []


def people_client(name: str) -> str:
    """Return the name of the app client of people, beside that of machines, which has the release's own."""
    return f"{name}-users"
