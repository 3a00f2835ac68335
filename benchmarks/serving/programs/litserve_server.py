"""A LitServe server, with and without batching."""

from __future__ import annotations

import os
from typing import Any

import litserve
from models import labelled, load

BATCHED = {"max_batch_size": 64, "batch_timeout": 0.005} if os.environ["BATCHING"] == "1" else {}


class Served(litserve.LitAPI):
    def setup(self, _device: str) -> None:
        self.model = load()

    def decode_request(self, request):  # an annotation would become a query parameter
        return request["instances"][0]

    def batch(self, inputs: list[list[float]]) -> list[list[float]]:
        return inputs

    def predict(self, rows: Any) -> list[dict[str, Any]]:
        return labelled(self.model.scores(rows if BATCHED else [rows]))

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return output

    def encode_response(self, output: Any) -> dict[str, Any]:
        return {"predictions": [output] if BATCHED else output}


if __name__ == "__main__":
    server = litserve.LitServer(Served(**BATCHED), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="warning")
