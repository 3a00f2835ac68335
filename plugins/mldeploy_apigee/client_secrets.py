"""The credentials that a proxy shows to an auth service, from AWS Secrets Manager.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html (versions and their stages)
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from mldeploy import DeployError
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import translated

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy.model import JSON

CURRENT = "AWSCURRENT"
MISSING = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """What HTTP Basic sends of a client (RFC 6749, section 2.3.1), and which secret of which version it is."""

    basic: str
    label: str


def client_credentials(context: Context, wanted: Mapping[str, JSON]) -> ClientCredentials:
    """Fetch the secret of a client.

    Arguments:
        wanted: `clientId`, and `secretName` of Secrets Manager.

    Raises:
        DeployError: there is no such secret, or it is no text.
    """
    name, client = wanted["secretName"], wanted["clientId"]
    with translated(f"fetching the secret {name}"):
        secrets = context.provider("aws").client("secretsmanager")
        found = found_or_none(lambda: secrets.get_secret_value(SecretId=name), MISSING)
    if not found or not found.get("SecretString"):
        message = f"there is no text in the secret {name}, which expose.auth.introspection.clientSecret names"
        hint = f"aws secretsmanager create-secret --name {name} --secret-string file://secret.txt"
        raise DeployError(message, hint=hint)
    pair = f"{quote_plus(client)}:{quote_plus(found['SecretString'])}"
    basic = base64.b64encode(pair.encode()).decode()
    return ClientCredentials(basic=basic, label=f"{name} {found['VersionId']} {client}")


def described(context: Context, label: str) -> dict[str, JSON]:
    """Return whose credentials a label speaks of; a secret that has another version by now is shown as another one."""
    name, version, client = label.split(" ", 2)
    with translated(f"looking at the secret {name}"):
        secrets = context.provider("aws").client("secretsmanager")
        found = found_or_none(lambda: secrets.describe_secret(SecretId=name), MISSING)
    is_current = CURRENT in (found or {}).get("VersionIdsToStages", {}).get(version, ())
    return {"clientId": client, "secretName": name if is_current else f"{name}, an earlier version"}
