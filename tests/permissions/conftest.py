from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from mldeploy.testing.project import Outcome
from mldeploy_aws import driver, patience
from mldeploy_sandbox.identity import WORKLOAD_KEY_ID
from tests.permissions.life import Life


@dataclass(frozen=True)
class Recorded:
    """A life under the policy that `mldeploy policy deployer` printed; what was made in it is gone again.

    - `used`: chapter → the actions that the calls of its commands needed.
    - `refused`: calls of the deployer that were denied.
    - `roles`: name → inline policy of each role, and `served`: the calls of the function.
    """

    life: Life
    policy: dict[str, Any]
    outcomes: dict[str, Outcome]
    used: dict[str, set[str]]
    refused: list[str]
    roles: dict[str, dict[str, Any]]
    served: list[dict[str, Any]]


@pytest.fixture(scope="session", autouse=True)
def impatient() -> Iterator[None]:
    """Shorten the pauses between attempts; how long they are is tested in tests/aws."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "FIRST_PAUSE", 0.01)
        patch.setattr(driver, "LOOK_SECONDS", 0.05)
        patch.setattr(driver, "LOST_SIGHT_SECONDS", 0.2)
        yield


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, impatient: None) -> Iterator[Recorded]:
    with Life.opened(tmp_path_factory.mktemp("life")) as life:
        policy = life.policy()
        found = Recorded(life=life, policy=policy, outcomes={}, used={}, refused=[], roles={}, served=[])
        for chapter, act in life.chapters.items():
            if chapter == "destroy":
                found.roles.update(life.roles())
            life.enforce(policy)
            before = len(life.calls())
            found.outcomes[chapter] = act()
            calls = life.calls()[before:]
            found.used[chapter] = {action for call in calls for action, _ in call["permissions"]}
            found.refused.extend(f"{c['service']}:{c['operation']}" for c in calls if "AccessDenied" in c["error"])
        found.served.extend(call for call in life.calls(WORKLOAD_KEY_ID) if call["service"] == "sagemaker-runtime")
        yield found
