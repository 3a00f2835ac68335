"""Measure the generated service beside its peers: `python benchmarks/serving/run.py [--quick]`.

Prints Markdown tables; ends with 1 when a goal is missed. All it makes is below .cache/benchmarks/serving.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from environments import NotInstalledError, installed, megabytes
from measure import NotServingError, Target, Visit, visit
from projects import PROGRAMS, write_project
from results import goals, median, speed_table
from servers import OURS, SERVERS, Server, body

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".cache" / "benchmarks" / "serving"
MODELS = ("tiny", "heavy")
CONCURRENCIES = (1, 16, 64)


def main() -> int:
    """Measure everything, print the tables, return 1 when a goal is missed."""
    options = parsed()
    for program in ("wrk", "taskset"):
        if not shutil.which(program):
            sys.exit(f"{program} is needed (Debian: apt-get install wrk util-linux)")
    chosen = [server for server in SERVERS if not options.only or named(server, options.only)]
    work = CACHE / "work"
    work.mkdir(parents=True, exist_ok=True)
    project = write_project(work)
    pythons, absent = environments(chosen, project)
    ready = [server for server in chosen if server.name in pythons]
    seen: dict[str, dict[str, Visit]] = {}
    for model in options.models:
        row, score = example(model, pythons[OURS])
        targets = {server.name: target(server, model, pythons[server.name], project, row, score) for server in ready}
        seen[model] = measured(targets, options.rounds, options.seconds, absent)
    return show(seen, pythons, absent, options.rounds, options.seconds)


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each server is started; the median counts")
    parser.add_argument("--seconds", type=float, default=5, help="how long the load lasts at each concurrency")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--only", nargs="+", help="measure ours and the servers whose name holds one of these words")
    parser.add_argument("--quick", action="store_true", help="one round of one second: does it work at all?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def named(server: Server, words: list[str]) -> bool:
    """Return whether a server is asked for; ours always is."""
    return server.name == OURS or any(word.lower() in server.name.lower() for word in words)


def environments(chosen: list[Server], project: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return server → its python, and server → why it cannot be installed."""
    pythons: dict[str, Path] = {}
    absent: dict[str, str] = {}
    for server in chosen:
        lock = None if server.requirements else project / "requirements.lock"
        try:
            pythons[server.name] = installed(CACHE / server.environment, *server.requirements, lock=lock)
        except NotInstalledError as error:
            absent[server.name] = f"not installed: {error}"
    return pythons, absent


def target(server: Server, model: str, python: Path, project: Path, row: tuple[float, ...], score: str) -> Target:
    """Return how a server is started for a model, what it is asked, and what its answer has to hold."""
    command = ("-m", "service", "serve") if server.program is None else (str(PROGRAMS / server.program),)
    environment = {
        "BENCHMARK_MODEL": model,
        "BATCHING": str(int(server.batching)),
        "PYTHONPATH": str(PROGRAMS),
        "WORKERS": "1",
    }
    return Target(
        command=(str(python), *command),
        environment=environment,
        folder=project if server.program is None else project.parent,
        path=server.path,
        body=body(server.form, row),
        answer=score,
    )


def example(model: str, python: Path) -> tuple[tuple[float, ...], str]:
    """Return a row and the first digits of its score, as our environment computes it."""
    code = "import models; model = models.load(); row = models.chosen.EXAMPLE; print(*row, model.scores([row])[0])"
    environment = os.environ | {"BENCHMARK_MODEL": model, "PYTHONPATH": str(PROGRAMS)}
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=True)
    *row, score = done.stdout.split()
    return tuple(float(value) if model == "tiny" else int(value) for value in row), score[:6]


def measured(targets: Mapping[str, Target], rounds: int, seconds: float, absent: dict[str, str]) -> dict[str, Visit]:
    """Visit all servers in turn, round after round, and return the medians.

    A visit that fails is noted in `absent`; a server that does not start is not visited again.
    """
    visits: dict[str, list[Visit]] = {name: [] for name in targets}
    failed: set[str] = set()
    for number in range(rounds):
        for name, one in targets.items():
            if name in failed and not visits[name]:
                continue
            title = f"{one.environment['BENCHMARK_MODEL']}, {name}"
            sys.stderr.write(f"round {number + 1} of {rounds}: {title}\n")
            try:
                visits[name].append(visit(one, CONCURRENCIES, seconds))
            except NotServingError as error:
                failed.add(name)
                absent[title] = f"a visit failed: {error}"
    return {name: median(seen) for name, seen in visits.items() if seen}


def show(
    seen: Mapping[str, Mapping[str, Visit]],
    pythons: Mapping[str, Path],
    absent: Mapping[str, str],
    rounds: int,
    seconds: float,
) -> int:
    """Print everything; return 1 when a goal is missed."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {rounds} rounds of {seconds:g} s\n")
    for model, visits in seen.items():
        print("\n".join(speed_table(model, visits)), end="\n\n")
    sizes = {name: megabytes(python) for name, python in pythons.items()}
    print("| installed without model libraries | MB |\n|---|---:|")
    shown = {pythons[name].parents[1].name: size for name, size in sizes.items()}
    print("\n".join(f"| {name} | {size:.0f} |" for name, size in shown.items()), end="\n\n")
    print("".join(f"{name}: {reason}\n" for name, reason in absent.items()))
    if any(OURS not in visits for visits in seen.values()):
        return 1
    judged = goals(seen, sizes)
    print("| goal | ours | bound | | |\n|---|---:|---:|---|---|")
    print("\n".join(goal.row() for goal in judged))
    return 0 if all(goal.met for goal in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
