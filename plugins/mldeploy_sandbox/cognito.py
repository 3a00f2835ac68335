"""The Cognito plane: a key per user pool, tokens that expire as configured, the token endpoint, and the rules."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jwt

from mldeploy_sandbox import cognito_rules
from mldeploy_sandbox.cognito_keys import PoolKeys
from mldeploy_sandbox.cognito_pages import PREFIX, CognitoPages
from mldeploy_sandbox.plane import AwsError, Call, Operation, Plane, WsgiApp

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

SERVICE = "cognito-idp"


class CognitoPlane:
    """Answers for Cognito what moto lacks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys = PoolKeys(world.folder)
        self._pages = CognitoPages(world, self._keys)

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """See `Plane`."""
        handlers = {
            "CreateUserPool": self._create_pool,
            "DeleteUserPool": self._delete_pool,
            "CreateUserPoolDomain": self._create_domain,
            "DescribeUserPoolDomain": self._describe_domain,
            "UpdateResourceServer": self._update_resource_server,
            "DeleteResourceServer": self._delete_resource_server,
            "CreateUserPoolClient": self._create_client,
            "UpdateUserPoolClient": self._update_client,
            "AdminInitiateAuth": self._initiate_auth,
            "InitiateAuth": self._initiate_auth,
        }
        return {(SERVICE, name): handler for name, handler in handlers.items()}

    def routes(self) -> Mapping[str, WsgiApp]:
        """See `Plane`."""
        return {PREFIX: self._pages}

    def close(self) -> None:
        """See `Plane`; nothing runs."""

    def _create_pool(self, call: Call) -> Mapping[str, Any]:
        answer = self._world.moto.answer(call)
        with self._world.moto.lock:
            pool = self._world.backend(SERVICE, call.region).user_pools[answer["UserPool"]["Id"]]
            pool.create_jwt = functools.partial(self._create_token, pool, pool.create_jwt)
        return answer

    def _create_token(
        self,
        pool: Any,
        original: Callable[..., tuple[str, int]],
        client_id: str,
        username: str,
        token_use: str,
        **options: Any,
    ) -> tuple[str, int]:
        """Take the claims of moto's token; sign them with the pool's key and the client's validity."""
        token, _ = original(client_id, username, token_use, **options)
        claims = jwt.decode(token, options={"verify_signature": False})
        kind = {"access": "AccessToken", "id": "IdToken"}[token_use]
        seconds = cognito_rules.token_seconds(pool.clients[client_id].extended_config, kind)
        claims["exp"] = claims["iat"] + seconds
        return self._keys.sign(pool.id, claims), seconds

    def _delete_pool(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            pool = self._world.backend(SERVICE, call.region).user_pools.get(call.params["UserPoolId"])
            if pool is not None:
                cognito_rules.check_pool_deletion(pool)
            return self._world.moto.answer(call)

    def _create_domain(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            domains = self._world.backend(SERVICE, call.region).user_pool_domains
            taken_by = {name: domain.user_pool_id for name, domain in domains.items()}
            cognito_rules.check_domain(call.params["Domain"], call.params["UserPoolId"], taken_by)
            return self._world.moto.answer(call)

    def _describe_domain(self, call: Call) -> Mapping[str, Any]:
        answer = self._world.moto.answer(call)
        if answer["DomainDescription"]:
            answer["DomainDescription"]["AWSAccountId"] = call.account_id
        return answer

    def _update_resource_server(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            servers, identifier = self._resource_server(call)
            servers[identifier].name = call.params["Name"]
            servers[identifier].scopes = call.params.get("Scopes", [])
            return {"ResourceServer": servers[identifier].to_json()}

    def _delete_resource_server(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            servers, identifier = self._resource_server(call)
            del servers[identifier]
        return {}

    def _resource_server(self, call: Call) -> tuple[dict[str, Any], str]:
        """Return the pool's resource servers and the identifier of one that exists.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        pool = self._world.backend(SERVICE, call.region).user_pools.get(call.params["UserPoolId"])
        servers = pool.resource_servers if pool else {}
        if call.params["Identifier"] not in servers:
            code, message = "ResourceNotFoundException", "Resource server does not exist."
            raise AwsError(code, message)
        return servers, call.params["Identifier"]

    def _create_client(self, call: Call) -> Mapping[str, Any]:
        """Create the client; its secret gets Cognito's alphabet, which moto's has not."""
        with self._world.moto.lock:
            has_secret = bool(call.params.get("GenerateSecret"))
            cognito_rules.check_client(call.params, self._scopes(call), has_secret=has_secret)
            answer = self._world.moto.answer(call)
            if has_secret:
                pool = self._world.backend(SERVICE, call.region).user_pools[call.params["UserPoolId"]]
                secret = pool.clients[answer["UserPoolClient"]["ClientId"]].secret = secrets.token_hex(26)
                answer["UserPoolClient"]["ClientSecret"] = secret
            return answer

    def _update_client(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            pool = self._world.backend(SERVICE, call.region).user_pools.get(call.params["UserPoolId"])
            client = pool.clients.get(call.params["ClientId"]) if pool else None
            has_secret = client is not None and client.generate_secret
            cognito_rules.check_client(call.params, self._scopes(call), has_secret=has_secret)
            return self._world.moto.answer(call)

    def _initiate_auth(self, call: Call) -> Mapping[str, Any]:
        with self._world.moto.lock:
            pools = self._world.backend(SERVICE, call.region).user_pools.values()
            clients = {name: client for pool in pools for name, client in pool.clients.items()}
            client = clients.get(call.params["ClientId"])
            if client is None:
                code = "ResourceNotFoundException"
                message = f"User pool client {call.params['ClientId']} does not exist."
                raise AwsError(code, message)
            cognito_rules.check_auth_flow(client, call.params)
            return self._world.moto.answer(call)

    def _scopes(self, call: Call) -> frozenset[str]:
        """Return `identifier/scope` of all resource servers of the pool."""
        pool = self._world.backend(SERVICE, call.region).user_pools.get(call.params["UserPoolId"])
        servers = pool.resource_servers.values() if pool else []
        return frozenset(
            f"{server.identifier}/{scope['ScopeName']}" for server in servers for scope in server.scopes or []
        )


def plane(world: World) -> Plane:
    """Make the Cognito plane of a sandbox."""
    return CognitoPlane(world)
