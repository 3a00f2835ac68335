"""Child processes: every line is heard, and none is left behind, with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running_sandbox import eventually

from mldeploy_sandbox.processes import Processes, free_port

PARENT_AND_CHILD = ["sh", "-c", "sleep 60 & echo $!; wait"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.05; done"]
OWNER = """
import os, sys
from pathlib import Path
from mldeploy_sandbox.processes import Processes
processes = Processes()
say = lambda line: print(line, flush=True)
processes.start(sys.argv[1:], name="p", environment=os.environ, folder=Path("/"), on_line=say)
sys.stdin.read()
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def processes():
    made = Processes()
    yield made
    made.close()


def start(processes: Processes, arguments: list[str], lines: list[str]):
    return processes.start(arguments, name="p", environment=os.environ, folder=Path("/"), on_line=lines.append)


def test_stop_ends_the_whole_family(processes):
    lines: list[str] = []
    child = start(processes, PARENT_AND_CHILD, lines)
    grandchild = int(eventually(lambda: lines)[0])
    processes.stop(child)
    assert child.exit_code == -signal.SIGTERM
    eventually(lambda: not is_alive(grandchild))


def test_what_ignores_term_is_killed(processes):
    lines: list[str] = []
    child = start(processes, STUBBORN, lines)
    eventually(lambda: lines)
    processes.stop(child, patience=0.1)
    assert child.exit_code == -signal.SIGKILL


def test_last_line_is_heard_even_if_a_line_fails(processes):
    heard: list[str] = []

    def on_line(line: str) -> None:
        heard.append(line)
        if line == "1":
            raise ValueError(line)

    script = ["sh", "-c", "for i in 1 2 3; do echo $i; done; printf '\\377 last'; exit 4"]
    child = processes.start(script, name="p", environment=os.environ, folder=Path("/"), on_line=on_line)
    assert child.wait(10) == 4
    assert heard == ["1", "2", "3", "\ufffd last"]


@pytest.mark.parametrize("program", [PARENT_AND_CHILD, STUBBORN])
def test_family_dies_with_a_killed_owner(program):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    first = owner.stdout.readline().strip()
    family = [int(pid) for pid in children(owner.pid)] + ([int(first)] if first.isdigit() else [])
    assert len(family) >= 2  # the program and the reaper, at least
    owner.kill()
    owner.communicate()
    eventually(lambda: not any(is_alive(pid) for pid in family))


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_nothing_starts_after_close():
    processes = Processes()
    processes.close()
    with pytest.raises(OSError, match="shutting down"):
        start(processes, ["true"], [])


def test_ports_are_not_handed_out_twice():
    ports = [free_port() for _ in range(100)]
    assert len(set(ports)) == 100
    assert max(ports) < 32768
