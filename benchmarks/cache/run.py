"""What a cold start and a hit of the cache's function cost, beside the handler that tutorials show.

    python benchmarks/cache/run.py [--rounds N]

Needs redis-server, and boto3 and redis-py in this environment. Prints a Markdown table; ends with 1 if it misses a
goal.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from mldeploy_cache.bundle import function_zip
from mldeploy_cache.function.redis_connection import RedisConnection

HERE = Path(__file__).parent
OURS, NAIVE = "mldeploy_cache.function.handler", "naive_handler"
HITS = 500
MOST_COLD_SHARE = 0.4
MOST_ZIP_BYTES = 1_500_000
MOST_ROUND_TRIPS = 2.0


def main() -> int:
    """Measure, print the table, return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=11, help="how often each handler starts; the median counts")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as port:
        unpacked = Path(folder) / "function"
        zipfile.ZipFile(BytesIO(function_zip())).extractall(unpacked)
        shutil.copy(HERE / "naive_handler.py", unpacked)
        seed(unpacked, port)
        runs = [(started(OURS, unpacked, port), started(NAIVE, unpacked, port)) for _ in range(rounds)]
        trip = round_trip(port)
    ours, naive = ([run[place] for run in runs] for place in (0, 1))
    return show(ours, naive, trip)


def show(ours: list[Mapping[str, Any]], naive: list[Mapping[str, Any]], trip: float) -> int:
    """Print one row per goal, and tell whether all are met."""
    cold = median(run["cpuSeconds"] for run in ours) / median(run["cpuSeconds"] for run in naive)
    hit = median(run["hitSeconds"] for run in ours)
    rows = [
        ("CPU of a cold start with a hit, as a share of the naive handler's", f"{cold:.0%}", cold <= MOST_COLD_SHARE),
        ("CPU of a cold start, ours / naive, ms", _milliseconds(ours, naive, "cpuSeconds"), True),
        ("a hit in a warm container, ours / naive, ms", _milliseconds(ours, naive, "hitSeconds"), True),
        ("a hit, in round trips of a raw GET", f"{hit / trip:.2f}", hit <= MOST_ROUND_TRIPS * trip),
        ("zip, bytes", f"{len(function_zip()):,}", len(function_zip()) <= MOST_ZIP_BYTES),
        ("botocore loaded by a hit", str(ours[0]["botocore"]), not ours[0]["botocore"]),
    ]
    print("| what | measured | goal |\n|---|---|---|")
    for what, measured, good in rows:
        print(f"| {what} | {measured} | {'met' if good else '**missed**'} |")
    return 0 if all(good for _, _, good in rows) else 1


def _milliseconds(ours: list[Mapping[str, Any]], naive: list[Mapping[str, Any]], key: str) -> str:
    return " / ".join(f"{median(run[key] for run in runs) * 1000:.2f}" for runs in (ours, naive))


def started(module: str, folder: Path, port: int) -> Mapping[str, Any]:
    """Start a handler in a fresh process, as Lambda does, and return what it reports."""
    command = [sys.executable, str(HERE / "cold_start.py"), module, str(HITS)]
    done = subprocess.run(command, env=variables(folder, port), capture_output=True, text=True, check=True)
    found: Mapping[str, Any] = json.loads(done.stderr)
    assert found["status"] == 200
    return found


def seed(folder: Path, port: int) -> None:
    """Put the answer into Redis under the keys of both handlers."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import cold_start, hashlib, os\n"
        "from mldeploy_cache.function import handler as h, messages as m, keys as k\n"
        "serving = h._serving(); request = m.read_request(cold_start.event(), '1')\n"
        "key = k.cache_key(serving._settings.release, request)\n"
        "answer = m.Answer(status=200, body=b'{\"predictions\": [1]}', content_type='application/json')\n"
        "serving._cache.store(key, answer)\n"
        "naive = hashlib.sha256(cold_start.BODY.encode()).hexdigest().encode()\n"
        "serving._cache._connection.execute((b'SET', naive, answer.body))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(HERE)], env=variables(folder, port), check=True)


def variables(folder: Path, port: int) -> dict[str, str]:
    """Return the environment of a function."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "",
        "ENDPOINT_NAME": "bench",
        "RELEASE": "bench-1",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(port),
        "REDIS_TLS": "false",
        "CACHE_TTL": "3600",
        "CACHE_TTL_JITTER_PERCENT": "0",
        "ENDPOINT_TIMEOUT": "25",
        "MAX_BODY_BYTES": "6291456",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }


def round_trip(port: int) -> float:
    """Return the median seconds of a GET on one connection, by the same client as the function's."""
    connection = RedisConnection("127.0.0.1", port, timeout=5)
    seconds = []
    for _ in range(HITS):
        begin = time.perf_counter()
        connection.execute((b"GET", b"nothing"))
        seconds.append(time.perf_counter() - begin)
    connection.close()
    return median(seconds)


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """Run a redis-server on a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            next(line for line in process.stdout if "Ready to accept" in line)
            yield port
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
