"""Durations as people write them: 200ms, 60s, 5m, 2h."""

from __future__ import annotations

import re

DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(text: str) -> float:
    """Return the seconds of a duration.

    Raises:
        ValueError: it is none.
    """
    found = DURATION.fullmatch(text.strip())
    if found is None:
        message = f"'{text}' is no duration; it looks like 200ms, 60s, 5m or 2h"
        raise ValueError(message)
    return float(found["number"]) * UNITS[found["unit"]]
