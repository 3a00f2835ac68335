"""Who holds an environment and for how long: what all state stores share."""

from __future__ import annotations

import getpass
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from mldeploy.doors import Holder
from mldeploy.errors import RefusedError

LEASE = timedelta(seconds=90)
HEARTBEAT_SECONDS = 20.0


def ourselves(command: str) -> Holder:
    """Return this process as the holder of a lease that begins now."""
    return Holder(
        who=_user(),
        host=socket.gethostname(),
        pid=os.getpid(),
        command=command,
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        expires=lease_end(),
    )


def lease_end() -> str:
    """Return when a lease ends that is taken or renewed now."""
    return (datetime.now(UTC) + LEASE).isoformat(timespec="seconds")


def held(holder: Holder) -> RefusedError:
    """Return the error for those who come second."""
    message = (
        f"{holder.who} on {holder.host} (process {holder.pid}) holds this environment since {holder.since}: "
        f"{holder.command}"
    )
    hint = f"wait for it; the lock expires at {holder.expires} if that run has died, or take it with `mldeploy unlock`"
    return RefusedError(message, hint=hint)


@contextmanager
def heartbeat(renew: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call `renew` every so many seconds while the block runs."""
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(seconds):
            renew()

    heart = threading.Thread(target=beat, name="mldeploy heartbeat", daemon=True)
    heart.start()
    try:
        yield
    finally:
        stopped.set()
        heart.join()


def _user() -> str:
    """Return who runs this: a user, with the page of the CI run if there is one."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        user = "unknown user"
    page = _run_page()
    return f"{user} ({page})" if page else user


def _run_page() -> str:
    """Return the address of the CI run.

    Sources: GitHub Docs, "Variables reference"; CircleCI Docs, "Project values and variables".
    """
    server, repository, run = (os.environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return os.environ.get("CIRCLE_BUILD_URL", "")
