"""Deployments of revisions: deploy, look, undeploy, and the report of what would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mldeploy_sandbox.apigee.errors import GoogleError, failed_precondition, not_found
from mldeploy_sandbox.apigee.management.routes import ENVIRONMENT, ORGANIZATION, Ask, Route
from mldeploy_sandbox.apigee.proxy import compile_proxy
from mldeploy_sandbox.apigee.rollout import Rollout, route
from mldeploy_sandbox.apigee.store import Deployment, Document, Environment, Organization, Revision, found

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store

REVISION = f"{ENVIRONMENT}/apis/<api>/revisions/<revision>"
LISTS = {
    "organizations.deployments.list": f"{ORGANIZATION}/deployments",
    "organizations.apis.deployments.list": f"{ORGANIZATION}/apis/<api>/deployments",
    "organizations.apis.revisions.deployments.list": f"{ORGANIZATION}/apis/<api>/revisions/<revision>/deployments",
    "organizations.environments.deployments.list": f"{ENVIRONMENT}/deployments",
    "organizations.environments.apis.deployments.list": f"{ENVIRONMENT}/apis/<api>/deployments",
}
"""Where deployments are listed: all methods look alike."""

UNKNOWN = 2
"""google.rpc.Code.UNKNOWN, for what keeps a revision from running."""


class Deployments:
    """Deployments in environments."""

    def __init__(self, store: Store, rollout: Rollout, seconds: Callable[[], float]) -> None:
        self._store = store
        self._rollout = rollout
        self._seconds = seconds

    def routes(self) -> Iterable[Route]:
        """Return the routes of deployments."""
        base = "organizations.environments"
        one, report = f"{REVISION}/deployments", f"{base}.apis.revisions.deployments"
        return (
            Route(
                id=f"{base}.apis.revisions.deploy",
                method="POST",
                rule=one,
                handler=self._deploy,
                query=("override", "sequencedRollout", "serviceAccount"),
            ),
            Route(id=f"{base}.apis.revisions.getDeployments", method="GET", rule=one, handler=self._get),
            Route(
                id=f"{base}.apis.revisions.undeploy",
                method="DELETE",
                rule=one,
                handler=self._undeploy,
                query=("sequencedRollout",),
            ),
            Route(
                id=f"{report}.generateDeployChangeReport",
                method="POST",
                rule=f"{one}:generateDeployChangeReport",
                handler=self._report_deploy,
                query=("override",),
            ),
            Route(
                id=f"{report}.generateUndeployChangeReport",
                method="POST",
                rule=f"{one}:generateUndeployChangeReport",
                handler=self._report_undeploy,
            ),
            *(Route(id=name, method="GET", rule=rule, handler=self._list) for name, rule in LISTS.items()),
        )

    def _place(self, ask: Ask) -> tuple[Organization, Environment, Revision]:
        organization = self._store.organization(ask.path["organization"])
        environment = self._store.environment(organization.name, ask.path["environment"])
        self._rollout.settle(environment)
        api = found(organization.apis, ask.path["api"], f"organizations/{organization.name}/apis")
        revision = found(api.revisions, ask.path["revision"], f"apis/{ask.path['api']}/revisions")
        return organization, environment, revision

    def _deploy(self, ask: Ask) -> Document:
        organization, environment, revision = self._place(ask)
        key = (ask.path["api"], ask.path["revision"])
        if key in environment.deployments:
            return _shown(environment.deployments[key])
        refusal = self._refusal(ask, organization, environment, revision)
        if refusal:
            raise refusal
        proxy, errors = compile_proxy(revision.bundle, *key)
        others = [deployed for deployed in environment.deployments if deployed[0] == key[0]]
        serving = [other for other in others if self._rollout.state(environment.deployments[other]) == "READY"]
        now = self._store.clock.monotonic()
        since = min((environment.deployments[other].since for other in others), default=now)
        for other in set(others) - set(serving):
            del environment.deployments[other]
        environment.deployments[key] = Deployment(
            environment=ask.path["environment"],
            api=key[0],
            revision=key[1],
            service_account=ask.query.get("serviceAccount", ""),
            started=self._store.now(),
            ready_at=now + self._seconds(),
            since=since,
            proxy=proxy,
            errors=tuple(errors),
            replaces=serving[0][1] if serving else None,
        )
        return _shown(environment.deployments[key])

    def _refusal(
        self, ask: Ask, organization: Organization, environment: Environment, revision: Revision
    ) -> GoogleError | None:
        """Return why a revision cannot be deployed as asked."""
        api, name = ask.path["api"], ask.path["environment"]
        place = f"organizations/{organization.name}/environments/{name}/apis/{api}/revisions/{ask.path['revision']}"
        others = [number for deployed, number in environment.deployments if deployed == api]
        if others and not ask.flag("override"):
            message = f'revision {others[0]} of apiproxy "{api}" is already deployed in environment "{name}"'
            return failed_precondition(place, "ALREADY_DEPLOYED", message)
        for conflict in self._rollout.conflicts(organization, api, name, revision.bundle.base_paths):
            if conflict["conflictingDeployment"]["environment"] == name:
                return failed_precondition(place, "BASE_PATH_CONFLICT", conflict["description"])
        return None

    def _deployment(self, ask: Ask) -> tuple[Organization, Environment, Deployment]:
        organization, environment, _ = self._place(ask)
        deployment = environment.deployments.get((ask.path["api"], ask.path["revision"]))
        if deployment is None:
            where = f"revision {ask.path['revision']} of {ask.path['api']} in environment {ask.path['environment']}"
            raise not_found(resource=f"a deployment of {where}")
        return organization, environment, deployment

    def _get(self, ask: Ask) -> Document:
        organization, _, deployment = self._deployment(ask)
        shown = _shown(deployment) | {"state": self._rollout.state(deployment)}
        if shown["state"] == "ERROR":
            shown["errors"] = [{"code": UNKNOWN, "message": message} for message in deployment.errors]
        paths = self._rollout.paths(organization, deployment)
        conflicts = self._rollout.conflicts(organization, deployment.api, deployment.environment, paths)
        return shown | {"routeConflicts": conflicts} if conflicts else shown

    def _undeploy(self, ask: Ask) -> Document:
        _, environment, deployment = self._deployment(ask)
        del environment.deployments[deployment.api, deployment.revision]
        return {}

    def _report_deploy(self, ask: Ask) -> Document:
        organization, environment, revision = self._place(ask)
        paths = revision.bundle.base_paths
        report: Document = {
            "routingConflicts": self._rollout.conflicts(organization, ask.path["api"], ask.path["environment"], paths),
            "routingChanges": self._changes(ask, organization, environment, paths, "toDeployment"),
        }
        refusal = self._refusal(ask, organization, environment, revision)
        if refusal:
            report["validationErrors"] = {"violations": refusal.details[0]["violations"]}
        return report

    def _report_undeploy(self, ask: Ask) -> Document:
        organization, environment, _ = self._deployment(ask)
        paths = self._rollout.paths(organization, self._deployment(ask)[2])
        return {"routingChanges": self._changes(ask, organization, environment, paths, "fromDeployment")}

    def _changes(
        self, ask: Ask, organization: Organization, environment: Environment, paths: list[str], role: str
    ) -> list[Document]:
        """Return the routes that begin or end with this revision."""
        new = {name: ask.path[name] for name in ("revision", "environment")} | {"apiProxy": ask.path["api"]}
        changes = []
        for group in organization.groups_of(ask.path["environment"]):
            for path in paths:
                change = {"environmentGroup": group.document["name"], role: new | {"basepath": path}}
                for deployment in environment.deployments.values():
                    if role == "toDeployment" and deployment.api == ask.path["api"]:
                        change["fromDeployment"] = route(deployment, path)
                changes.append(change | {"shouldSequenceRollout": False})
        return changes

    def _list(self, ask: Ask) -> Document:
        organization = self._store.organization(ask.path["organization"])
        chosen = organization.environments
        if "environment" in ask.path:
            name = ask.path["environment"]
            chosen = {name: self._store.environment(organization.name, name)}
        shown = []
        for environment in chosen.values():
            self._rollout.settle(environment)
            shown += [
                _shown(deployment)
                for deployment in environment.deployments.values()
                if ask.path.get("api", deployment.api) == deployment.api
                and ask.path.get("revision", deployment.revision) == deployment.revision
            ]
        return {"deployments": shown}


def _shown(deployment: Deployment) -> Document:
    shown = {
        "environment": deployment.environment,
        "apiProxy": deployment.api,
        "revision": deployment.revision,
        "deployStartTime": deployment.started,
        "proxyDeploymentType": "EXTENSIBLE",
    }
    return shown | {"serviceAccount": deployment.service_account} if deployment.service_account else shown
