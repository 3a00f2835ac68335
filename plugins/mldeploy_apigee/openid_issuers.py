"""mldeploy::OpenIdIssuer: where an issuer says that its keys are, for proxies, which read no discovery documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mldeploy import DeployError, Observed, Step
from mldeploy.model import JSON, Task

if TYPE_CHECKING:
    from mldeploy import Context


class OpenIdIssuerDriver(Task):
    """Spec: Issuer. Outputs: JwksUri, looked up anew by each plan and run, since issuers may move their keys."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def read(self, step: Step) -> Observed | None:
        """Look the keys' address up; without it nothing is known, so that a release can be destroyed all the same."""
        try:
            found = self._jwks_uri(step)
        except DeployError as error:
            return Observed(looked_up=True, note=f"a run would stop here: {error.message}")
        return Observed(outputs={"JwksUri": found}, looked_up=True, note=f"keys at {found}")

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - it is read again
        """Look it up, or stop.

        Raises:
            DeployError: the issuer does not say where its keys are.
        """
        found = self._jwks_uri(step)
        self.context.progress(step.id, f"keys at {found}")
        return {"JwksUri": found}

    def _jwks_uri(self, step: Step) -> str:
        return str(self.context.provider("openid").jwks_uri(step.spec["Issuer"]))
