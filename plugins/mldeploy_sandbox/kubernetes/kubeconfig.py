"""A kubeconfig of the stand-in, for kubectl and other clients.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

import json
from pathlib import Path

from mldeploy_sandbox.kubernetes.api.authentication import USER_PREFIX
from mldeploy_sandbox.kubernetes.authorization import ADMINISTRATORS
from mldeploy_sandbox.kubernetes.server import Server


def write_kubeconfig(path: Path, cluster: str, server: Server) -> None:
    """Write a kubeconfig whose only user may do everything; JSON, which is YAML too."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {"server": server.endpoint, "certificate-authority-data": server.authority},
            }
        ],
        "users": [{"name": "administrator", "user": {"token": f"{USER_PREFIX}administrator:{ADMINISTRATORS}"}}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": "administrator"}}],
        "current-context": cluster,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
