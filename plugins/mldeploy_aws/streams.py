"""Bodies that are read while they are sent, and so have to be wound back before they are sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def rewinding(parameters: Mapping[str, Any]) -> Callable[[], None]:
    """Return what puts every file among the parameters of a call back to where it stands now."""
    files = [value for value in parameters.values() if hasattr(value, "seek") and hasattr(value, "tell")]
    places = [(file, file.tell()) for file in files]

    def rewind() -> None:
        for file, place in places:
            file.seek(place)

    return rewind
