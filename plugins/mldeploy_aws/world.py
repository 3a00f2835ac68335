"""The door `aws`: clients made once, who and where we are, and the public addresses of what we make."""

from __future__ import annotations

import gzip
import json
import os
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import botocore.exceptions
import botocore.session
from botocore.config import Config
from botocore.loaders import JSONFileLoader

from mldeploy.errors import CredentialsError, UsageError
from mldeploy_aws.contract import Contract
from mldeploy_aws.patience import Patience
from mldeploy_aws.streams import rewinding

if TYPE_CHECKING:
    from mldeploy import Context


ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
"""Sends every call to one place, such as `mldeploy sandbox up` (AWS SDKs guide, "Service-specific endpoints")."""


class Addresses(Protocol):
    """Where callers reach what a region serves."""

    def rest_api(self, api_id: str, stage: str) -> str:
        """Return the invoke URL of a stage, without a slash at the end."""

    def token_endpoint(self, domain: str) -> str:
        """Return the OAuth 2.0 token endpoint of a Cognito domain prefix."""

    def key_set(self, pool_id: str) -> str:
        """Return where the public keys of a Cognito user pool are."""


class Aws:
    """One account and region; thread-safe.

    Clients are botocore's own, and every call of theirs goes through the call contract (see `contract`). What boto3
    adds (resources, transfers) is not used here and takes longer to import than botocore itself.
    """

    def __init__(
        self,
        session: botocore.session.Session,
        addresses: Addresses,
        endpoint_url: str | None = None,
        *,
        patience: Patience | None = None,
    ) -> None:
        session.get_component("data_loader").file_loader = _PlainFiles()
        self._session = session
        self._endpoint_url = endpoint_url
        self._config = Config(retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=32)
        self._clients: dict[tuple[str, bool], Any] = {}
        self._making = threading.Lock()
        self.contract = Contract(patience or Patience(), paced=endpoint_url is None)
        self.addresses = addresses

    @property
    def emulated(self) -> bool:
        """Whether another program answers in the place of AWS."""
        return self._endpoint_url is not None

    @property
    def region(self) -> str:
        """The region's name."""
        return str(self._session.get_config_variable("region"))

    @cached_property
    def account_id(self) -> str:
        """The account's twelve digits.

        Raises:
            CredentialsError: there are no credentials, or they are not accepted.
        """
        try:
            return str(self.client("sts").get_caller_identity()["Account"])
        except (botocore.exceptions.ClientError, botocore.exceptions.NoCredentialsError) as error:
            message = f"AWS does not accept our credentials: {error}"
            hint = "log in (`aws sso login`, or OIDC in CI) and check with `aws sts get-caller-identity`"
            raise CredentialsError(message, hint=hint) from error

    def client(self, service: str, *, guarded: bool = True) -> Any:
        """Return the client of a service, made on first use.

        Arguments:
            guarded: the contract's guard is asked before each change; off for what the guard itself needs.
        """
        with self._making:  # making clients is not thread-safe (boto3 guide, "Multithreading")
            if (service, guarded) not in self._clients:
                client = self._session.create_client(service, endpoint_url=self._endpoint_url, config=self._config)
                self._clients[service, guarded] = self._contracted(client, service, guarded=guarded)
            return self._clients[service, guarded]

    def _contracted(self, client: Any, service: str, *, guarded: bool) -> Any:
        """Put the contract between a client and its every call.

        All methods, paginators and waiters of a client go through `_make_api_call`; tracing libraries hook in there too
        (OpenTelemetry's instrumentation of botocore).
        """
        send = client._make_api_call  # noqa: SLF001 - botocore has no public place that sees all calls

        def call(operation_name: str, api_params: Any) -> Any:
            rewind = rewinding(api_params)

            def attempt() -> Any:
                rewind()
                return send(operation_name, dict(api_params))  # botocore changes what it is given

            return self.contract.call(service, operation_name, attempt, guarded=guarded)

        client._make_api_call = call  # noqa: SLF001
        return client


class _PlainFiles(JSONFileLoader):  # type: ignore[misc] # botocore has no types
    """Reads botocore's models into plain dicts: they keep their order, too, and take half the time of OrderedDict."""

    def load_file(self, file_path: str) -> Any:
        """Return the content of a file named without its suffix, None when it is not there."""
        for suffix, opened in ((".json", open), (".json.gz", gzip.open)):
            if Path(file_path + suffix).is_file():
                with opened(file_path + suffix, "rb") as file:
                    return json.load(file)
        return None


class PublicAddresses:
    """The addresses of the public AWS partition."""

    def __init__(self, region: str) -> None:
        self._region = region

    def rest_api(self, api_id: str, stage: str) -> str:
        """Return the invoke URL of a stage."""
        return f"https://{api_id}.execute-api.{self._region}.amazonaws.com/{stage}"

    def token_endpoint(self, domain: str) -> str:
        """Return the OAuth 2.0 token endpoint of a Cognito domain prefix."""
        return f"https://{domain}.auth.{self._region}.amazoncognito.com/oauth2/token"

    def key_set(self, pool_id: str) -> str:
        """Return where the public keys of a Cognito user pool are."""
        return f"https://cognito-idp.{self._region}.amazonaws.com/{pool_id}/.well-known/jwks.json"


class EndpointAddresses:
    """Where one endpoint in the place of AWS serves what AWS serves under names of its own."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def rest_api(self, api_id: str, stage: str) -> str:
        """Return the invoke URL of a stage."""
        return f"{self._url}/restapis/{api_id}/{stage}/_user_request_"

    def token_endpoint(self, domain: str) -> str:
        """Return the OAuth 2.0 token endpoint of a Cognito domain prefix."""
        return f"{self._url}/cognito/{domain}/oauth2/token"

    def key_set(self, pool_id: str) -> str:
        """Return where the public keys of a Cognito user pool are."""
        return f"{self._url}/cognito/{pool_id}/.well-known/jwks.json"


def region_of(context: Context) -> str:
    """Return the region that release.yaml names.

    Raises:
        UsageError: it names none.
    """
    region = context.config.get("instance", {}).get("region")
    if not region:
        message = "release.yaml names no region"
        raise UsageError(message, hint="set instance.region, for example eu-central-1")
    return str(region)


def real_aws(context: Context) -> Aws:
    """Return AWS, or what AWS_ENDPOINT_URL names in its place, with the credentials that botocore finds here.

    Raises:
        CredentialsError: AWS_PROFILE names a profile that this machine does not have.
    """
    region = region_of(context)
    session = botocore.session.get_session()
    session.set_config_variable("region", region)
    try:
        session.get_scoped_config()
    except botocore.exceptions.ProfileNotFound as error:
        hint = "`aws configure list-profiles` shows those of this machine; unset AWS_PROFILE to do without"
        raise CredentialsError(str(error), hint=hint) from error
    url = os.environ.get(ENDPOINT_VARIABLE)
    addresses = EndpointAddresses(url) if url else PublicAddresses(region)
    return Aws(session, addresses, url, patience=Patience.of(context))
