"""The door `aws` of environment `local`: an `Aws` whose every call goes to the project's sandbox."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import botocore.session

from mldeploy_aws.patience import Patience
from mldeploy_aws.world import Aws, EndpointAddresses, region_of
from mldeploy_sandbox import client

if TYPE_CHECKING:
    from pathlib import Path

    from mldeploy import Context

FOLDER = "sandbox"
HOST = "127.0.0.1"
USER = "sandbox"
"""The sandbox takes any credentials; these cannot be mistaken for real ones."""
NO_PROFILE = {"profile": (None, None, None, None)}
"""Keeps AWS_PROFILE out: it may name a profile that this machine does not have."""


def sandbox_aws(context: Context) -> Aws:
    """Return the sandbox of this project, started if need be; one that holds nothing in the end is stopped again."""
    folder = context.workdir / FOLDER
    running = client.ensure(folder, kept=False)
    _leave_proxies_out(HOST)
    context.resources.callback(_stop_if_empty, folder)
    session = botocore.session.Session(session_vars=NO_PROFILE)
    session.set_config_variable("region", region_of(context))
    session.set_credentials(USER, USER)
    return Aws(session, EndpointAddresses(running.url), endpoint_url=running.url, patience=Patience.of(context))


def _leave_proxies_out(host: str) -> None:
    """Let every HTTP library of this process reach a host directly, whatever HTTP_PROXY says.

    Both spellings count: libraries differ in which one they read first.
    """
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(dict.fromkeys([*filter(None, os.environ.get(name, "").split(",")), host]))


def _stop_if_empty(folder: Path) -> None:
    """Stop a sandbox that a command started (not `mldeploy sandbox up`) and that has nothing to serve any more."""
    running = client.find(folder)
    if running is not None and not running.kept and not client.inventory(running):
        client.stop(folder)
