"""The part of a live value that a spec manages: AWS fills in defaults that nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy.model import JSON


def managed(live: JSON, wanted: JSON) -> JSON:
    """Return the live value reduced to the keys of mappings that the wanted value has."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        return {key: managed(live[key], item) for key, item in wanted.items() if key in live}
    return live
