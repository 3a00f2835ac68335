"""An endpoint at work: its record, the fleet that answers for it, and during an update the fleet that takes over."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

from mldeploy_sandbox.sagemaker.containers import Container
from mldeploy_sandbox.sagemaker.fleet import Fleet
from mldeploy_sandbox.sagemaker.metrics import Metrics
from mldeploy_sandbox.sagemaker.records import EndpointRecord

SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})


@dataclass(slots=True, kw_only=True)
class Live:
    """An endpoint's record and the fleet that answers for it; None before the first one is healthy.

    - `successor`: the fleet that takes over step by step; `share`: the part of the requests that it gets already.
    """

    record: EndpointRecord
    fleet: Fleet | None = None
    successor: Fleet | None = None
    share: float = 0.0
    metrics: Metrics = field(default_factory=Metrics)
    switching: threading.Lock = field(default_factory=threading.Lock)

    @property
    def serves(self) -> bool:
        """Tell whether requests are let in."""
        return self.fleet is not None and self.record.endpoint_status in SERVING

    def lease(self, target: str | None) -> Container | None:
        """Pick the container for a request and count the request in; the caller counts it out with `finish`.

        Arguments:
            target: the variant that the caller asks for; None draws one by weight.
        """
        with self.switching:
            fleet = self.fleet
            if self.successor is not None and random.random() < self.share:
                fleet = self.successor
            if fleet is None:
                return None
            weights = {item["VariantName"]: item["CurrentWeight"] for item in self.record.production_variants}
            container = fleet.pick(target, weights)
            if container is not None:
                container.begin()
            return container

    def lease_shadow(self) -> Container | None:
        """Pick the shadow's container for a copy of a request, as often as its weight says."""
        with self.switching:
            container = self.fleet.shadow if self.fleet is not None else None
            if container is None or random.random() >= container.task.weight:
                return None
            container.begin()
            return container

    def shift(self, successor: Fleet | None, share: float) -> None:
        """Let a part of the requests go to another fleet from now on."""
        with self.switching:
            self.successor, self.share = successor, share
