"""Run a graph of work concurrently: whatever is ready starts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from queue import SimpleQueue

WORKERS = 16


def walk(
    graph: Mapping[str, set[str]], work: Callable[[str], None], *, cancelled: threading.Event
) -> tuple[dict[str, Exception], set[str]]:
    """Call `work` for every node after its dependencies; return the failures by node, and the nodes never started.

    After a failure or a cancellation nothing new starts, and what runs is waited for. The threads are daemons: a
    KeyboardInterrupt in the caller ends the program without waiting for them.
    """
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    failures: dict[str, Exception] = {}
    ready: list[str] = []
    running: set[str] = set()
    finished: set[str] = set()
    ended: SimpleQueue[tuple[str, BaseException | None]] = SimpleQueue()
    while sorter.is_active():
        ready += sorter.get_ready()
        while ready and len(running) < WORKERS and not failures and not cancelled.is_set():
            _start(ready[0], work, ended)
            running.add(ready.pop(0))
        if not running:
            break
        node, error = ended.get()
        running.remove(node)
        if isinstance(error, Exception):
            failures[node] = error
        elif error is not None:
            raise error
        else:
            finished.add(node)
            sorter.done(node)
    return failures, set(graph) - finished - set(failures)


def _start(node: str, work: Callable[[str], None], ended: SimpleQueue[tuple[str, BaseException | None]]) -> None:
    def call() -> None:
        try:
            work(node)
        except BaseException as error:  # handed to the thread that called walk, which raises it there
            ended.put((node, error))
        else:
            ended.put((node, None))

    threading.Thread(target=call, name=f"mldeploy {node}", daemon=True).start()
