"""What the command line costs: CPU time over a bare interpreter, beside the command lines of peers.

    python benchmarks/cli/run.py [--rounds N] [--no-peers]

Prints a Markdown table; ends with 1 when a goal is missed. Environments and projects are below .cache/benchmarks.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cost import Command, WrongExitError, cpu_seconds, measured
from crowd import install_crowd
from environments import PEERS, installed
from projects import BROKEN, GOOD, write_project

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".cache" / "benchmarks"
CROWD = 300
FILES = 100
MOST_SECONDS_FOR_FILES = 0.5
BARE = "bare interpreter, `python -c pass`"
BANNED = ("boto3", "botocore", "jinja2", "jsonschema", "requests")
"""What the check of a good file must not import."""


def main() -> int:
    """Measure everything, print the tables, return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often each command runs; the median counts")
    parser.add_argument("--no-peers", action="store_true", help="do not install and measure the peers")
    options = parser.parse_args()
    programs = installed(CACHE / "mldeploy", f"{CHECKOUT}[sandbox]", renew=True)
    work = CACHE / "work"
    shutil.rmtree(work, ignore_errors=True)
    install_crowd(work / "crowd", CROWD)
    ceiling = {"GIT_CEILING_DIRECTORIES": str(work)}  # `init` makes no branch in the checkout around it
    environment = usual_environment() | {"PYTHONPATH": str(work / "crowd"), **ceiling}
    peers = [] if options.no_peers else peer_commands(work)
    with deployed_project(programs, work, environment) as project:
        own = own_commands(programs, work, project)
        seconds = measured([*own, *peers], options.rounds, environment)
    good = show_costs([*own, *peers], seconds, options.rounds)
    good &= show_many(programs, work, environment)
    good &= show_modules(programs, work, environment)
    return 0 if good else 1


def usual_environment() -> dict[str, str]:
    """Return the variables of this process without those that change what Python or mldeploy does."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLDEPLOY_"))}


def own_commands(programs: Path, work: Path, project: Path) -> list[Command]:
    """Return our commands with their goals; the first one is the interpreter that all are compared with."""
    mldeploy = str(programs / "mldeploy")
    good, broken, new = work / "good", work / "broken", work / "new"
    write_project(good, GOOD)
    write_project(broken, BROKEN)
    new.mkdir()
    init = (mldeploy, "init", "sentiment", "--no-input")
    return [
        Command(name=BARE, arguments=(str(programs / "python"), "-c", "pass"), folder=work),
        Command(name="`mldeploy --version`", arguments=(mldeploy, "--version"), folder=work, goal=5),
        Command(name="`mldeploy --help`", arguments=(mldeploy, "--help"), folder=work, goal=6),
        Command(name="`mldeploy validate`", arguments=(mldeploy, "validate"), folder=good, goal=8),
        Command(name="`mldeploy validate`, 2 errors", arguments=(mldeploy, "validate"), folder=broken, exit_code=3),
        Command(name="`mldeploy plan`, deployed in `local`", arguments=(mldeploy, "plan"), folder=project, goal=45),
        Command(name="`mldeploy init`, with git", arguments=init, folder=new, fresh=True),
        Command(name="`mldeploy init --no-git`", arguments=(*init, "--no-git"), folder=new, fresh=True, goal=30),
    ]


def peer_commands(work: Path) -> list[Command]:
    """Install the peers, and return their commands."""
    commands = []
    for distribution, (program, *arguments) in PEERS.items():
        path = installed(CACHE / distribution, distribution) / program
        name = f"`{' '.join((program, *arguments))}`"
        commands.append(Command(name=name, arguments=(str(path), *arguments), folder=work))
    return commands


@contextmanager
def deployed_project(programs: Path, work: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Deploy a generated project to its sandbox; taken down at the end of the block."""

    def mldeploy(folder: Path, *arguments: str) -> None:
        command = [str(programs / "mldeploy"), *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"{' '.join(command[1:])}: exit code {done.returncode}\n{done.stderr}"
            raise WrongExitError(message)

    mldeploy(work, "init", "sentiment", "--no-input", "--no-git")
    project = work / "sentiment"
    try:
        mldeploy(project, "run")
        yield project
    finally:
        mldeploy(project, "sandbox", "down")


def show_costs(commands: list[Command], seconds: Mapping[str, float], rounds: int) -> bool:
    """Print the table of all commands, and return whether every goal is met."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {CROWD} more distributions, {rounds} rounds\n")
    print("| command | CPU, ms | times bare | goal | |")
    print("|---|---:|---:|---:|---|")
    met = True
    for command in commands:
        ratio = seconds[command.name] / seconds[BARE]
        goal = f"≤ {command.goal:g}" if command.goal else ""
        verdict = verdict_of(ratio <= command.goal) if command.goal else ""
        met &= not command.goal or ratio <= command.goal
        print(f"| {command.name} | {seconds[command.name] * 1000:.0f} | {ratio:.1f} | {goal} | {verdict} |")
    return met


def show_many(programs: Path, work: Path, environment: Mapping[str, str]) -> bool:
    """Print what it costs to check many files in one process, and return whether the goal is met."""
    many = work / "many"
    names = [f"sentiment-{number}" for number in range(FILES)]
    files = [write_project(many / name, GOOD.replace("name: sentiment", f"name: {name}")) for name in names]
    command = Command(
        name=f"validate {FILES} files",
        arguments=(str(programs / "mldeploy"), "validate", *(str(file.relative_to(many)) for file in files)),
        folder=many,
    )
    seconds = min(cpu_seconds(command, environment) for _ in range(3))
    met = seconds <= MOST_SECONDS_FOR_FILES
    print(f"\n{FILES} files in one process: {seconds:.2f} s CPU, goal ≤ {MOST_SECONDS_FOR_FILES} s: {verdict_of(met)}")
    return met


def show_modules(programs: Path, work: Path, environment: Mapping[str, str]) -> bool:
    """Print which heavy modules the check of a good file imports, and return whether there are none."""
    done = subprocess.run(
        [programs / "python", "-X", "importtime", "-m", "mldeploy", "validate"],
        cwd=work / "good",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    found = sorted(imported & set(BANNED))
    print(f"modules of a good `validate`: {len(imported)}; of {', '.join(BANNED)}: {', '.join(found) or 'none'}")
    return not found


def verdict_of(met: bool) -> str:
    """Return the word for a goal."""
    return "met" if met else "**missed**"


if __name__ == "__main__":
    sys.exit(main())
