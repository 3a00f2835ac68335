"""FastAPI as tutorials write it: a sync endpoint, a middleware for times and logs, psutil for a look at the machine."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from models import labelled, load
from pydantic import BaseModel, Field

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
log = logging.getLogger("service")
app = FastAPI(title="service", version="1.0.0")
model = load()


class Prediction(BaseModel):
    label: str
    score: float = Field(ge=0, le=1)


class PredictionRequest(BaseModel):
    instances: list[list[float]] = Field(min_length=1, max_length=1000)


class PredictionResponse(BaseModel):
    predictions: list[Prediction]


@app.middleware("http")
async def observe(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    started, identifier = time.perf_counter(), str(uuid.uuid4())
    response = await answer(request)
    response.headers["X-Request-Id"] = identifier
    response.headers["X-Process-Time"] = f"{time.perf_counter() - started:.4f}"
    used = psutil.virtual_memory().percent
    log.info("%s %s %s memory=%s id=%s", request.method, request.url.path, response.status_code, used, identifier)
    return response


@app.get("/ping")
def ping() -> dict[str, Any]:
    return {"status": "ok", "memory": psutil.Process().memory_info().rss}


@app.post("/predict", response_model=PredictionResponse)
def predict(request: PredictionRequest) -> dict[str, Any]:
    try:
        return {"predictions": labelled(model.scores(request.instances))}
    except Exception as error:
        log.exception("prediction failed")
        raise HTTPException(status_code=500, detail="prediction failed") from error


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
