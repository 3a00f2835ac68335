"""A sandbox whose clock stands almost still until somebody waits: what was just made stays unseen for a real while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mldeploy_sandbox import client
from mldeploy_sandbox.settings import Settings
from tests.plugins.served_release import ENDPOINT, ServedRelease
from tests.sandbox.running_sandbox import SERVICE

LEAP = 120.0
"""Sandbox seconds that pass when somebody waits."""
LOOK_SECONDS = 0.1
VERSIONED = SERVICE.replace('os.environ.get("VERSION")', "VERSION")


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[ServedRelease]:
    """A strict sandbox in which time passes only for those who wait."""
    served = ServedRelease(tmp_path, Settings(mode="strict", speed=0.01))
    done = threading.Event()

    def leap() -> None:
        while not done.wait(LOOK_SECONDS):
            if waits(client.calls(served.sandbox.running)[-2:]):
                served.sandbox.advance(LEAP)

    leaping = threading.Thread(target=leap)
    leaping.start()
    yield served
    done.set()
    leaping.join()
    served.close()


def waits(last: list[dict[str, str]]) -> bool:
    """Tell by the last two calls whether somebody was refused for now, or asks for the endpoint again and again."""
    refused = bool(last and last[-1]["rule"])
    return refused or [call["operation"] for call in last] == ["DescribeEndpoint"] * 2


@pytest.mark.req("4.5")
def test_what_sagemaker_does_not_see_yet_is_waited_for_when_made_and_when_changed(slow: ServedRelease) -> None:
    slow.run(source=VERSIONED)
    slow.run(version="2", source=VERSIONED)
    assert slow.sandbox.invoke(ENDPOINT)["version"] == "2"
    refused = {call["rule"] for call in client.calls(slow.sandbox.running)}
    assert refused >= {"iam-propagation", "sagemaker-endpoint-config-visibility"}
