"""A release small enough to be deployed hundreds of times: every kind of resource, and a service of a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mldeploy.testing import Project

SERVICE = """
import http.server
import os

BODY = {answer!r}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    do_GET = do_POST = answer

    def log_message(self, *_arguments):
        pass


http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
RELEASE: dict[str, Any] = {
    "name": "probe",
    "instance": {"type": "ml.m5.large", "count": 1, "region": "eu-central-1"},
    "autoscaling": {"enabled": True, "minInstances": 1, "maxInstances": 2},
    "model": {"source": "./model"},
    "cache": {"enabled": True},
    "expose": {"quota": {"limit": 1000}},
}


def make_project(folder: Path) -> Project:
    """Write version 1 of the release into a folder."""
    project = Project(folder)
    project.write("requirements.txt", "")
    project.write("Dockerfile", "FROM scratch\n")
    write_version(project, 1)
    return project


def write_version(project: Project, version: int, more: Mapping[str, Any] | None = None) -> None:
    """Write a version of the release: another service, model, cache, quota and answer to browsers.

    Arguments:
        more: what a release has besides, by section.
    """
    release: dict[str, Any] = {
        **RELEASE,
        "cache": {"enabled": True, "ttl": 3600 + version},
        "deployment": {"keepReleases": 2},
        "expose": {"quota": {"limit": 1000 * version}, "cors": {"allowOrigins": [f"https://v{version}.example.com"]}},
        "verify": {"requests": [{"body": {"instances": ["x"]}, "expect": {"contains": f"v{version}"}}]},
    }
    for section, keys in (more or {}).items():
        release[section] = {**release.get(section, {}), **keys} if isinstance(keys, Mapping) else keys
    project.write("release.yaml", yaml.safe_dump(release))
    project.write("service/__init__.py", "")
    project.write("service/__main__.py", SERVICE.format(answer=f'{{"predictions": ["v{version}"]}}'.encode()))
    project.write("model/weights.txt", str(version))
