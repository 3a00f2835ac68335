"""What a target has to offer, and what a started one can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

SERVE = "serve"
"""The argument with which SageMaker runs an inference image
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html)."""
CONTAINER_PORT = 8080
"""Where SageMaker's router finds a container (same page)."""
MODEL_FOLDER = "/opt/ml/model"
"""Where a container finds its model (same page)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How to start a target once.

    - `port`: on 127.0.0.1, where /ping and /invocations are asked for.
    - `model_folder`: the folder that takes the place of /opt/ml/model.
    - `arguments`: behind the target's own command.
    - `environment`: what `Environment` of CreateModel holds.
    - `read_only`: whether a container sees its model folder read-only, as on SageMaker.
    """

    port: int
    model_folder: Path
    arguments: Sequence[str] = (SERVE,)
    environment: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = True


class Running(Protocol):
    """A started target."""

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""

    @property
    def output(self) -> Sequence[str]:
        """The last lines that it wrote."""

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; None when it still runs."""

    def terminate(self) -> None:
        """Send TERM to the first process only, as container engines do."""

    def kill(self) -> None:
        """End it and all that it started; returns when it is gone."""

    def memory(self) -> int | None:
        """Return the resident bytes of all its processes; None where that cannot be seen."""

    def ports(self) -> frozenset[int] | None:
        """Return the TCP ports on which its processes listen; None where that cannot be seen."""


class Target(Protocol):
    """Something that can be started again and again."""

    @property
    def title(self) -> str:
        """What it is, for people."""

    @property
    def fixed_port(self) -> int | None:
        """The port that it must be given; None when any free one will do."""

    def start(self, start: Start) -> Running:
        """Start it.

        Raises:
            UsageError: it cannot be started at all.
        """
