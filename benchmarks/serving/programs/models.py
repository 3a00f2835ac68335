"""The model that BENCHMARK_MODEL names, tiny or heavy; every server program imports it from here."""

from __future__ import annotations

import importlib
import os
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # one core is all that a server gets; read when numpy and torch are imported

NAME = os.environ["BENCHMARK_MODEL"]
chosen = importlib.import_module(NAME)


def load() -> Any:
    """Return the model, ready to answer."""
    model = chosen.Model()
    model.scores([chosen.EXAMPLE])
    return model


def labelled(scores: list[float]) -> list[dict[str, Any]]:
    """Return the predictions as the servers answer them."""
    return [{"label": "yes" if score >= 0.5 else "no", "score": score} for score in scores]
