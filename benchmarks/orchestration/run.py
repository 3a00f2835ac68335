"""Wall time, calls and waits of a deployment, beside what else deploys, on one emulator.

    python benchmarks/orchestration/run.py [--delay 0.08] [--ready-after 0 40] [--no-peers]

Every call of every tool takes the same detour (80 ms by default). Prints Markdown; ends with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from critical_path import critical_path
from emulator import redis_server, sandbox
from goals import OURS, judged
from measure import environment, measured
from projects import write_release
from rows import Row, table
from slow_proxy import slowed
from tools import Tool, chalice, mlflow, own, prepare, sequential

from mldeploy_sandbox.client import Running

ENVIRONMENTS = Path(__file__).parents[2] / ".cache" / "benchmarks" / "orchestration"
PEERS = {"mlflow": ("mlflow", "boto3"), "chalice": ("chalice", "setuptools<81")}
Maker = Callable[[Path, str, Running], Tool]


def main() -> int:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--delay", type=float, default=0.08, help="seconds that each call takes longer")
    parser.add_argument("--ready-after", type=float, nargs="*", default=[0.0, 40.0], help="seconds until /ping answers")
    parser.add_argument("--no-peers", action="store_true", help="mldeploy and the script only; installs nothing")
    options = parser.parse_args()
    makers = [_own, _sequential] if options.no_peers else [_own, _sequential, *peers()]
    rows = [row for wait in options.ready_after for make in makers for row in deployed(make, wait, options.delay)]
    goals = list(judged(rows))
    print(table(rows))
    print("\n| goal | measured | |\n|---|---|---|")
    print("\n".join(f"| {goal.says} | {goal.found} | {'met' if goal.met else '**missed**'} |" for goal in goals))
    return 0 if all(goal.met for goal in goals) else 1


def deployed(make: Maker, ready_after: float, delay: float) -> Iterator[Row]:
    """Give a tool's commands, one after another, to an emulator of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with redis_server(folder) as port, sandbox(folder / "sandbox") as running, slowed(running.url, delay) as detour:
            project = folder / "project"
            write_release(project, ready_after=ready_after, redis_port=port)
            tool = make(project, built(project, running), running)
            for act, command in tool.commands.items():
                prepare(tool, act)
                run = measured(running, command, tool.folder, detour)
                longest = critical_path(project) if tool.name == OURS and act != "again" and not run.error else None
                row = Row(tool=tool.name, makes=tool.makes, act=act, ready_after=ready_after, run=run, longest=longest)
                sys.stderr.write(f"{row}\n")
                yield row


def built(project: Path, running: Running) -> str:
    """Build and push the image, uncounted, and return its address: all tools deploy the same one."""
    command = [sys.executable, "-m", "mldeploy", "run", "--env", "dev", "--phase", "build", "--yes"]
    variables = {**environment(), "AWS_ENDPOINT_URL": running.url}
    subprocess.run(command, cwd=project, env=variables, check=True, stdout=subprocess.DEVNULL)
    newest = max((project / ".mldeploy" / "state" / "dev").glob("r*.json"))
    outputs = json.loads(newest.read_text(encoding="utf-8"))["outputs"]
    return next(str(found["ImageUri"]) for found in outputs.values() if "ImageUri" in found)


def peers() -> list[Maker]:
    """Return the peers, each in an environment of its own below .cache/benchmarks."""
    programs = {name: installed(name, *requirements) for name, requirements in PEERS.items()}
    return [
        lambda folder, image, running: mlflow(folder, image, programs["mlflow"], running),
        lambda folder, _image, _running: chalice(folder, programs["chalice"]),
    ]


def installed(name: str, *requirements: str) -> Path:
    """Return the `bin` folder of an environment that holds a peer."""
    folder = ENVIRONMENTS / name
    if not (folder / ".ready").is_file():
        sys.stderr.write(f"installing {name}\n")
        beside = Path(sys.executable).with_name("uv")
        uv = beside if beside.exists() else Path("uv")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", folder, *requirements], check=True)
        (folder / ".ready").touch()
    return folder / "bin"


def _own(folder: Path, _image: str, _running: Running) -> Tool:
    return own(folder)


def _sequential(folder: Path, image: str, _running: Running) -> Tool:
    return sequential(folder, image)


if __name__ == "__main__":
    sys.exit(main())
