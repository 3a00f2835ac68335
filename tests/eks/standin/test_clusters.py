"""Which clusters there are: of every name, or only those that somebody made."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from mldeploy_sandbox import client
from mldeploy_sandbox.settings import Settings
from tests.sandbox.running_sandbox import Sandbox


@pytest.mark.parametrize("mode", ["plain", "strict"])
def test_only_a_strict_sandbox_wants_a_cluster_to_be_made_first(tmp_path: Path, mode: str) -> None:
    sandbox = Sandbox(client.ensure(tmp_path, kept=False, settings=Settings(mode=mode)), tmp_path)
    eks = sandbox.client("eks")
    try:
        if mode == "strict":
            with pytest.raises(ClientError, match="No cluster found for name: here"):
                eks.describe_cluster(name="here")
            sandbox.cluster("here")
        assert eks.describe_cluster(name="here")["cluster"]["status"] == "ACTIVE"
    finally:
        client.stop(tmp_path)
