"""A custom runtime on MLServer, V2 protocol, in one process, with and without adaptive batching."""

from __future__ import annotations

import asyncio
import os
import socket

import models
import numpy
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

BATCHED = {"max_batch_size": 64, "max_batch_time": 0.005} if os.environ["BATCHING"] == "1" else {}


class Served(MLModel):
    async def load(self) -> bool:
        self.model = models.load()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        scores = numpy.asarray(self.model.scores(rows))
        return InferenceResponse(model_name="model", outputs=[NumpyCodec.encode_output("score", scores)])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def serve() -> None:
    settings = Settings(
        host="127.0.0.1",
        http_port=int(os.environ["PORT"]),
        grpc_port=free_port(),
        metrics_port=free_port(),
        parallel_workers=0,
        debug=False,
    )
    model = ModelSettings(name="model", implementation=Served, **BATCHED)
    await MLServer(settings).start([model])


if __name__ == "__main__":
    asyncio.run(serve())
