"""Two models whose answers show what they were given: the length of a text, the sum of two numbers (kept finite)."""

from __future__ import annotations

TEXTS = """
from typing import Annotated
from pydantic import Field
from service.contract import StrictModel

Instance = Annotated[str, Field(min_length=1, max_length=5000)]
EXAMPLE_INSTANCES = ["example"]

class Prediction(StrictModel):
    length: int

def load(model_dir):
    return None

def predict(model, instances):
    return [Prediction(length=len(text)) for text in instances]
"""

NUMBERS = """
from typing import Annotated
from pydantic import Field
from service.contract import StrictModel

Instance = Annotated[list[float], Field(min_length=2, max_length=2)]
EXAMPLE_INSTANCES = [[1.0, 2.0]]
LARGEST = 1.7976931348623157e308

class Prediction(StrictModel):
    sum: float

def load(model_dir):
    return None

def predict(model, instances):
    return [Prediction(sum=min(max(float(left) + float(right), -LARGEST), LARGEST)) for left, right in instances]
"""
