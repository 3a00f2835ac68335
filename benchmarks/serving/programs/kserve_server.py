"""A custom model on the KServe runtime, V1 protocol."""

from __future__ import annotations

import os
from typing import Any

import kserve
import models


class Served(kserve.Model):
    def load(self) -> bool:
        self.model = models.load()
        self.ready = True
        return self.ready

    def predict(self, payload: dict[str, Any], *_arguments: Any, **_options: Any) -> dict[str, Any]:
        return {"predictions": models.labelled(self.model.scores(payload["instances"]))}


if __name__ == "__main__":
    served = Served("model")
    served.load()
    kserve.ModelServer(http_port=int(os.environ["PORT"]), workers=1, enable_grpc=False).start([served])
