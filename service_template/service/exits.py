"""How the supervisor tells a worker to end, and how a worker tells why it ended."""

from __future__ import annotations

import signal

STOP_SIGNAL = signal.SIGUSR1
"""Not SIGTERM: that may be sent to the whole process group, and a worker would count it twice."""

LOAD_FAILED = 3
"""The model or the user's code cannot be used."""

HUNG = 4
"""A prediction did not come back."""
