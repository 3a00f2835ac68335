"""The environment of a process that stands for a container: an address of its own, and the sandbox as its AWS."""

from __future__ import annotations

import os
from collections.abc import Mapping

from mldeploy_sandbox.identity import WORKLOAD_KEY_ID, client_environment

INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_FILE")
ONE_WORKER = {"WORKERS": "1"}
"""The generated service counts this machine's processors, which many sandboxes and containers share."""


def workload_environment(base_url: str, region: str, port: int, *layers: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process; of `layers`, such as those of an image and of a task, later ones win.

    Arguments:
        port: where the process should listen on the loopback interface, whatever the layers say.
    """
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    merged = inherited | ONE_WORKER
    for layer in layers:
        merged |= layer
    return merged | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        **client_environment(base_url, region, WORKLOAD_KEY_ID),
    }
