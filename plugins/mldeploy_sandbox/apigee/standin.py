"""The stand-in put together: one organization `local` that is ready, the management API, tokens and the data plane."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.apigee.listener import Listener
from mldeploy_sandbox.apigee.management.api import ManagementApi
from mldeploy_sandbox.apigee.management.apis import Apis
from mldeploy_sandbox.apigee.management.deployments import Deployments
from mldeploy_sandbox.apigee.management.developers import Developers
from mldeploy_sandbox.apigee.management.groups import Groups
from mldeploy_sandbox.apigee.management.key_value_maps import KeyValueMaps
from mldeploy_sandbox.apigee.management.keys import Keys
from mldeploy_sandbox.apigee.management.operations import Operations
from mldeploy_sandbox.apigee.management.organizations import Organizations
from mldeploy_sandbox.apigee.management.products import Products
from mldeploy_sandbox.apigee.management.target_servers import TargetServers
from mldeploy_sandbox.apigee.pages import TOKENS
from mldeploy_sandbox.apigee.rollout import Rollout
from mldeploy_sandbox.apigee.runtime.caches import Caches
from mldeploy_sandbox.apigee.runtime.counters import Counters
from mldeploy_sandbox.apigee.runtime.key_sets import KeySets
from mldeploy_sandbox.apigee.runtime.router import Router
from mldeploy_sandbox.apigee.runtime.services import Services
from mldeploy_sandbox.apigee.runtime.targets import Targets
from mldeploy_sandbox.apigee.store import Store
from mldeploy_sandbox.apigee.tokens import TokenPages, Tokens

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

READY_MADE = "local"
"""The name of the organization, the environment and the environment group that exist from the beginning."""


class StandIn:
    """Answers for apigee.googleapis.com and for Google's token endpoints, and runs the data plane."""

    def __init__(self, world: World) -> None:
        self._store = Store(world.clock)
        self._targets, self._key_sets = Targets(), KeySets(world.clock)
        rollout = Rollout(self._store)
        services = Services(
            store=self._store,
            clock=world.clock,
            counters=Counters(),
            caches=Caches(world.clock),
            key_sets=self._key_sets,
            targets=self._targets,
            logs=world.folder / "apigee" / "logs",
        )
        self._listener = Listener(Router(services, rollout))
        tokens = Tokens(world.clock)
        self._token_pages = TokenPages(tokens, world.clock)
        operations = Operations(self._store, world.seconds("apigee-operation"))
        organizations, groups = Organizations(self._store, operations), Groups(self._store, operations)
        resources = (
            operations,
            organizations,
            groups,
            Apis(self._store),
            Deployments(self._store, rollout, lambda: world.seconds("apigee-deployment")),
            TargetServers(self._store),
            KeyValueMaps(self._store),
            Products(self._store),
            Developers(self._store),
            Keys(self._store),
        )
        self.routes = tuple(route for resource in resources for route in resource.routes())
        """The methods of the API that are answered."""
        self._api = ManagementApi(self._store, tokens, world.faults, self.routes)
        local = organizations.add(READY_MADE)
        organizations.add_environment(local, {"name": READY_MADE})
        groups.attach(groups.add(local, READY_MADE, [self._listener.address]), READY_MADE)
        world.notes["Apigee"] = f"data plane on http://{self._listener.address}"

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request to Google."""
        app = self._token_pages if environ["PATH_INFO"].startswith(TOKENS) else self._api
        return app(environ, start_response)

    def close(self) -> None:
        """Stop the data plane and let go of connections."""
        self._listener.close()
        self._targets.close()
        self._key_sets.close()
