"""AWS::Cognito::UserPoolResourceServer, which has the scope, and AWS::Cognito::UserPoolClient, which may ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_gateway.managed import managed
from mldeploy_gateway.names import people_client
from mldeploy_gateway.user_pools import NOT_FOUND, PAGE, UserPoolDriver


class ResourceServerDriver(AwsDriver):
    """Spec: UserPoolId, Scopes. Outputs: Scopes (as tokens carry them). The step's name is the identifier."""

    service = "cognito-idp"
    parents = ("UserPoolId",)

    def find(self, step: Step) -> Observed | None:
        """Return the resource server."""
        key = {"UserPoolId": step.spec["UserPoolId"], "Identifier": step.name}
        answer = found_or_none(lambda: self.client.describe_resource_server(**key), NOT_FOUND)
        if answer is None:
            return None
        server = answer["ResourceServer"]
        spec = {"UserPoolId": server["UserPoolId"], "Scopes": server.get("Scopes", [])}
        return Observed(outputs=_scopes(step), spec=spec)

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the resource server with its scopes."""
        self.client.create_resource_server(Identifier=step.name, Name=step.name, **step.spec)
        return _scopes(step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - all is put again
        """Set the scopes."""
        self.client.update_resource_server(Identifier=step.name, Name=step.name, **step.spec)
        return _scopes(step)

    def remove(self, step: Step, observed: Observed) -> None:
        """Delete the resource server."""
        key = {"UserPoolId": observed.spec["UserPoolId"], "Identifier": step.name}
        self.client.delete_resource_server(**key)


class UserPoolClientDriver(AwsDriver):
    """Spec: the parameters of CreateUserPoolClient. Outputs: ClientId; the secret stays in Cognito."""

    service = "cognito-idp"
    parents = ("UserPoolId",)

    def find(self, step: Step) -> Observed | None:
        """Return the client of this name in our pool."""
        client = next(iter(self._named(step)), None)
        if client is None:
            return None
        live = {**client, "GenerateSecret": "ClientSecret" in client}
        return Observed(outputs={"ClientId": client["ClientId"]}, spec=managed(live, step.spec))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the client."""
        answer = self.client.create_user_pool_client(ClientName=step.name, **step.spec)
        return {"ClientId": answer["UserPoolClient"]["ClientId"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Set all properties: Cognito resets those that are left out."""
        changeable = {key: value for key, value in step.spec.items() if key != "GenerateSecret"}
        self.client.update_user_pool_client(ClientId=observed.outputs["ClientId"], ClientName=step.name, **changeable)
        return observed.outputs

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all of the name go
        """Delete the clients of this name."""
        for client in self._named(step):
            self.client.delete_user_pool_client(UserPoolId=step.spec["UserPoolId"], ClientId=client["ClientId"])

    def candidates(self) -> Iterable[Step]:
        """Yield the clients that a release may have: one for machines, one for people."""
        for pool in UserPoolDriver(self.context).candidates():
            place = {"UserPoolId": pool.ref("UserPoolId")}
            for name in (self.stem, people_client(self.stem)):
                yield self.perhaps("AWS::Cognito::UserPoolClient", name, Phase.EXPOSE, place)

    def _named(self, step: Step) -> list[dict[str, Any]]:
        pool_id = step.spec["UserPoolId"]
        pages = self.client.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id, PaginationConfig=PAGE)
        found = [client for page in pages for client in page["UserPoolClients"] if client["ClientName"] == step.name]
        keys = [{"UserPoolId": pool_id, "ClientId": client["ClientId"]} for client in found]
        return [self.client.describe_user_pool_client(**key)["UserPoolClient"] for key in keys]


def _scopes(step: Step) -> Mapping[str, JSON]:
    return {"Scopes": [f"{step.name}/{scope['ScopeName']}" for scope in step.spec["Scopes"]]}
