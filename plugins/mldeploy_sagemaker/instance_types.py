"""The instance types that SageMaker hosts on, and what does not go with each of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mldeploy.model import JSON

DATA = Path(__file__).with_name("data") / "instance_types.json"
BURSTABLE = "ml.t2."


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """An instance type for endpoints.

    - `local_storage`: it brings an NVMe disk, so that no volume can be attached (API reference, CreateEndpointConfig).
    - `autoscalable`: False for burstable types (SageMaker developer guide, "Auto scaling prerequisites").
    """

    name: str
    vcpus: int
    memory_gib: float
    local_storage: bool

    @property
    def autoscalable(self) -> bool:
        """Whether Application Auto Scaling takes endpoints of this type."""
        return not self.name.startswith(BURSTABLE)


@cache
def catalogue() -> Mapping[str, InstanceType]:
    """Return every hosting type by name, in the order of the service model; the snapshot's date is in the file."""
    types = json.loads(DATA.read_text("utf-8"))["types"]
    return {
        name: InstanceType(
            name=name, vcpus=row["vcpus"], memory_gib=row["memoryGiB"], local_storage=row["localStorage"]
        )
        for name, row in types.items()
    }


def instance_type(name: str) -> InstanceType:
    """Return one hosting type.

    Raises:
        KeyError: SageMaker does not host on it, or the catalogue is older than the type.
    """
    return catalogue()[name]


def inapplicable(answers: Mapping[str, JSON]) -> Mapping[str, str]:
    """Tell which keys of release.yaml make no sense with the answers so far: dotted key → reason."""
    chosen = catalogue().get(answers.get("instance.type", ""))
    if chosen is None:
        return {}
    reasons = {}
    if chosen.local_storage:
        reasons["instance.volumeSizeInGB"] = f"{chosen.name} has local NVMe storage and takes no volume"
    if not chosen.autoscalable:
        reasons["autoscaling.enabled"] = f"{chosen.name} is burstable and cannot scale automatically"
    return reasons
