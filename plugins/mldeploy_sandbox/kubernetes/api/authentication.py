"""Who sends a request: the token of an EKS caller, a named user of the sandbox, and impersonation.

An EKS token is a presigned `sts:GetCallerIdentity` with the signed header `x-k8s-aws-id`
(https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from mldeploy_sandbox.kubernetes.authorization import ADMINISTRATORS, AUTHENTICATED, User
from mldeploy_sandbox.kubernetes.status import ApiError

EKS_PREFIX = "k8s-aws-v1."
USER_PREFIX = "sandbox-user:"
CREATOR = "kubernetes-admin"
"""The name of the principal that created a cluster (EKS, "Creating an access entry")."""

LONGEST = timedelta(minutes=15)


class Authenticator:
    """Reads the headers of requests to one cluster."""

    def user(self, headers: Mapping[str, str]) -> User:
        """Return who sends a request.

        Raises:
            ApiError: nobody known (401).
        """
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise _unauthorized()
        if token.startswith(USER_PREFIX):
            name, _, groups = token.removeprefix(USER_PREFIX).partition(":")
            caller = User(name=name, groups=(*(each for each in groups.split(",") if each), AUTHENTICATED))
        elif token.startswith(EKS_PREFIX) and self._is_good(token.removeprefix(EKS_PREFIX)):
            caller = User(name=CREATOR, groups=(ADMINISTRATORS, AUTHENTICATED))
        else:
            raise _unauthorized()
        return _impersonated(caller, headers)

    def _is_good(self, text: str) -> bool:
        """Check a presigned request as the authenticator of EKS does; the signature itself is not checked."""
        try:
            url = urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
            query = {name.lower(): values[0] for name, values in parse_qs(url.query, strict_parsing=True).items()}
            signed = datetime.strptime(query["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            seconds = int(query["x-amz-expires"])
        except (ValueError, KeyError, binascii.Error):
            return False
        fresh = abs(datetime.now(UTC) - signed) <= LONGEST
        headers = query.get("x-amz-signedheaders", "").split(";")
        return (
            query.get("action") == "GetCallerIdentity"
            and bool(query.get("x-amz-credential"))
            and bool(query.get("x-amz-signature"))
            and "x-k8s-aws-id" in headers
            and seconds <= LONGEST.total_seconds()
            and fresh
        )


def _impersonated(caller: User, headers: Mapping[str, str]) -> User:
    """Act as somebody else, which only administrators may.

    https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
    """
    name = headers.get("Impersonate-User")
    if not name:
        return caller
    if ADMINISTRATORS not in caller.groups:
        message = (
            f'users "{name}" is forbidden: User "{caller.name}" cannot impersonate resource "users" in API group ""'
        )
        raise ApiError(403, "Forbidden", f"{message} at the cluster scope", kind="users", name=name)
    groups = [each for each in headers.get("Impersonate-Group", "").split(",") if each]
    return User(name=name, groups=(*groups, AUTHENTICATED))


def _unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")
