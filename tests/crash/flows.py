"""The life of a release in four flows, any of which can be killed at a point and run again."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mldeploy import Context
from mldeploy.events import unseen
from mldeploy.session import Session
from mldeploy.testing import Project
from mldeploy_aws.contract import Contract
from mldeploy_aws.patience import Patience
from mldeploy_aws.world import Aws
from mldeploy_sandbox import client, door
from tests.crash.calls import KillAt, Point, Recorder, calls_through
from tests.crash.inventory import everything
from tests.crash.project import make_project, write_version
from tests.crash.surroundings import make_surroundings

Flow = Literal["create", "update", "rollback", "destroy"]
FLOWS: tuple[Flow, ...] = ("create", "update", "rollback", "destroy")
Ending = Literal["killed", "finished", "failed"]
Size = Literal["small", "large"]
"""A small release has what most have; a large one also what stands in `tests.crash.surroundings`."""

SHORTEST_PAUSE = 0.01
LONGEST_FLOW_SECONDS = 120


@dataclass
class World:
    """A project and its sandbox, which is empty between lives.

    - `flows`: what a life consists of; `size`: of its releases.
    - `more`: what a large release has besides, by section.
    - `golden`: what each flow leaves when nobody disturbs it; `points`: where it can be killed.
    """

    project: Project
    clients: dict[Path, Aws]
    flows: Sequence[Flow] = FLOWS
    size: Size = "small"
    more: Mapping[str, Any] = field(default_factory=dict)
    golden: dict[Flow, list[str]] = field(default_factory=dict)
    points: dict[Flow, list[Point]] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, flows: Sequence[Flow] = FLOWS, size: Size = "small") -> Iterator[World]:
        """Start a sandbox and pass through a life once."""
        with shared_clients() as clients:
            world = cls(make_project(folder), clients, flows, size)
            try:
                world.begin()
                world.measure()
                yield world
            finally:
                world.project.run("sandbox", "down")

    @property
    def inventory(self) -> list[str]:
        return everything(self._url)

    @property
    def _url(self) -> str:
        running = client.find(self.project.folder / ".mldeploy" / "sandbox")
        assert running is not None
        return running.url

    def begin(self) -> None:
        """Start the sandbox, with what large releases need around them."""
        self.project.run("sandbox", "up").ok()
        if self.size == "large":
            self.more = make_surroundings(self._url)

    def measure(self) -> None:
        """Remember what each flow leaves and which calls it makes."""
        for flow in self.flows:
            recorder = Recorder()
            with calls_through(recorder):
                self.act(flow)
            self.points[flow] = recorder.points()
            self.golden[flow] = self.inventory

    def act(self, flow: Flow) -> None:
        """Give the command of a flow; the ones before it in a life have been given."""
        if flow == "destroy":
            self.project.run("destroy", "--yes").ok()
        elif flow == "rollback":
            self.project.run("rollback", "--yes", "--to", self._first_release()).ok()
        else:
            self.write(flow)
            self.project.run("run").ok()

    def write(self, flow: Flow) -> None:
        """Write the version of the release that a flow deploys."""
        write_version(self.project, 1 if flow == "create" else 2, self.more)

    def renew(self) -> None:
        """Begin again with an empty sandbox and without records, whatever is left."""
        self.project.run("sandbox", "down").ok()
        shutil.rmtree(self.project.folder / ".mldeploy" / "state", ignore_errors=True)
        self.clients.clear()
        self.begin()

    def free(self) -> None:
        """Take the lock away that a killed run has left in S3; a file's ends with its process."""
        if self.size == "large":
            self.project.run("unlock", "--yes").ok()

    def kill(self, flow: Flow, point: Point) -> Ending:
        """Give a flow's command to a process of its own, which is killed at a point; return how it ended."""
        separate(self.clients.values())
        child = os.fork()
        if not child:
            self._in_child(flow, point)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return "killed" if os.WTERMSIG(status) == signal.SIGKILL else "failed"
        return "failed" if os.waitstatus_to_exitcode(status) else "finished"

    def _in_child(self, flow: Flow, point: Point) -> None:
        code = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(LONGEST_FLOW_SECONDS)
            with calls_through(KillAt(point=point)):
                self.act(flow)
            code = 0
        finally:
            os._exit(code)

    def _first_release(self) -> str:
        """Return the id of the release that update replaced: the first good one."""
        session = Session(self.project.folder / "release.yaml", "local", unseen)
        with session.recorded("tests") as deployment:
            return next(record.release_id for record in deployment.store.records() if record.outcome == "deployed")


@contextmanager
def shared_clients() -> Iterator[dict[Path, Aws]]:
    """Let all commands of this process share one set of botocore clients, which are slow to make."""
    opened, found = door.sandbox_aws, dict[Path, Aws]()

    def sandbox_aws(context: Context) -> Aws:
        folder = context.workdir
        if folder not in found:
            found[folder] = opened(context)
        found[folder].contract = Contract(hurried())
        return found[folder]

    door.sandbox_aws = sandbox_aws
    try:
        yield found
    finally:
        door.sandbox_aws = opened


def separate(doors: Iterable[Aws]) -> None:
    """Let two processes have doors of their own: no common connection, and nothing known that a new one has to ask."""
    for aws in doors:
        vars(aws).pop("account_id", None)
        for connected in aws._clients.values():
            connected.close()


def hurried() -> Patience:
    """Return a patience that lets time pass instead of waiting, for each thread on its own."""
    skipped = threading.local()

    def sleep(seconds: float) -> None:
        skipped.seconds = getattr(skipped, "seconds", 0.0) + seconds
        time.sleep(SHORTEST_PAUSE)

    return Patience(clock=lambda: time.monotonic() + getattr(skipped, "seconds", 0.0), sleep=sleep)
