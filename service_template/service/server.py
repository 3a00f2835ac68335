"""The event loop's side of a worker: uvicorn, with our protocol and our way to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from types import FrameType

import uvicorn

from service import logs
from service.app import create_app
from service.board import Board, Door
from service.exits import STOP_SIGNAL
from service.lane import IDLE_SECONDS, LaneProtocol
from service.model import Model, State

SHUTDOWN_SECONDS = 25
"""SageMaker and Kubernetes kill a container 30 seconds after SIGTERM."""

HUNG_SHUTDOWN_SECONDS = 5


class Server(uvicorn.Server):
    """Tells the supervisor how it is, refuses readiness for a while before it stops, and stops for good."""

    def __init__(self, model: Model, board: Board, slot: int) -> None:
        config = uvicorn.Config(
            create_app(model),
            http=LaneProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        super().__init__(config)
        signal.signal(STOP_SIGNAL, self.handle_stop)
        self.model = model
        self.board = board
        self.slot = slot
        model.on_hang = self.replace

    def handle_exit(self, _sig: int, _frame: FrameType | None) -> None:
        """Ignore signals to the whole process group: they are the supervisor's, and it sends STOP_SIGNAL."""

    def handle_stop(self, _sig: int, _frame: FrameType | None) -> None:
        """Drain on the first STOP_SIGNAL, stop at once on the second."""
        if self.model.draining:
            logs.flush()
            os._exit(0)
        self.model.draining = True
        if not self.model.settings.drain_seconds:
            self.stop()
        else:
            threading.Timer(self.model.settings.drain_seconds, self.stop).start()

    def stop(self) -> None:
        """Ask the server to end; safe from any thread."""
        self.should_exit = True

    def replace(self) -> None:
        """Finish what can be finished and make room for a successor; called when a prediction hangs."""
        self.config.timeout_graceful_shutdown = HUNG_SHUTDOWN_SECONDS
        self.stop()

    async def on_tick(self, counter: int) -> bool:
        """Every 0.1 s: report to the board, close connections that stall, write the access log."""
        self.board.write(self.slot, Door.READY if self.model.state is State.READY else Door.LOADING)
        logs.flush()
        LaneProtocol.close_stalled(self.server_state.connections)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, answer what is under way, and give up what is not answered in time."""
        limit = HUNG_SHUTDOWN_SECONDS if self.model.hung else SHUTDOWN_SECONDS
        asyncio.get_running_loop().call_later(limit - 1, self.model.abandon)
        await super().shutdown(sockets)
        logs.flush()
