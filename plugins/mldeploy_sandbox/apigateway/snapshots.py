"""The frozen APIs of all deployments."""

from __future__ import annotations

from typing import Any

from mldeploy_sandbox.apigateway.deployed import DeployedApi, freeze


class Snapshots:
    """Keeps one frozen API per deployment; hold moto's lock while calling."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], DeployedApi] = {}

    def take(self, api: Any, deployment_id: str) -> DeployedApi:
        """Freeze an API of moto's as it is now."""
        frozen = freeze(api, deployment_id)
        self._taken[(api.id, deployment_id)] = frozen
        return frozen

    def find(self, api: Any, deployment_id: str) -> DeployedApi:
        """Return the API as it was deployed; one that moto deployed by itself (CloudFormation) is frozen now."""
        return self._taken.get((api.id, deployment_id)) or self.take(api, deployment_id)

    def forget(self, api_id: str, deployment_id: str) -> None:
        """Drop a deployment."""
        self._taken.pop((api_id, deployment_id), None)
