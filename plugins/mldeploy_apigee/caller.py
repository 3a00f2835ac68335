"""The door `caller`: requests as a client of the proxy would send them, with the release's own key and a token."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mldeploy import DeployError
from mldeploy.errors import UsageError
from mldeploy_apigee.developers import developer_path, working_key
from mldeploy_apigee.failures import translated
from mldeploy_apigee.names import configured_place, developer_email
from mldeploy_gateway.caller import GatewayCaller

if TYPE_CHECKING:
    from mldeploy import Context

TOKEN_VARIABLE = "MLDEPLOY_ACCESS_TOKEN"  # noqa: S105 - the name of a variable


class ApigeeCaller(GatewayCaller):
    """Calls POST /predict of the deployed proxy; tokens come from the release's user pool.

    Where release.yaml names another issuer, or who is asked about tokens, the caller's token comes from the variable
    MLDEPLOY_ACCESS_TOKEN: only that issuer's own clients can get one.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        auth = context.config["expose"]["auth"]
        self._issuer = auth.get("issuer") or auth.get("introspection", {}).get("endpoint", "")

    @property
    def url(self) -> str:
        """The address that predictions are posted to.

        Raises:
            UsageError: the proxy is not deployed.
        """
        return str(self._output(f"Apigee::Deployment/{self._stem}", "Url"))

    def credentials(self) -> Mapping[str, str]:
        """Return the headers that let a caller in: what release.yaml asks for under `expose.auth`."""
        with translated("fetching the caller's credentials"):
            return super().credentials()

    def _api_key(self) -> str:
        place = configured_place(self._context)
        path = f"{developer_path(place, developer_email(self._stem))}/apps/{self._stem}"
        key = working_key(self._context.provider("apigee").get(path))
        if key is None:
            message = f"the app {self._stem} has no key that works"
            raise DeployError(message, hint="run `mldeploy run`, which makes a new one")
        return str(key["consumerKey"])

    def _access_token(self) -> str:
        if not self._issuer:
            return super()._access_token()
        found = os.environ.get(TOKEN_VARIABLE)
        if not found:
            message = f"tokens come from {self._issuer}, and {TOKEN_VARIABLE} holds none"
            raise UsageError(message, hint=f"get an access token there and set {TOKEN_VARIABLE} for this command")
        return found
