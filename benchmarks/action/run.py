"""How long the action takes to install itself: by uv and by pip, with and without packages in their caches.

    python benchmarks/action/run.py [--rounds N] [--no-pip]

Prints a Markdown table; ends with 1 when the goal is missed. Everything is below .cache/benchmarks/action.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".cache" / "benchmarks" / "action"
INSTALL = CHECKOUT / "plugins" / "mldeploy_ci" / "github" / "install.py"
MOST_SECONDS = 10.0
"""For uv with a warm cache."""


@dataclass(frozen=True)
class Way:
    """A way to install: the tool, whether its cache has the packages, and whether the sandbox comes along."""

    tool: str
    warm: bool
    sandbox: bool

    def __str__(self) -> str:
        extra = "with the sandbox" if self.sandbox else "without the sandbox"
        return f"{self.tool}, {'warm' if self.warm else 'empty'} cache, {extra}"

    @property
    def goal(self) -> float | None:
        return MOST_SECONDS if (self.tool, self.warm) == ("uv", True) else None


def main() -> int:
    """Measure every way, print the table, return 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is measured; the median counts")
    parser.add_argument("--no-pip", action="store_true", help="measure uv only")
    options = parser.parse_args()
    tools = ("uv",) if options.no_pip else ("uv", "pip")
    ways = [Way(tool, warm, sandbox) for tool in tools for sandbox in (False, True) for warm in (False, True)]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {options.rounds} rounds\n")
    print("| way | seconds | goal | |")
    print("|---|---:|---:|---|")
    met = True
    for way in ways:
        seconds = statistics.median(measured(way) for _ in range(options.rounds))
        verdict = "" if way.goal is None else "met" if seconds <= way.goal else "**missed**"
        met &= verdict != "**missed**"
        print(f"| {way} | {seconds:.1f} | {f'≤ {way.goal:g}' if way.goal else ''} | {verdict} |", flush=True)
    return 0 if met else 1


def measured(way: Way) -> float:
    """Return the seconds of one installation step, as the action runs it."""
    temp, cache = CACHE / "temp", CACHE / f"{way.tool}-{way.sandbox}"
    shutil.rmtree(temp, ignore_errors=True)
    temp.mkdir(parents=True)
    if not way.warm:
        shutil.rmtree(cache, ignore_errors=True)
    environment = {
        **os.environ,
        "PATH": path_for(way.tool),
        "UV_CACHE_DIR": str(cache),
        "PIP_CACHE_DIR": str(cache),
        "RUNNER_TEMP": str(temp),
        "GITHUB_OUTPUT": str(temp / "output"),
        "MLDEPLOY_INPUT_ENV": "local" if way.sandbox else "dev",
        "MLDEPLOY_INPUT_SANDBOX": "false",
    }
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-I", INSTALL], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{way}: {done.stdout}{done.stderr}")
    return time.monotonic() - started


def path_for(tool: str) -> str:
    """Return PATH with uv or without it."""
    if tool == "uv":
        return os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if shutil.which("uv", path=folder) is None)


if __name__ == "__main__":
    sys.exit(main())
