"""What each tool is given: the same tiny service, and the files that the tool wants."""

from __future__ import annotations

import json
from pathlib import Path

SERVICE = """
import http.server
import os
import time

BODY = b'{"predictions": [1]}'


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        pass


time.sleep(READY_AFTER)
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
RELEASE = """
name: NAME
team: search
instance: {type: ml.m5.large, count: 1, region: eu-central-1}
autoscaling: {enabled: true, minInstances: 1, maxInstances: 2}
model: {source: ./model}
image: {builder: process}
cache: {enabled: true, tls: false, redis: {endpoint: "127.0.0.1:REDIS_PORT"}}
expose: {gateway: api-gateway, quota: {limit: 1000}}
verify: {requests: [{body: {instances: [1]}}]}
"""
MLMODEL = """
flavors:
  python_function:
    loader_module: none
    python_version: 3.11.0
model_uuid: 0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d
utc_time_created: "2026-01-01 00:00:00.000000"
"""
CHALICE_APP = """
from chalice import Chalice

app = Chalice(app_name="bench")


@app.route("/predict", methods=["POST"])
def predict():
    return {"predictions": [1]}
"""


def write_release(folder: Path, *, ready_after: float, redis_port: int, name: str = "bench") -> None:
    """Write a release whose endpoint is ready some seconds after its container was started."""
    release = RELEASE.replace("REDIS_PORT", str(redis_port)).replace("NAME", name)
    for name, text in {
        "requirements.txt": "",
        "release.yaml": release,
        "service/__init__.py": "",
        "service/__main__.py": SERVICE.replace("READY_AFTER", str(ready_after)),
        "model/weights.txt": "1",
    }.items():
        write(folder / name, text)


def change_release(folder: Path) -> None:
    """Give the release another model."""
    write(folder / "model/weights.txt", "2")


def write_mlflow_model(folder: Path) -> Path:
    """Write a model as MLflow stores it and return its folder."""
    write(folder / "logged/MLmodel", MLMODEL)
    write(folder / "logged/weights.txt", "1")
    return folder / "logged"


def write_chalice_app(folder: Path) -> Path:
    """Write an application of one route and return its folder."""
    config = {"version": "2.0", "app_name": "bench", "stages": {"dev": {"api_gateway_stage": "live"}}}
    write(folder / "app/.chalice/config.json", json.dumps(config))
    write(folder / "app/app.py", CHALICE_APP)
    write(folder / "app/requirements.txt", "")
    return folder / "app"


def write(path: Path, text: str) -> None:
    """Write a file and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
