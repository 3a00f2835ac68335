"""The base of everything that goes in or out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """A JSON object that is taken literally: "1" is not 1, NaN is not a number, unknown keys are errors.

    Derive your own request and response types from it; pydantic does not hand the settings of one model to another.
    """

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
