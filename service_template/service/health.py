"""Four questions about the service, and four different answers; and what the service counts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from service import NAME, metrics
from service.model import Model, State
from service.problems import Problem

router = APIRouter(tags=["health"])


@router.get("/liveness")
async def liveness() -> dict[str, str]:
    """Tell whether the process answers at all. Never looks at the model: restarting does not load it faster."""
    return {"status": "alive"}


@router.get("/readiness")
async def readiness(request: Request) -> dict[str, str]:
    """Tell whether to send traffic here: 503 while loading and while draining before a stop."""
    model: Model = request.app.state.model
    if model.draining or model.state is not State.READY:
        raise Problem.busy(f"The model is not ready: {'draining' if model.draining else model.state.value}.")
    return {"status": "ready"}


@router.get("/ping", response_class=Response)
async def ping(request: Request) -> Response:
    """Answer SageMaker's health check: 200 without a body once a first prediction has worked, even while draining."""
    model: Model = request.app.state.model
    return Response(status_code=200 if model.state is State.READY else 503)


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """Report to people and dashboards: always 200, the state is in the body."""
    model: Model = request.app.state.model
    return JSONResponse(
        {"service": NAME, "model": model.state.value, "model_version": model.version, "draining": model.draining}
    )


@router.get("/metrics", response_class=Response)
def show_metrics() -> Response:
    """Show the counters of all workers to Prometheus."""
    content, media_type = metrics.exposition()
    return Response(content, headers={"content-type": media_type})
