"""POST /predict and POST /invocations (the path that SageMaker calls): one code path."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request, Response

from model_loader import EXAMPLE_INSTANCES
from service import body, content_types, streaming
from service.logs import request_id
from service.messages import PlainRequest, PredictionRequest, PredictionResponse
from service.model import Model

router = APIRouter(tags=["prediction"])

SCHEMA_REFERENCE = "#/components/schemas/{model}"


def text_bodies(names: list[str]) -> dict[str, Any]:
    """Return the OpenAPI content of the bodies that are not JSON."""
    return {name: {"schema": {"type": "string"}} for name in names if name != content_types.JSON}


JSON_BODIES = [kind.model_json_schema(ref_template=SCHEMA_REFERENCE) for kind in (PredictionRequest, PlainRequest)]
DEFINITIONS = {name: schema for body in JSON_BODIES for name, schema in body.pop("$defs", {}).items()}
"""Types inside of `Instance`; app.py adds them to the schemas of the API's description."""

REQUEST_BODY = {
    "required": True,
    "content": {
        content_types.JSON: {"schema": {"anyOf": JSON_BODIES}, "example": {"instances": EXAMPLE_INSTANCES}},
        **text_bodies(content_types.READABLE),
    },
}

PROBLEM = {"application/problem+json": {"schema": {"type": "object"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": text_bodies(content_types.WRITABLE)},
    400: {"description": "The body cannot be read", "content": PROBLEM},
    406: {"description": "No type in Accept is possible", "content": PROBLEM},
    413: {"description": "The body is too large", "content": PROBLEM},
    415: {"description": "The Content-Type is not possible", "content": PROBLEM},
    422: {"description": "The body has another shape", "content": PROBLEM},
    500: {"description": "The model failed", "content": PROBLEM},
    503: {"description": "Not ready, or too busy; come back after Retry-After seconds", "content": PROBLEM},
    504: {"description": "The model took too long", "content": PROBLEM},
}
DOCUMENTED: dict[str, Any] = {
    "response_model": PredictionResponse,
    "responses": RESPONSES,
    "openapi_extra": {"requestBody": REQUEST_BODY},
}


@router.post("/predict", **DOCUMENTED)
@router.post("/invocations", **DOCUMENTED)
async def predict(request: Request) -> Response:
    """Answer with one prediction per instance, in the same order."""
    arrived = time.monotonic()
    model: Model = request.app.state.model
    model.check()
    decode = content_types.decoder(request.headers.get("content-type", ""))
    media_type = content_types.choose(request.headers.get("accept", ""), streaming.OFFERED)
    async with body.receive(request) as content:
        instances = await body.parse(content, decode)
        if media_type in streaming.STREAMED:
            return await streaming.respond(model, instances, media_type)
        encode = content_types.encoder(media_type)
        answer = await model.answer(instances, encode, arrived=arrived, request_id=request_id.get())
    return Response(answer, media_type=media_type)
