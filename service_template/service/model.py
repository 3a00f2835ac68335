"""The model while the service runs: loaded in the background, asked in batches."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from typing import Any

import model_loader
from service import model_files
from service.batching import Batcher, Job
from service.counters import counters
from service.problems import Problem
from service.settings import Settings

log = logging.getLogger(__name__)


class State(Enum):
    """What the model can do."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Model:
    """Loads the model once and answers with it.

    `on_ready` is called when it can answer, `on_failure` when it cannot be loaded, `on_hang` when a prediction does not
    come back, so that the process can end and be replaced.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.on_ready: Callable[[], None] = lambda: None
        self.on_failure: Callable[[], None] = lambda: None
        self.on_hang: Callable[[], None] = lambda: None
        self.state = State.LOADING
        self.version = settings.model_version
        self.draining = False
        self.hung = False
        self._model: Any = None
        self._batcher: Batcher | None = None

    def start(self) -> None:
        """Get ready to answer in the running event loop; load in a thread, so that health checks are answered (503)."""
        batching = getattr(model_loader, "BATCHING", True)
        self._batcher = Batcher(
            self._predict,
            max_batch=self.settings.max_batch if batching else 1,
            max_queue=self.settings.max_queue,
            on_hang=self.report_hang,
            seconds=self.settings.request_seconds,
        )
        if self.state is State.LOADING:
            threading.Thread(target=self.load, name="load-model", daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        if self._batcher:
            self._batcher.close()

    def abandon(self) -> None:
        """Answer everything that is under way with 503: the process ends in a moment."""
        if self._batcher:
            self._batcher.abandon(Problem.busy("The service is stopping."))

    def check(self) -> Batcher:
        """Return what answers requests.

        Raises:
            Problem: 503, the model is not loaded or too many requests wait.
        """
        if self.state is not State.READY or self._batcher is None:
            raise Problem.busy(f"The model is not ready: {self.state.value}.")
        self._batcher.check()
        return self._batcher

    async def answer(self, instances: list[Any], encode: Callable[[list[Any]], bytes], **known: Any) -> bytes:
        """Return the encoded predictions for the instances of one request.

        `known` are `arrived` and `request_id` of the job, when they are known.

        Raises:
            Problem: 503 too many requests, 504 too late, 500 the model failed.
        """
        answered: asyncio.Future[bytes | Problem] = asyncio.get_running_loop().create_future()
        self.check().submit(Job(instances, encode, answered.set_result, **known))
        result = await answered
        if isinstance(result, Problem):
            raise result
        return result

    def load(self) -> None:
        """Load the model and try it; sets the state, and the log has the cause when it cannot be used."""
        try:
            digest = model_files.verified(self.settings.sm_model_dir)
            self.version = self.version or digest
            self._model = model_loader.load(self.settings.sm_model_dir)
            list(model_loader.predict(self._model, model_loader.EXAMPLE_INSTANCES))
        except BaseException:  # the user's code may raise anything, SystemExit included
            log.exception("the model in %s cannot be loaded", self.settings.sm_model_dir)
            self.state = State.FAILED
            self.on_failure()
        else:
            self.state = State.READY
            self.on_ready()
            log.info("model loaded", extra={"fields": {"model_version": self.version}})

    def stream(self, instances: list[Any]) -> Any:
        """Return the user's generator for these instances."""
        stream = getattr(model_loader, "stream")  # noqa: B009 - most models have none
        return stream(self._model, instances)

    def _predict(self, jobs: list[Job]) -> list[bytes | Problem]:
        """Answer jobs with one call of `predict`; if that fails, one by one, so that only the guilty one fails."""
        instances = [instance for job in jobs for instance in job.instances]
        counters.batch(len(instances))
        try:
            predictions = list(model_loader.predict(self._model, instances))
            if len(predictions) != len(instances):
                raise ValueError(f"predict returned {len(predictions)} predictions for {len(instances)} instances")
        except BaseException:  # the user's code may raise anything, SystemExit included
            if len(jobs) > 1:
                return [answer for job in jobs for answer in self._predict_again(job)]
            return [_failure(jobs[0])]
        answers, start = [], 0
        for job in jobs:
            end = start + len(job.instances)
            answers.append(_encode(job, predictions[start:end]))
            start = end
        return answers

    def _predict_again(self, job: Job) -> list[bytes | Problem]:
        if self._batcher:
            self._batcher.renew()
        return self._predict([job])

    def report_hang(self) -> None:
        """Have this worker replaced: a prediction did not come back."""
        log.critical("a prediction took longer than %g seconds: this worker is replaced", self.settings.request_seconds)
        self.hung = True
        self.on_hang()


def _encode(job: Job, predictions: list[Any]) -> bytes | Problem:
    try:
        return job.encode(predictions)
    except Exception:
        return _failure(job)


def _failure(job: Job) -> Problem:
    """Log the exception that is being handled; callers do not get details."""
    log.exception("the model failed", extra={"fields": {"request_id": job.request_id}})
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The model failed on this request.")
