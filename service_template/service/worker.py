"""One worker process: the model, the application around it and an event loop."""

from __future__ import annotations

import os
import socket
import threading
import time

from service.board import Board, Door
from service.capacity import share_machine
from service.counters import counters
from service.exits import HUNG, LOAD_FAILED
from service.settings import Settings

LOOK_SECONDS = 0.02


def run(settings: Settings, slot: int, board: Board, listener: socket.socket, lifeline: int, metrics_dir: str) -> int:
    """Serve until SIGTERM; return the exit code.

    While no worker is ready, the first one listens before its model is loaded, so that health checks get an answer.
    All others listen when they can predict, so that nobody is sent to a model that is still loading.
    """
    threading.Thread(target=end_with, args=(lifeline,), name="lifeline", daemon=True).start()
    early = not any(board.doors())
    if early:
        board.write(slot, Door.LOADING)
    share_machine(slot, board.slots)
    counters.use(slot)
    share_metrics(slot, metrics_dir)
    from service.model import Model, State  # only here: numeric libraries read the environment when imported
    from service.server import Server

    model = Model(settings)
    server = Server(model, board, slot)
    model.on_failure = server.stop
    if early:  # at once: were it left to the server's next tick, a first request that hangs could come before
        model.on_ready = lambda: board.write(slot, Door.READY)
    else:
        model.load()
        while Door.LOADING in board.doors():
            time.sleep(LOOK_SECONDS)
    if model.state is not State.FAILED:
        server.run(sockets=[listener])
    if model.state is State.FAILED:
        return LOAD_FAILED
    return HUNG if model.hung else 0


def end_with(lifeline: int) -> None:
    """End this process when the supervisor is gone: the pipe that only it holds open is closed then."""
    os.read(lifeline, 1)
    os._exit(1)


def share_metrics(slot: int, metrics_dir: str) -> None:
    """Keep the metrics that the user's code defines in files that all workers read.

    The files belong to the slot and not to the process, so counters go on when a worker is replaced and no files are
    left behind; prometheus_client's default is one set of files per process id, for ever.
    """
    if not metrics_dir:
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_dir
    from prometheus_client import values  # only here: it reads the environment when imported

    values.ValueClass = values.MultiProcessValue(lambda: slot)
