"""Connections that are closed on purpose."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


def hang_up(environ: Mapping[str, Any]) -> None:
    """Close the connection under the caller's feet; the server notices when it is told to answer."""
    with suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
