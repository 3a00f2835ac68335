"""Plain FastAPI with an async endpoint, on uvicorn with uvloop and httptools."""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from fastapi import FastAPI
from models import labelled, load
from pydantic import BaseModel

app = FastAPI()
model = load()


class Request(BaseModel):
    instances: list[list[float]]


@app.get("/ping")
async def ping() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/predict")
async def predict(request: Request) -> dict[str, Any]:
    return {"predictions": labelled(model.scores(request.instances))}


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
