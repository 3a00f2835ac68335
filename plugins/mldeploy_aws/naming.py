"""Names that fit what a service allows."""

from __future__ import annotations

from mldeploy.model import content_hash


def shortened(name: str, longest: int) -> str:
    """Return a name of at most `longest` characters; a longer one is cut, and a hash of the whole keeps it unique."""
    if len(name) <= longest:
        return name
    suffix = content_hash(name)
    return f"{name[: longest - len(suffix) - 1].rstrip('-')}-{suffix}"
