"""A sample of `make test-strict` in every run: the main path against a sandbox that is as slow as AWS."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Project

STRICT = {"MLDEPLOY_SANDBOX_MODE": "strict", "MLDEPLOY_SANDBOX_SPEED": "30"}
PASSING = {"iam-propagation", "sagemaker-model-visibility", "sagemaker-endpoint-config-visibility"}
"""Rules that a call breaks when it comes too early."""


@pytest.mark.timeout(600)
@pytest.mark.req("O5")
def test_what_aws_refuses_for_a_while_is_waited_for(fresh: Project) -> None:
    ran = fresh.mldeploy("run", **STRICT)
    assert ran.code == 0, ran
    assert fresh.ok("sandbox", "status", "--json").json["mode"] == "strict"
    broken = {call["rule"] for call in fresh.ok("sandbox", "calls", "--json").json}
    assert broken & PASSING, "strict mode refused some calls at first"
    assert fresh.predict("an awful, boring waste of time")["body"]["predictions"][0]["label"] == "negative"
    assert fresh.ok("plan", "--json").json["mutations"] == 0
    fresh.ok("destroy")
    assert fresh.ok("sandbox", "status", "--json").json == {"running": False}, "a sandbox with nothing left in it ends"
