"""The ASGI application: routes, error handlers and the life of the model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from service import NAME, health, prediction
from service.middleware import RequestContext
from service.model import Model
from service.problems import Problem, answer_http_exception, answer_problem


def create_app(model: Model) -> FastAPI:
    """Return the application around a model that may still have to be loaded."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        model.start()
        yield {"model": model}  # for the lane
        model.close()

    app = FastAPI(title=NAME, lifespan=lifespan)
    setattr(app, "openapi", lambda: describe(app))  # noqa: B010 - FastAPI's documented way to extend the description
    app.state.model = model
    app.include_router(health.router)
    app.include_router(prediction.router)
    app.exception_handler(Problem)(answer_problem)
    app.exception_handler(HTTPException)(answer_http_exception)
    app.add_middleware(RequestContext, model=model)
    return app


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description, with the types that only request bodies use."""
    document = app.openapi_schema
    if document is None:
        document = app.openapi_schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        document["components"]["schemas"] |= prediction.DEFINITIONS
    return document
