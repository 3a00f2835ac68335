"""The sandbox's HTTP server: planes, front and pages put together, on one loopback port."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from mldeploy_sandbox.admin import ADMIN_PATH, Admin
from mldeploy_sandbox.assembly import Assembly
from mldeploy_sandbox.calls import CallLog
from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.controls import Controls
from mldeploy_sandbox.faults.injector import Injector
from mldeploy_sandbox.faults.plan import read_plan
from mldeploy_sandbox.front import Front
from mldeploy_sandbox.inventory import inventory
from mldeploy_sandbox.plane import WsgiApp
from mldeploy_sandbox.quotas import Quotas
from mldeploy_sandbox.settings import PLAIN, STRICT, Settings
from mldeploy_sandbox.state import CALLS_FILE, DATA_FOLDER, State
from mldeploy_sandbox.world import World


class Handler(MotoRequestHandler):
    """Keeps S3 metadata names as they are sent, and logs no requests: the request log does."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


class Server:
    """One sandbox."""

    def __init__(self, folder: Path, port: int, *, kept: bool, settings: Settings) -> None:
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        data = folder / DATA_FOLDER
        data.mkdir(mode=0o700)
        self._folder = folder
        self._calls = CallLog(folder / CALLS_FILE)
        self._world = _world(data, url, settings)
        self._assembly = Assembly(self._world)
        self._state = State(
            pid=os.getpid(),
            url=url,
            token=secrets.token_urlsafe(24),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            kept=kept,
            mode=settings.mode or PLAIN,
        )
        pages: dict[str, WsgiApp] = {ADMIN_PATH: self._admin(), **self._assembly.pages}
        self._front = Front(self._assembly.answering, self._calls, pages)
        self._http = make_server(
            "127.0.0.1", port, self._front, threaded=True, request_handler=Handler, fd=listener.fileno()
        )
        listener.close()  # the server has a duplicate

    def run(self) -> None:
        """Serve until somebody says stop, then end every child process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        self._state.write(self._folder)
        try:
            self._http.serve_forever(poll_interval=0.1)
        finally:
            self._assembly.close()
            self._world.processes.close()

    def _stop(self) -> None:
        threading.Thread(target=self._http.shutdown, daemon=True).start()

    def _admin(self) -> Admin:
        controls = Controls(self._world, self._assembly.answering.enforcement)
        reading = {
            "health": self._health,
            "status": self._status,
            "inventory": lambda _: inventory(self._front.call, self._front.used),
            "calls": lambda query: self._calls.entries(int(query.get("after", 0))),
            **controls.reading(),
        }
        changing = {"keep": self._keep, "shutdown": self._shutdown, **controls.changing()}
        return Admin(self._state.token, reading, changing)

    def _health(self, _: Mapping[str, str]) -> dict[str, Any]:
        return {"status": "ok", "pid": self._state.pid}

    def _status(self, _: Mapping[str, str]) -> dict[str, Any]:
        state = asdict(self._state)
        del state["token"]
        calls = {"total": self._calls.total, "mutating": self._calls.mutating}
        return state | {"calls": calls, "faults": self._world.faults.plan.text, "notes": self._world.notes}

    def _keep(self, _: Mapping[str, str]) -> dict[str, Any]:
        self._state = replace(self._state, kept=True)
        self._state.write(self._folder)
        return {"kept": True}

    def _shutdown(self, _: Mapping[str, str]) -> dict[str, Any]:
        self._stop()
        return {"status": "stopping"}


def _world(folder: Path, url: str, settings: Settings) -> World:
    strict = settings.mode == STRICT
    return World(
        folder=folder,
        base_url=url,
        strict=strict,
        clock=Clock(settings.speed or 1.0),
        faults=Injector(read_plan(settings.inject or "")),
        quotas=Quotas(new_account=strict),
    )
