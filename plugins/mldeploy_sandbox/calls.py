"""The request log: one line of JSON per AWS call, so that people and tests can see what was asked."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

READING = re.compile(
    r"^(Describe|Get|List|Head|Search|Lookup|Query|Scan|Select|Filter|Simulate|Validate|Estimate|Preview|Check"
    r"|BatchGet|BatchCheck|BatchDescribe|Invoke|AssumeRole|InitiateAuth|AdminInitiateAuth|RespondToAuth"
    r"|AdminRespondToAuth|DecodeAuthorizationMessage|TestInvoke)"
)
"""Names of operations that change nothing that one would have to clean up."""


def is_mutating(operation: str) -> bool:
    """Tell by its name whether an operation changes the world."""
    return READING.match(operation) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """What is written down about one call.

    - `caller`: the access key id.
    - `permissions`: pairs of IAM action and resource ARN that the call needs.
    - `error`: AWS's code, empty on success; `rule`: the sandbox rule that refused the call; `fault`: what hit it.
    """

    service: str
    operation: str
    region: str
    caller: str
    permissions: tuple[tuple[str, str], ...]
    status: int
    error: str
    rule: str
    fault: str
    milliseconds: float


class CallLog:
    """Appends calls to a file and counts them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.total = 0
        self.mutating = 0

    def append(self, record: CallRecord) -> None:
        """Write one call down."""
        mutating = is_mutating(record.operation)
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **asdict(record),
            "mutating": mutating,
        }
        with self._lock:
            self.total += 1
            self.mutating += mutating
            with self._path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the calls logged so far, without the first `after`."""
        with self._lock:
            lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        return [json.loads(line) for line in lines[after:]]
