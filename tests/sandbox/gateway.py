"""A deployed REST API in a test's sandbox, with everything a caller needs to get in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from functions import make_function
from running_sandbox import REGION, Sandbox

ACCOUNT = "123456789012"
SCOPE = "api/predict"
FUNCTION = """
import base64, json, time

def main(event, context):
    body = json.loads(event["body"]) if event["body"] and not event["isBase64Encoded"] else None
    order = body.get("order") if isinstance(body, dict) else None
    if order == "raise":
        raise ValueError("no model")
    if order == "sleep":
        time.sleep(3)
    if isinstance(order, dict):
        return order
    return {"statusCode": 201, "headers": {"X-Cache": "MISS"}, "body": json.dumps(event)}
"""


def function_uri(name: str) -> str:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def proxy(name: str, **settings: Any) -> dict[str, Any]:
    return {"type": "aws_proxy", "httpMethod": "POST", "uri": function_uri(name), **settings}


def mock(status: int = 200, **settings: Any) -> dict[str, Any]:
    return {
        "type": "mock",
        "requestTemplates": {"application/json": json.dumps({"statusCode": status})},
        "responses": {"default": {"statusCode": str(status), **settings}},
    }


def document(paths: dict[str, Any], **extensions: Any) -> dict[str, Any]:
    found = {"openapi": "3.0.1", "info": {"title": "demo", "version": "1"}, "paths": paths}
    return found | {name.replace("_", "-") if name.startswith("x_") else name: v for name, v in extensions.items()}


def operation(integration: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration, **more}


@dataclass
class Pool:
    """A user pool with one machine client and one person."""

    sandbox: Sandbox
    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    arn: str = ""
    client_id: str = ""
    secret: str = ""

    def __post_init__(self) -> None:
        cognito = self.cognito
        pool = cognito.create_user_pool(PoolName=self.name)["UserPool"]
        self.id, self.arn = pool["Id"], pool["Arn"]
        cognito.create_user_pool_domain(Domain=self.name, UserPoolId=self.id)
        scopes = [{"ScopeName": name, "ScopeDescription": name} for name in ("predict", "admin")]
        cognito.create_resource_server(UserPoolId=self.id, Identifier="api", Name="api", Scopes=scopes)
        client = self.client(
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=["api/predict", "api/admin"],
            **self.settings,
        )
        self.client_id, self.secret = client["ClientId"], client["ClientSecret"]

    @property
    def key_folder(self) -> Path:
        """Where the sandbox keeps the pool's key."""
        return self.sandbox.folder

    @property
    def cognito(self) -> Any:
        return self.sandbox.client("cognito-idp")

    def client(self, **settings: Any) -> dict[str, Any]:
        made = self.cognito.create_user_pool_client(UserPoolId=self.id, ClientName="client", **settings)
        return made["UserPoolClient"]

    def ask(self, *, auth: Any = "client", **form: str) -> requests.Response:
        """Ask the token endpoint."""
        credentials = (self.client_id, self.secret) if auth == "client" else auth
        url = f"{self.sandbox.running.url}/cognito/{self.name}/oauth2/token"
        return requests.post(url, data={"grant_type": "client_credentials", **form}, auth=credentials, timeout=10)

    def token(self, scope: str = SCOPE) -> str:
        return self.ask(scope=scope).json()["access_token"]

    def sign_in(self, **settings: Any) -> dict[str, Any]:
        """Return the tokens of a person."""
        client = self.client(ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"], **settings)["ClientId"]
        name, password = f"person-{client[:8]}", "Correct-horse-9"
        self.cognito.admin_create_user(UserPoolId=self.id, Username=name)
        self.cognito.admin_set_user_password(UserPoolId=self.id, Username=name, Password=password, Permanent=True)
        answer = self.cognito.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        return answer["AuthenticationResult"]


class Api:
    """An imported API with a stage `dev`."""

    def __init__(self, sandbox: Sandbox, definition: dict[str, Any]) -> None:
        self.sandbox = sandbox
        self.client = sandbox.client("apigateway")
        self.id = self.client.import_rest_api(body=json.dumps(definition), failOnWarnings=True)["id"]
        self.deployment = self.client.create_deployment(restApiId=self.id)["id"]
        self.client.create_stage(restApiId=self.id, stageName="dev", deploymentId=self.deployment)
        self.headers: dict[str, str] = {}
        self.plan = self.key_id = ""

    def let_in(self, function: str, path: str = "*", stage: str = "*") -> None:
        """Allow the API to invoke a function."""
        self.sandbox.client("lambda").add_permission(
            FunctionName=function,
            StatementId=f"gateway-{self.id}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}/{stage}/{path}",
        )

    def add_key(self, **limits: Any) -> str:
        """Make a usage plan with a key and return the key's value."""
        stages = [{"apiId": self.id, "stage": "dev"}]
        self.plan = self.client.create_usage_plan(name="plan", apiStages=stages, **limits)["id"]
        self.key_id = self.client.create_api_key(name="key", enabled=True)["id"]
        self.client.create_usage_plan_key(usagePlanId=self.plan, keyId=self.key_id, keyType="API_KEY")
        return self.client.get_api_key(apiKey=self.key_id, includeValue=True)["value"]

    def put(self, definition: dict[str, Any], mode: str = "overwrite") -> None:
        self.client.put_rest_api(restApiId=self.id, mode=mode, body=json.dumps(definition))

    def deploy(self) -> None:
        self.deployment = self.client.create_deployment(restApiId=self.id)["id"]
        self.change_stage("/deploymentId", self.deployment)

    def change_stage(self, path: str, value: str) -> None:
        change = {"op": "replace", "path": path, "value": value}
        self.client.update_stage(restApiId=self.id, stageName="dev", patchOperations=[change])

    def call(
        self, body: Any = None, method: str = "POST", path: str = "/predict", **settings: Any
    ) -> requests.Response:
        """Send a request; `headers` are added to those that let the caller in."""
        headers = {"Content-Type": "application/json", **self.headers, **settings.pop("headers", {})}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        url = f"{self.sandbox.running.url}/restapis/{self.id}/dev/_user_request_{path}"
        given = {name: value for name, value in headers.items() if value is not None}
        return requests.request(method, url, data=data, headers=given, timeout=40, **settings)


def secured(pool: Pool, function: str) -> dict[str, Any]:
    """Return a document whose POST /predict asks for a key and an access token."""
    security = {
        "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
        "pool": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "cognito_user_pools",
            "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [pool.arn]},
        },
    }
    post = operation(proxy(function), security=[{"key": [], "pool": [SCOPE]}])
    me = operation(proxy(function), security=[{"pool": []}])
    return document({"/predict": {"post": post}, "/me": {"get": me}}, components={"securitySchemes": security})


def secured_api(sandbox: Sandbox, name: str, **limits: Any) -> tuple[Api, Pool]:
    """Return an API like that, its caller let in, and the pool."""
    pool = Pool(sandbox, name)
    make_function(sandbox, name, FUNCTION)
    api = Api(sandbox, secured(pool, name))
    api.let_in(name)
    api.headers = {"x-api-key": api.add_key(**limits), "Authorization": f"Bearer {pool.token()}"}
    return api, pool
