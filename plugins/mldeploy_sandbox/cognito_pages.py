"""The pages of user pools: public keys, OpenID configuration, where people sign in, and the token endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend
from werkzeug.wrappers import Request

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.cognito_keys import PoolKeys, issuer
from mldeploy_sandbox.cognito_sign_in import SignIn
from mldeploy_sandbox.cognito_tokens import TokenEndpoint

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

PREFIX = "/cognito"


class CognitoPages:
    """Serves `{pool id}/.well-known/jwks.json` and `openid-configuration`, and `{domain}/oauth2/…`, below PREFIX.

    AWS has the first two on cognito-idp.{region}.amazonaws.com, the others (`authorize`, where people sign in, and
    `token`) on {domain}.auth.{region}.amazoncognito.com.
    """

    def __init__(self, world: World, keys: PoolKeys) -> None:
        self._world = world
        self._keys = keys
        self._sign_in = SignIn(world)
        self._tokens = TokenEndpoint(world, keys, self._sign_in)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        owner, _, page = request.path.removeprefix(f"{PREFIX}/").partition("/")
        if page == "oauth2/token":
            authorization = request.headers.get("Authorization", "")
            answer = self._tokens.answer(
                owner, request.method, request.content_type or "", authorization, request.form.to_dict()
            )
            return answer.send(start_response)
        if page == "oauth2/authorize":
            return self._sign_in.page(owner, request).send(start_response)
        return self._well_known(request, owner, page).send(start_response)

    def _well_known(self, request: Request, pool_id: str, page: str) -> Answer:
        if not self._pool_exists(pool_id):
            return _json(404, {"message": f"User pool {pool_id} does not exist."})
        if page == ".well-known/jwks.json":
            return _json(200, self._keys.jwks(pool_id))
        if page == ".well-known/openid-configuration":
            base = f"{request.host_url.rstrip('/')}{PREFIX}"
            return _json(
                200,
                {
                    "issuer": issuer(pool_id),
                    "jwks_uri": f"{base}/{pool_id}/.well-known/jwks.json",
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "response_types_supported": ["code", "token"],
                    "scopes_supported": ["openid", "email", "phone", "profile"],
                    "subject_types_supported": ["public"],
                },
            )
        return _json(404, {"message": "Not Found"})

    def _pool_exists(self, pool_id: str) -> bool:
        with self._world.moto.lock:
            backends = get_backend("cognito-idp")[self._world.account_id].values()
            return any(pool_id in backend.user_pools for backend in backends)


def _json(status: int, document: Mapping[str, Any]) -> Answer:
    return Answer(status=status, headers=[("Content-Type", "application/json")], body=json.dumps(document).encode())
