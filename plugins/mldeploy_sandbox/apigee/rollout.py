"""Revisions on their way into an environment: PROGRESSING, then READY or ERROR, and who serves meanwhile.

A revision that replaces another one takes over when it is ready; one that fails never does, and the other one goes on
(https://cloud.google.com/apigee/docs/api-platform/deploy/ui-deploy-overview#zero-downtime-deployment).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mldeploy_sandbox.apigee.store import Deployment, Document, Environment, Organization, Store


class Rollout:
    """The state of deployments; call with the store's lock held."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def state(self, deployment: Deployment) -> str:
        """Return PROGRESSING, READY or ERROR."""
        if deployment.ready_at > self._store.clock.monotonic():
            return "PROGRESSING"
        return "ERROR" if deployment.errors else "READY"

    def settle(self, environment: Environment) -> None:
        """Take away the revisions that have been replaced by now."""
        for deployment in list(environment.deployments.values()):
            if deployment.replaces and self.state(deployment) == "READY":
                environment.deployments.pop((deployment.api, deployment.replaces), None)
                deployment.replaces = None

    def serving(self, organization: Organization) -> Iterator[Deployment]:
        """Yield what answers now."""
        for environment in organization.environments.values():
            self.settle(environment)
            for deployment in environment.deployments.values():
                if self.state(deployment) == "READY":
                    yield deployment

    def conflicts(self, organization: Organization, api: str, environment: str, paths: list[str]) -> list[Document]:
        """Return the base paths that another API proxy has already, in this or a neighbouring environment."""
        found = []
        for group in organization.groups_of(environment):
            for neighbour in (attached["environment"] for attached in group.attachments.values()):
                for deployment in organization.environments[neighbour].deployments.values():
                    if deployment.api == api and neighbour == environment:
                        continue
                    found += [
                        {
                            "environmentGroup": group.document["name"],
                            "description": f"the base path {path} belongs to {deployment.api} in {neighbour}",
                            "conflictingDeployment": route(deployment, path),
                        }
                        for path in paths
                        if path in self.paths(organization, deployment)
                    ]
        return found

    @staticmethod
    def paths(organization: Organization, deployment: Deployment) -> list[str]:
        """Return the base paths of a deployment."""
        return organization.apis[deployment.api].revisions[deployment.revision].bundle.base_paths


def route(deployment: Deployment, path: str) -> Document:
    """Return a base path and what is behind it, as reports name it."""
    return {
        "apiProxy": deployment.api,
        "revision": deployment.revision,
        "environment": deployment.environment,
        "basepath": path,
    }
