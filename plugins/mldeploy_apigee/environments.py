"""Where callers reach an environment: the hostnames of the groups that it is attached to.

Source: https://cloud.google.com/apigee/docs/api-platform/fundamentals/environmentgroups-overview
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mldeploy import DeployError
from mldeploy_apigee.names import organization_path

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy_apigee.world import Apigee

LOOPBACK = ("127.0.0.1", "localhost")


def hostname_of(apigee: Apigee, spec: Mapping[str, JSON]) -> str:
    """Return the first hostname of the first group of the spec's environment.

    Raises:
        DeployError: the environment is attached to no group, so nobody could call it.
    """
    path = f"{organization_path(spec)}/envgroups"
    for group in apigee.get(path).get("environmentGroups", ()):
        attachments = apigee.get(f"{path}/{group['name']}/attachments").get("environmentGroupAttachments", ())
        if group.get("hostnames") and any(item["environment"] == spec["environment"] for item in attachments):
            return str(group["hostnames"][0])
    message = f"the environment {spec['environment']} of {spec['organization']} is attached to no group with hostnames"
    raise DeployError(message, hint="attach it to an environment group, or correct apigee.environment")


def public_url(hostname: str, base_path: str) -> str:
    """Return the address of POST /predict; only this machine is called without TLS."""
    scheme = "http" if hostname.partition(":")[0] in LOOPBACK else "https"
    return f"{scheme}://{hostname}{base_path}/predict"
