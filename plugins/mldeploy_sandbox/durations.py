"""How long things take in strict mode, in sandbox seconds; in plain mode they take no time beyond the real one.

AWS publishes no figures. These are of the order that people see: minutes until instances run, seconds to let them go.
"""

from __future__ import annotations

from collections.abc import Mapping

SECONDS: Mapping[str, float] = {
    "apigee-deployment": 30.0,
    "apigee-operation": 60.0,
    "endpoint-create": 180.0,
    "endpoint-update": 240.0,
    "endpoint-delete": 15.0,
    "endpoint-scale": 120.0,
    "image-scan": 20.0,
}


def seconds_for(name: str, *, strict: bool) -> float:
    """Return the sandbox seconds that something takes; 0 in plain mode.

    Raises:
        KeyError: no such duration.
    """
    return SECONDS[name] if strict else 0.0
