"""The door `apigee` to Google, with the credentials that google-auth finds on this machine.

Those are application default credentials: of a person, of the machine, or a file that says how to exchange the token of
a CI job (workload identity federation). Keys of service accounts are refused: they are secrets that do not end.

Sources: https://google-auth.readthedocs.io/en/latest/reference/google.auth.html#google.auth.default,
https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from mldeploy.errors import CredentialsError, UsageError
from mldeploy_apigee.failures import LOG_IN
from mldeploy_apigee.world import Apigee
from mldeploy_aws.patience import Patience

if TYPE_CHECKING:
    from mldeploy import Context

ADDRESS = "https://apigee.googleapis.com"
ADDRESS_VARIABLES = ("APIGEE_ENDPOINT_URL", "CLOUDSDK_API_ENDPOINT_OVERRIDES_APIGEE")
"""Send every call to one place: ours, and gcloud's own."""
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def real_apigee(context: Context) -> Apigee:
    """Return Apigee, or what a variable names in its place, with the credentials of this machine.

    Raises:
        UsageError: google-auth is not installed.
        CredentialsError: there are no credentials, or they are a key.
    """

    def guard() -> None:  # another one while a lock is held
        context.provider("aws").contract.guard()

    token = GoogleToken()
    found = Apigee(
        address(),
        token,
        patience=Patience.of(context, "Apigee"),
        renew=token.renew,
        guard=guard,
    )
    context.resources.callback(found.close)
    return found


def address() -> str:
    """Return where the management API is, without a slash at the end."""
    named = (os.environ.get(name) for name in ADDRESS_VARIABLES)
    return next(filter(None, named), ADDRESS).rstrip("/")


class GoogleToken:
    """An access token of Google, renewed when it ends; thread-safe."""

    def __init__(self) -> None:
        self._credentials = _credentials()
        self._renewing = threading.Lock()

    def __call__(self) -> str:
        """Return a token that is valid now.

        Raises:
            CredentialsError: Google gives none.
        """
        with self._renewing:
            if not self._credentials.valid:
                self._refresh()
            return str(self._credentials.token)

    def renew(self) -> None:
        """Get another token: this one was refused before its end."""
        with self._renewing:
            self._refresh()

    def _refresh(self) -> None:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - optional
        from google.auth.transport.requests import Request  # noqa: PLC0415

        try:
            self._credentials.refresh(Request())
        except GoogleAuthError as error:
            message = f"Google gives no access token: {error}"
            raise CredentialsError(message, hint=LOG_IN) from error


def _credentials() -> Any:
    try:
        import google.auth  # noqa: PLC0415 - optional
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
        from google.oauth2 import service_account  # noqa: PLC0415
    except ImportError as error:
        message = "the gateway apigee needs google-auth, which is not installed"
        raise UsageError(message, hint="pip install 'mldeploy[apigee]'") from error
    try:
        found: Any = google.auth.default()[0]  # with scopes it would ask Google for the name of the project, too
    except GoogleAuthError as error:
        message = f"no usable Google credentials: {error}"
        raise CredentialsError(message, hint=LOG_IN) from error
    if isinstance(found, service_account.Credentials):
        message = "GOOGLE_APPLICATION_CREDENTIALS names the key of a service account, a secret that does not end"
        raise CredentialsError(message, hint=f"{LOG_IN}, and delete the key")
    return found.with_scopes(SCOPES) if getattr(found, "requires_scopes", False) else found
