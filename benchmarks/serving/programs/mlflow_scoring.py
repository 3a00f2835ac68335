"""The scoring server of MLflow, `mlflow models serve`; the model is saved once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

SAVED = Path(f"mlflow-{os.environ['BENCHMARK_MODEL']}").absolute()


def save() -> None:
    """Save a model that is made when it is loaded, so that all servers serve the same."""
    import mlflow.pyfunc  # noqa: PLC0415 - takes seconds, and is needed once
    import models  # noqa: PLC0415 - likewise

    class Served(mlflow.pyfunc.PythonModel):
        def load_context(self, context: Any) -> None:  # noqa: ARG002 - mlflow passes it by this name
            self.served = models.load()

        def predict(self, model_input: Any) -> list[dict[str, Any]]:
            return models.labelled(self.served.scores(model_input))

    mlflow.pyfunc.save_model(SAVED, python_model=Served(), pip_requirements=[])


if not SAVED.is_dir():
    save()
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
program = str(Path(sys.executable).with_name("mlflow"))
address = ("--host", "127.0.0.1", "--port", os.environ["PORT"])
os.execv(program, [program, "models", "serve", "--model-uri", str(SAVED), "--env-manager", "local", *address])
