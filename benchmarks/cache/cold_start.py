"""Run in a fresh process: import a handler, answer one request that is in Redis, print what that cost as JSON.

python cold_start.py MODULE HITS
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from types import SimpleNamespace
from typing import Any

BODY = '{"instances": ["cold"]}'
CONTEXT = SimpleNamespace(aws_request_id="1")


def event() -> dict[str, Any]:
    """Return what API Gateway sends."""
    return {"headers": {"Content-Type": "application/json"}, "requestContext": {"requestId": "1"}, "body": BODY}


def main(module: str, hits: int) -> None:
    """Print CPU seconds until the first answer, the median seconds of later ones, and the modules loaded."""
    handler = importlib.import_module(module)
    answer = handler.handle(event(), CONTEXT)
    cold = time.process_time()
    seconds = []
    for _ in range(hits):
        started = time.perf_counter()
        answer = handler.handle(event(), CONTEXT)
        seconds.append(time.perf_counter() - started)
    found = {
        "cpuSeconds": cold,
        "hitSeconds": sorted(seconds)[hits // 2],
        "status": answer["statusCode"],
        "cache": answer.get("headers", {}).get("X-Cache", ""),
        "botocore": "botocore" in sys.modules,
    }
    sys.stderr.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
