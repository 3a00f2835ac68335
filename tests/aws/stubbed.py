"""An AWS account whose answers a test writes down, behind the real call contract and a clock that needs no time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.stub import Stubber

from mldeploy_aws.patience import Patience
from mldeploy_aws.world import Aws, PublicAddresses

REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"


@dataclass
class Time:
    """A clock that only sleeping moves; `slept` and `said` are what happened."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def patience(self) -> Patience:
        return Patience(clock=lambda: self.now, sleep=self.sleep, voice=self.said.append)


class Account(Aws):
    """The door `aws` with stubbed clients."""

    account_id = ACCOUNT_ID

    def __init__(self, service: str) -> None:
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        session.set_config_variable("region", REGION)
        session.set_credentials("x", "x")
        self.time = Time()
        super().__init__(session, PublicAddresses(REGION), patience=self.time.patience)
        self._only = super().client(service)
        self.stub = Stubber(self._only)

    def client(self, service: str, *, guarded: bool = True) -> Any:
        return self._only
