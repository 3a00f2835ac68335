"""What is measured: our service, the peers, and two programs that show the limit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

OURS = "**mldeploy**"
FASTAPI = ("fastapi", "uvicorn[standard]")
FASTAPI_ASYNC = "FastAPI, async endpoint"
KSERVE = "KServe runtime"
LIMIT_ONE = "*limit: bare protocol, one call per request*"
LIMIT_BATCH = "*limit: bare protocol, ideal batches*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One program that serves the model.

    - `environment`: the folder of its virtual environment; servers with the same one share it.
    - `requirements`: what the environment holds besides the model libraries.
    - `program`: the file in programs/; None for the generated project.
    - `path`: where predictions are asked for.
    - `form`: how the request is written, see `body`.
    - `peer`: whether goals compare with it.
    """

    name: str
    environment: str
    requirements: tuple[str, ...] = ()
    program: str | None
    path: str = "/predict"
    form: str = "instances"
    batching: bool = False
    peer: bool = True


SERVERS = (
    Server(name=OURS, environment="mldeploy", program=None, peer=False),
    Server(
        name="textbook FastAPI (sync, BaseHTTPMiddleware, psutil)",
        environment="fastapi-textbook",
        requirements=(*FASTAPI, "psutil"),
        program="fastapi_textbook.py",
    ),
    Server(name="FastAPI, sync endpoint", environment="fastapi", requirements=FASTAPI, program="fastapi_sync.py"),
    Server(name=FASTAPI_ASYNC, environment="fastapi", requirements=FASTAPI, program="fastapi_async.py"),
    Server(name="BentoML", environment="bentoml", requirements=("bentoml",), program="bentoml_service.py"),
    Server(
        name="BentoML, batching",
        environment="bentoml",
        requirements=("bentoml",),
        program="bentoml_service.py",
        batching=True,
    ),
    Server(name="LitServe", environment="litserve", requirements=("litserve",), program="litserve_server.py"),
    Server(
        name="LitServe, batching",
        environment="litserve",
        requirements=("litserve",),
        program="litserve_server.py",
        batching=True,
    ),
    Server(
        name="MLServer",
        environment="mlserver",
        requirements=("mlserver",),
        program="mlserver_runtime.py",
        path="/v2/models/model/infer",
        form="tensor",
    ),
    Server(
        name="MLServer, batching",
        environment="mlserver",
        requirements=("mlserver",),
        program="mlserver_runtime.py",
        path="/v2/models/model/infer",
        form="tensor",
        batching=True,
    ),
    Server(
        name=KSERVE,
        environment="kserve",
        requirements=("kserve",),
        program="kserve_server.py",
        path="/v1/models/model:predict",
    ),
    Server(
        name="MLflow scoring",
        environment="mlflow",
        requirements=("mlflow",),
        program="mlflow_scoring.py",
        path="/invocations",
        form="inputs",
    ),
    Server(name=LIMIT_ONE, environment="fastapi", requirements=FASTAPI, program="bare_protocol.py", peer=False),
    Server(
        name=LIMIT_BATCH,
        environment="fastapi",
        requirements=FASTAPI,
        program="bare_protocol.py",
        batching=True,
        peer=False,
    ),
)


def body(form: str, row: tuple[float, ...]) -> str:
    """Return a request for one instance as JSON: `instances`, MLflow's `inputs`, or a `tensor` of the V2 protocol."""
    if form == "tensor":
        kind = "INT64" if isinstance(row[0], int) else "FP64"
        tensor = {"name": "rows", "shape": [1, len(row)], "datatype": kind, "data": [list(row)]}
        document: dict[str, Any] = {"inputs": [tensor]}
    else:
        document = {form: [list(row)]}
    return json.dumps(document)
