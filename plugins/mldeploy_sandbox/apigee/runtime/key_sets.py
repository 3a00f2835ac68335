"""JSON Web Key Sets, fetched by HTTP and kept for a while.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/verify-jwt-policy (keys by
uri are cached for 300 s)
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import jwt
import urllib3

if TYPE_CHECKING:
    from mldeploy_sandbox.clock import Clock

LIFE_SECONDS = 300
FETCH_SECONDS = 5.0


class KeySetError(Exception):
    """The keys cannot be had."""


class KeySets:
    """Public keys by address and key id; thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pool = urllib3.PoolManager(timeout=FETCH_SECONDS, retries=False)
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def keys(self, uri: str) -> dict[str, Any]:
        """Return the keys at an address by their ids.

        Raises:
            KeySetError: nothing usable is there.
        """
        now = self._clock.monotonic()
        with self._lock:
            ends, keys = self._kept.get(uri, (0.0, {}))
        if keys and now < ends:
            return keys
        keys = read_keys(self._fetch(uri))
        with self._lock:
            self._kept[uri] = (now + LIFE_SECONDS, keys)
        return keys

    def close(self) -> None:
        """Let go of connections."""
        self._pool.clear()

    def _fetch(self, uri: str) -> bytes:
        try:
            response = self._pool.request("GET", uri)
        except urllib3.exceptions.HTTPError as error:
            message = f"{uri}: {error}"
            raise KeySetError(message) from error
        if response.status != 200:
            message = f"{uri} answered {response.status}"
            raise KeySetError(message)
        return response.data


def read_keys(text: bytes | str) -> dict[str, Any]:
    """Return the keys of a set by their ids.

    Raises:
        KeySetError: it is none.
    """
    try:
        keys = jwt.PyJWKSet.from_json(text if isinstance(text, str) else text.decode()).keys
    except (jwt.PyJWTError, ValueError, AttributeError) as error:
        message = f"no key set: {error}"
        raise KeySetError(message) from error
    return {key.key_id: key for key in keys if key.key_id}
