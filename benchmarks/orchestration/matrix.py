"""A CI matrix: releases of one account start at the same moment, under the rates and durations that AWS documents.

    python benchmarks/orchestration/matrix.py [--releases 10]

Each release is a process of its own, as a job of CI is. The sandbox is in strict mode and its clock keeps to real
time, so an endpoint takes minutes. Prints Markdown; ends with 1 if a job of ours fails or its endpoint is missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import boto3
from emulator import redis_server, sandbox
from measure import environment
from projects import write_release
from run import built
from tools import REGION, Command, own, sequential

from mldeploy_sandbox import client
from mldeploy_sandbox.client import Running
from mldeploy_sandbox.settings import STRICT

PAUSE_SECONDS = "10"
"""What scripts sleep after they have made a role, which no service can assume at first."""
HEAD = """\
| who | jobs | done | endpoints in service | first done, s | last done, s | calls | throttled |
|---|---:|---:|---:|---:|---:|---:|---:|"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command in a folder, and the file that takes what it prints."""

    command: Command
    folder: Path

    @property
    def output(self) -> Path:
        """Where its output goes; outside the folder, whose files make the image."""
        return self.folder.with_suffix(".log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many jobs ended well, and after how many seconds each of those."""

    who: str
    jobs: int
    ended: Sequence[float]
    in_service: int
    calls: int
    throttled: int

    def line(self) -> str:
        """Return this as a row of the table."""
        times = [f"{min(self.ended):.0f}", f"{max(self.ended):.0f}"] if self.ended else ["", ""]
        counts = [self.jobs, len(self.ended), self.in_service, *times, self.calls, self.throttled]
        return f"| {self.who} | {' | '.join(map(str, counts))} |"


def main() -> int:
    """Measure both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--releases", type=int, default=10, help="how many start at once")
    options = parser.parse_args()
    makers = {"mldeploy": _own, "boto3 script": _script}
    crowds = [crowd(who, make, options.releases) for who, make in makers.items()]
    print("\n".join([HEAD, *(found.line() for found in crowds)]))
    ours = crowds[0]
    return 0 if len(ours.ended) == ours.in_service == ours.jobs else 1


def crowd(who: str, make: Callable[[Path, str, str], Job], size: int) -> Crowd:
    """Start all jobs of one tool in an account of its own, and wait for the last one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with redis_server(folder) as port, sandbox(folder / "sandbox", STRICT) as running:
            names = [f"bench-{number}" for number in range(size)]
            for each in names:
                write_release(folder / each, ready_after=0, redis_port=port, name=each)
            jobs = [make(folder / each, each, built(folder / each, running)) for each in names]
            before = len(client.calls(running))
            ended = list(_seconds(jobs, running))
            calls = client.calls(running, after=before)
            return Crowd(
                who=who,
                jobs=size,
                ended=ended,
                in_service=_in_service(running),
                calls=len(calls),
                throttled=sum(call["status"] == 429 or "Throttl" in call["error"] for call in calls),
            )


def _seconds(jobs: Sequence[Job], running: Running) -> list[float]:
    """Return when each job that ended well did so; the others keep their last lines on stderr."""
    begin, ended = time.perf_counter(), []
    processes = [_started(job, running) for job in jobs]
    open_jobs = dict(zip(processes, jobs, strict=True))
    while open_jobs:
        time.sleep(0.2)
        for process in [process for process in open_jobs if process.poll() is not None]:
            job = open_jobs.pop(process)
            if process.returncode == 0:
                ended.append(time.perf_counter() - begin)
            else:
                sys.stderr.write(f"{job.folder.name}: {job.output.read_text(encoding='utf-8')[-600:]}\n")
    return ended


def _started(job: Job, running: Running) -> subprocess.Popen[bytes]:
    variables = {**environment(), "AWS_ENDPOINT_URL": running.url}
    with job.output.open("wb") as output:
        return subprocess.Popen(
            [str(part) for part in job.command],
            cwd=job.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def _in_service(running: Running) -> int:
    keys = {"aws_access_key_id": "watcher", "aws_secret_access_key": "watcher", "region_name": REGION}
    sagemaker = boto3.client("sagemaker", endpoint_url=running.url, **keys)
    return len(sagemaker.list_endpoints(StatusEquals="InService", MaxResults=100)["Endpoints"])


def _own(folder: Path, _name: str, _image: str) -> Job:
    return Job(command=own(folder).commands["first"], folder=folder)


def _script(folder: Path, name: str, image: str) -> Job:
    program, script, *_ = sequential(folder, image).commands["first"]
    return Job(command=(program, script, name, image, f"{name}-models", PAUSE_SECONDS), folder=folder)


if __name__ == "__main__":
    sys.exit(main())
