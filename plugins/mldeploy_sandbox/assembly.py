"""Puts the parts together that answer AWS calls: planes, gates, faults and the policy in force."""

from __future__ import annotations

from mldeploy_sandbox.bucket_tags import BucketTags
from mldeploy_sandbox.exchange import Answering
from mldeploy_sandbox.faults.delivery import Delivery
from mldeploy_sandbox.faults.outages import CacheOutage, with_key_outage
from mldeploy_sandbox.guards import Guards
from mldeploy_sandbox.identity import WORKLOAD_KEY_ID
from mldeploy_sandbox.moto_diet import LateLoading, leave_catalogue_out
from mldeploy_sandbox.permissions.enforcement import Enforcement
from mldeploy_sandbox.permissions.resource_tags import ResourceTags
from mldeploy_sandbox.plane import Key, Operation, WsgiApp
from mldeploy_sandbox.planes import make_planes
from mldeploy_sandbox.revisions import Revisions
from mldeploy_sandbox.strict import strict_gates
from mldeploy_sandbox.world import World


class Assembly:
    """The planes of one sandbox, and who answers a call."""

    def __init__(self, world: World) -> None:
        leave_catalogue_out()
        self._planes = make_planes(world)
        operations: dict[Key, Operation] = {}
        self.pages: dict[str, WsgiApp] = {}
        for plane in self._planes:
            operations.update(plane.operations())
            self.pages.update({path: with_key_outage(app, world.faults) for path, app in plane.routes().items()})
        self.answering = Answering(
            moto=world.moto,
            operations=operations,
            gates=(
                *(strict_gates(world) if world.strict else ()),
                LateLoading(world),
                Guards(world),
                Revisions(world),
                BucketTags(world),
                CacheOutage(world),
            ),
            delivery=Delivery(world.faults),
            enforcement=Enforcement(exempt=(WORKLOAD_KEY_ID,), tags=ResourceTags(world)),
        )

    def close(self) -> None:
        """Stop every child process and thread of the planes."""
        for plane in self._planes:
            plane.close()
