"""What policies ask of the world around a request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.runtime.caches import Caches
    from mldeploy_sandbox.apigee.runtime.counters import Counters
    from mldeploy_sandbox.apigee.runtime.key_sets import KeySets
    from mldeploy_sandbox.apigee.runtime.targets import Targets
    from mldeploy_sandbox.apigee.store import Store
    from mldeploy_sandbox.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The environment of all requests.

    - `logs`: the folder of what message logging writes.
    """

    store: Store
    clock: Clock
    counters: Counters
    caches: Caches
    key_sets: KeySets
    targets: Targets
    logs: Path
