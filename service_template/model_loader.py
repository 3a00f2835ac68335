"""Your part of the service: what a request contains, how the model is loaded, how it predicts.

The rest of the project uses `Instance`, `Prediction`, `EXAMPLE_INSTANCES`, `load` and `predict`. To serve another model,
change this file and train.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy
from pydantic import Field
from sklearn.feature_extraction.text import TfidfVectorizer

from service.contract import StrictModel

MODEL_FILE = "model.json"
TEXT_FEATURES = {"ngram_range": (1, 2), "sublinear_tf": True, "token_pattern": r"(?u)\b\w[\w']*\b"}
"""Words and pairs of words, so that "not good" counts as one thing."""

Instance = Annotated[str, Field(min_length=1, max_length=5000)]
"""One item of `instances` in a request: a text."""

EXAMPLE_INSTANCES = ["I love this camera, it works perfectly."]
"""Predicted once after loading, before traffic is accepted; also the example in the API docs."""


class Prediction(StrictModel):
    """One item of `predictions` in a response; `score` is the probability of the label."""

    label: Literal["negative", "positive"]
    score: Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class SentimentModel:
    """Text features and one weight per feature; positive weights speak for "positive"."""

    features: TfidfVectorizer
    weights: numpy.ndarray
    intercept: float


def load(model_dir: Path) -> SentimentModel:
    """Load the model that train.py saved: numbers and words only, because a pickle could run any code.

    The service has compared the files with the hash that was pinned when the model was built (service/model_files.py).
    Other formats: service/formats.py.
    """
    saved = json.loads((model_dir / MODEL_FILE).read_text())
    features = TfidfVectorizer(**TEXT_FEATURES, vocabulary=saved["vocabulary"])
    features.idf_ = numpy.array(saved["idf"])
    return SentimentModel(features, numpy.array(saved["weights"]), saved["intercept"])


def predict(model: SentimentModel, instances: list[str]) -> list[Prediction]:
    """Return one prediction per text, in the same order."""
    evidence = model.features.transform(instances) @ model.weights + model.intercept
    positive = 1 / (1 + numpy.exp(-evidence))
    return [
        Prediction(label="positive" if score >= 0.5 else "negative", score=max(score, 1 - score))
        for score in positive.tolist()
    ]
