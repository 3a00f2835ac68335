"""The model_loader.py that turns a generated project into a server of the benchmark's model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import models
from pydantic import Field
from service.contract import StrictModel

EXAMPLE_INSTANCES = [list(models.chosen.EXAMPLE)]
WIDTH = len(models.chosen.EXAMPLE)
Number = float if models.NAME == "tiny" else Annotated[int, Field(ge=0, lt=models.chosen.WORDS)]
Instance = Annotated[list[Number], Field(min_length=WIDTH, max_length=WIDTH)]


class Prediction(StrictModel):
    label: Literal["no", "yes"]
    score: Annotated[float, Field(ge=0, le=1)]


def load(_model_dir: Path) -> Any:
    return models.load()


def predict(model: Any, instances: list[list[float]]) -> list[Prediction]:
    return [Prediction(**prediction) for prediction in models.labelled(model.scores(instances))]
