"""A BentoML service, `bentoml serve`, with and without batching."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bentoml
from models import labelled, load


@bentoml.service(workers=1)
class Served:
    def __init__(self) -> None:
        self.model = load()

    @bentoml.api(route="/predict", batchable=os.environ["BATCHING"] == "1", max_batch_size=64, max_latency_ms=1000)
    def predict(self, instances: list[list[float]]) -> list[dict[str, Any]]:
        return labelled(self.model.scores(instances))


if __name__ == "__main__":
    program = Path(sys.executable).with_name("bentoml")
    target = ("bentoml_service:Served", "--working-dir", str(Path(__file__).parent))
    address = ("--host", "127.0.0.1", "--port", os.environ["PORT"])
    os.execv(program, [str(program), "serve", *target, *address])
