"""What the environment decides: where to listen, where the model is, how much the service takes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

MAX_BODY_BYTES = 6_291_456
"""The largest request body that SageMaker passes on (the limit of InvokeEndpoint's Body), in bytes."""


class Settings(NamedTuple):
    """The settings of the service; each is the environment variable of the same name in capitals.

    No dataclass: importing dataclasses would cost the supervisor more than 1 MB of memory.

    - `sm_model_dir`: the folder with the trained model. SageMaker puts it in /opt/ml/model.
    - `model_version`: sent as X-Model-Version; empty means the hash of the model folder.
    - `workers`: worker processes; 0 means as many as the machine and the model call for (service/capacity.py).
    - `max_batch`: instances that go into one call of `predict`.
    - `max_queue`: instances that wait in one worker before requests are answered 503. Only a fast model gets that far:
      beyond one batch, or sixteen requests, a request waits only if its turn comes within 0.05 s.
    - `request_seconds`: a request that is not answered by then gets 504. SageMaker waits 60 seconds.
    - `drain_seconds`: how long to refuse readiness before the listening socket closes. Kubernetes needs a few seconds,
      SageMaker none.
    - `run_as_uid`: the user to become when started as root; 0 means stay root.
    """

    host: str = "0.0.0.0"  # noqa: S104 - the platform decides who reaches the container
    port: int = 8080
    sm_model_dir: Path = Path("model")
    model_version: str = ""
    workers: int = 0
    max_batch: int = 64
    max_queue: int = 1024
    request_seconds: float = 55.0
    drain_seconds: float = 0.0
    run_as_uid: int = 0

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment variables that are set.

        Raises:
            ValueError: a number is not a number, or is negative.
        """
        found: dict[str, Any] = {}
        for name, default in cls._field_defaults.items():
            if text := os.environ.get(name.upper()):
                found[name] = _read(name.upper(), text, type(default))
        return cls(**found)


def _read(name: str, text: str, kind: type) -> object:
    """Return the value of one environment variable."""
    if kind not in (int, float):
        return kind(text)
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"{name} is not a number") from None
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be 0 or more")
    return value
