"""App clients of user pools as the OAuth 2.0 pages see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An app client; `secret` is None for a public client, `settings` are those of CreateUserPoolClient."""

    client_id: str
    pool_id: str
    secret: str | None
    settings: Mapping[str, Any]


def stored_client(world: World, domain: str, client_id: str) -> Client | None:
    """Return a client of the pool that owns a domain."""
    from moto.backends import get_backend  # noqa: PLC0415 - a domain does not tell its region

    with world.moto.lock:
        for backend in get_backend("cognito-idp")[world.account_id].values():
            owner = backend.user_pool_domains.get(domain)
            pool = backend.user_pools.get(owner.user_pool_id) if owner else None
            if pool is not None and client_id in pool.clients:
                client = pool.clients[client_id]
                secret = client.secret if client.generate_secret else None
                settings = dict(client.extended_config)
                return Client(client_id=client_id, pool_id=pool.id, secret=secret, settings=settings)
    return None
