"""The door `caller`: requests as a client of the API would send them, with a key and a token."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import requests

from mldeploy import DeployError
from mldeploy.doors import Answer
from mldeploy.errors import UsageError
from mldeploy_aws.failures import translated
from mldeploy_gateway.names import people_client, scope_of
from mldeploy_gateway.sign_in import PeopleClient, access_token, loopback_callback

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy.model import JSON

CONNECT_SECONDS = 5
READ_SECONDS = 60
RENEW_SECONDS_BEFORE_END = 60


class GatewayCaller:
    """Calls POST /predict of the deployed stage; ids come from the release's outputs, secrets from AWS when needed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stem = f"{context.name}-{context.env}"
        self._http = requests.Session()
        context.resources.callback(self._http.close)
        self._fetching = threading.Lock()
        self._key = ""
        self._token = ""
        self._token_ends = 0.0

    @property
    def url(self) -> str:
        """The address that predictions are posted to.

        Raises:
            UsageError: the API is not deployed.
        """
        return str(self._output(f"AWS::ApiGateway::Stage/{self._context.env}", "Url"))

    def credentials(self) -> Mapping[str, str]:
        """Return the headers that let a caller in: what release.yaml asks for under `expose.auth`."""
        auth = self._context.config["expose"]["auth"]
        with translated("fetching the caller's credentials"), self._fetching:
            key = {"x-api-key": self._api_key()} if auth["apiKey"] else {}
            return {**key, "authorization": f"Bearer {self._access_token()}"} if auth["jwt"] else key

    def sign_in(self, announce: Callable[[str], None]) -> Mapping[str, str]:
        """Return the headers of a person, who signs in at the announced address meanwhile (see `sign_in`).

        Raises:
            UsageError: release.yaml lets no people in, or no callback address leads to this machine.
        """
        auth = self._context.config["expose"]["auth"]
        if not auth.get("users"):
            message = "this release lets no people in, machines only"
            raise UsageError(message, hint="set expose.auth.users.callbackUrls, and run")
        with translated("fetching the caller's credentials"), self._fetching:
            key = {"x-api-key": self._api_key()} if auth["apiKey"] else {}
        token_url = self._token_url()
        client = PeopleClient(
            client_id=str(self._output(f"AWS::Cognito::UserPoolClient/{people_client(self._stem)}", "ClientId")),
            callback=loopback_callback(auth["users"]["callbackUrls"]),
            scopes=tuple(scope_of(self._stem, scope) for scope in auth["scopes"]),
            authorize_url=f"{token_url.removesuffix('token')}authorize",
            token_url=token_url,
        )
        return {**key, "authorization": f"Bearer {access_token(self._context, client, announce)}"}

    def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST a body with exactly these headers; nothing is sent twice.

        Raises:
            DeployError: no HTTP answer came back.
        """
        started = time.perf_counter()
        try:
            answer = self._http.post(
                self.url,
                data=body,
                headers=dict(headers),
                auth=_as_given,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            message = f"no answer from {self.url}: {error}"
            raise DeployError(message, hint="check the network, and `mldeploy status`") from error
        return Answer(
            status=answer.status_code,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=answer.content,
            seconds=time.perf_counter() - started,
        )

    def _api_key(self) -> str:
        """Return the value of the key, which never changes."""
        if not self._key:
            key_id = self._output(f"AWS::ApiGateway::ApiKey/{self._stem}", "ApiKeyId")
            client = self._context.provider("aws").client("apigateway")
            self._key = str(client.get_api_key(apiKey=key_id, includeValue=True)["value"])
        return self._key

    def _access_token(self) -> str:
        """Return a token, fetched anew shortly before the last one ends (RFC 6749, section 4.4)."""
        if time.monotonic() < self._token_ends:
            return self._token
        aws = self._context.provider("aws")
        address = self._token_url()
        scopes = (scope_of(self._stem, scope) for scope in self._context.config["expose"]["auth"]["scopes"])
        form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
        try:
            answer = self._http.post(
                address, data=form, auth=self._client(aws), timeout=(CONNECT_SECONDS, READ_SECONDS)
            )
        except requests.RequestException as error:
            message = f"no token from {address}: {error}"
            raise DeployError(message, hint="a new Cognito domain may take a minute; run again") from error
        if answer.status_code != 200:
            message = f"{address} answered {answer.status_code}: {answer.text[:200]}"
            raise DeployError(message, hint="run `mldeploy run` to restore the client, or wait if it is new")
        found = answer.json()
        self._token = str(found["access_token"])
        self._token_ends = time.monotonic() + float(found["expires_in"]) - RENEW_SECONDS_BEFORE_END
        return self._token

    def _token_url(self) -> str:
        domain = self._output(f"AWS::Cognito::UserPoolDomain/{self._stem}", "Domain")
        return str(self._context.provider("aws").addresses.token_endpoint(domain))

    def _client(self, aws: Any) -> tuple[str, str]:
        """Return the client's id and secret."""
        key = {
            "UserPoolId": self._output(f"AWS::Cognito::UserPool/{self._stem}", "UserPoolId"),
            "ClientId": self._output(f"AWS::Cognito::UserPoolClient/{self._stem}", "ClientId"),
        }
        found = aws.client("cognito-idp").describe_user_pool_client(**key)["UserPoolClient"]
        return found["ClientId"], found["ClientSecret"]

    def _output(self, step_id: str, key: str) -> JSON:
        outputs = self._context.outputs(step_id)
        if key not in outputs:
            message = f"{step_id} is not deployed in environment '{self._context.env}'"
            raise UsageError(message, hint=f"deploy with `mldeploy run --env {self._context.env}`")
        return outputs[key]


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request alone: without this, requests puts what .netrc says over the Authorization header."""
    return request
