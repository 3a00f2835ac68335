"""How far a rolling update may go beyond and below the wanted number of pods.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from mldeploy_sandbox.kubernetes.store import Document


def rolling_limits(deployment: Document) -> tuple[int, int]:
    """Return how many pods there may be beyond the wanted number, and how many may be missing."""
    rolling, replicas = deployment["spec"]["strategy"].get("rollingUpdate", {}), deployment["spec"]["replicas"]
    surge = _part(rolling.get("maxSurge", "25%"), replicas, math.ceil)
    unavailable = _part(rolling.get("maxUnavailable", "25%"), replicas, math.floor)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _part(value: Any, whole: int, rounded: Callable[[float], int]) -> int:
    if isinstance(value, str):
        return rounded(int(value.removesuffix("%")) * whole / 100)
    return int(value)
