"""What the planes of one sandbox share: the folder, the address, moto's stores, child processes and logs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mldeploy_sandbox.alarm_states import Measure
from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.durations import seconds_for
from mldeploy_sandbox.faults.injector import Injector
from mldeploy_sandbox.identity import ACCOUNT_ID, DEFAULT_REGION, SECRET_ACCESS_KEY, WORKLOAD_KEY_ID
from mldeploy_sandbox.moto_app import Moto
from mldeploy_sandbox.processes import Processes
from mldeploy_sandbox.quotas import Quotas


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The shared state of one sandbox.

    - `folder`: belongs to the sandbox and survives nothing; planes make folders of their own in it.
    - `base_url`: without a slash at its end.
    - `strict`: AWS's times, rates and quotas apply.
    - `clock`: for everything whose state changes with time.
    - `faults`: what goes wrong on purpose.
    - `quotas`: what Service Quotas says; strict mode enforces it.
    - `measured`: namespace of CloudWatch → how to get data points of its metrics; planes fill it in.
    - `notes`: what a user should know about this world, such as which Redis answers; shown by `sandbox status`.
    """

    folder: Path
    base_url: str
    strict: bool = False
    clock: Clock = field(default_factory=Clock)
    faults: Injector = field(default_factory=Injector)
    quotas: Quotas = field(default_factory=Quotas)
    moto: Moto = field(default_factory=Moto)
    processes: Processes = field(default_factory=Processes)
    measured: dict[str, Measure] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    account_id: str = ACCOUNT_ID
    region: str = DEFAULT_REGION

    def backend(self, service: str, region: str) -> Any:
        """Return moto's store of a service; hold `moto.lock` while reading or changing it.

        `region` is ignored for services that have one store for all regions (IAM, S3).
        """
        return self.moto.backend(service, region)

    def seconds(self, name: str) -> float:
        """Return how many sandbox seconds something takes (see `durations`): 0 in plain mode."""
        return seconds_for(name, strict=self.strict)

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client of this sandbox; never call it while holding `moto.lock`."""
        import boto3  # noqa: PLC0415 - slow to import, and rarely needed here

        return boto3.client(
            service,
            endpoint_url=self.base_url,
            region_name=region,
            aws_access_key_id=WORKLOAD_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
        )

    def log(
        self, group: str, stream: str, lines: Iterable[str], *, region: str = DEFAULT_REGION, create: bool = True
    ) -> None:
        """Append lines to a stream in CloudWatch Logs.

        A missing group is made, as SageMaker does; with `create=False` the lines are dropped instead, as they are for
        a Lambda role without logs:CreateLogGroup.
        """
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        with self.moto.lock:
            backend = self.backend("logs", region)
            if not events or (not create and group not in backend.groups):
                return
            backend.ensure_log_group(group)
            backend.ensure_log_stream(group, stream)
            backend.put_log_events(group, stream, events)
