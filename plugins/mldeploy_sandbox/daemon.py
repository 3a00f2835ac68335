"""The sandbox process: `python -m mldeploy_sandbox.daemon FOLDER [options]`."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
from pathlib import Path

from mldeploy_sandbox.settings import PLAIN, STRICT, Settings
from mldeploy_sandbox.state import ALIVE_LOCK, CALLS_FILE, DATA_FOLDER, STATE_FILE, hold

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main(arguments: list[str]) -> int:
    """Serve until TERM, INT or the shutdown page; return the exit code."""
    parser = argparse.ArgumentParser(prog="mldeploy_sandbox.daemon", description="Serve one sandbox on 127.0.0.1.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--kept", action="store_true", help="somebody asked for it to stay")
    parser.add_argument("--mode", choices=(PLAIN, STRICT), default=PLAIN, help="strict has AWS's delays, rates, quotas")
    parser.add_argument("--speed", type=float, default=1.0, help="sandbox seconds per real second")
    parser.add_argument("--inject", default="", help="a fault plan")
    options = parser.parse_args(arguments)
    os.umask(0o077)
    folder: Path = options.folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hold(folder, ALIVE_LOCK) is None:
        sys.stderr.write(f"another sandbox already runs in {folder}\n")
        return 1
    _clean(folder)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    settings = Settings(mode=options.mode, speed=options.speed, inject=options.inject)
    return _serve(folder, options.port, settings, kept=options.kept)


def _serve(folder: Path, port: int, settings: Settings, *, kept: bool) -> int:
    from mldeploy_sandbox.moto_settings import SETTINGS  # noqa: PLC0415 - only once it is sure that we serve

    os.environ.update(SETTINGS)
    try:
        from mldeploy_sandbox.server import Server  # noqa: PLC0415 - imports moto, which reads its settings then
    except ModuleNotFoundError as error:
        sys.stderr.write(f"the sandbox needs the package {error.name}: pip install 'mldeploy[sandbox]'\n")
        return 1
    try:
        server = Server(folder, port, kept=kept, settings=settings)
    except OSError as error:
        sys.stderr.write(f"cannot listen on 127.0.0.1:{port}: {error.strerror}\n")
        return 1
    try:
        server.run()
    finally:
        _clean(folder)
    return 0


def _clean(folder: Path) -> None:
    """Remove what a sandbox leaves: it has no memory, so neither has its folder; the logs stay."""
    (folder / STATE_FILE).unlink(missing_ok=True)
    (folder / CALLS_FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / DATA_FOLDER, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
