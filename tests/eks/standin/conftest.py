"""The API server under test: the stand-in, or any real one by `KUBECONFIG`.

The same tests run against both. Those that need a controller manager or a node skip, by name, where there is none.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mldeploy_sandbox import client
from tests.eks.standin.api_client import CORE, ApiServer, eventually, from_kubeconfig, unique
from tests.sandbox.running_sandbox import Sandbox

ADMINISTRATOR = "sandbox-user:administrator:system:masters"
NAMESPACE_SECONDS = 5


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with the stand-in; skips when the tests run against a real API server."""
    if os.environ.get("KUBECONFIG"):
        pytest.skip("needs the stand-in, whose nodes run process images; KUBECONFIG names a real API server")
    folder = tmp_path_factory.mktemp("sandbox")
    sandbox = Sandbox(client.ensure(folder, kept=False), folder)
    sandbox.cluster("standin")
    yield sandbox
    client.stop(folder)


@pytest.fixture(scope="session")
def api_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    if os.environ.get("KUBECONFIG"):
        return from_kubeconfig(Path(os.environ["KUBECONFIG"]))
    sandbox: Sandbox = request.getfixturevalue("standin")
    cluster = sandbox.client("eks").describe_cluster(name="standin")["cluster"]
    authority = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.write_bytes(base64.b64decode(cluster["certificateAuthority"]["data"]))
    session = requests.Session()
    session.trust_env = False
    session.verify = str(authority)
    session.headers["Authorization"] = f"Bearer {ADMINISTRATOR}"
    return ApiServer(cluster["endpoint"], session)


@pytest.fixture(scope="session")
def new_namespace(api_server: ApiServer) -> Iterator[Callable[..., ApiServer]]:
    """Makes namespaces with a default service account, and deletes them at the end."""
    made: list[str] = []

    def make(**labels: str) -> ApiServer:
        name = unique("standin")
        body: dict[str, Any] = {"metadata": {"name": name, "labels": labels}}
        assert api_server.post(f"{CORE}/namespaces", body).code == 201
        made.append(name)
        server = api_server.within(name)
        # Where no controller makes it, a test does; both may be first.
        server.post(server.path("serviceaccounts"), {"metadata": {"name": "default"}})
        return server

    yield make
    for name in made:
        api_server.delete(f"{CORE}/namespaces/{name}")


@pytest.fixture(scope="session")
def server(new_namespace: Callable[..., ApiServer]) -> ApiServer:
    """A namespace that all tests share; they use names of their own in it."""
    return new_namespace()


@pytest.fixture(scope="session")
def controllers(api_server: ApiServer) -> None:
    """Skips where no controller manager runs: it is what gives a namespace its certificate bundle or account."""
    name = unique("probe")
    api_server.post(f"{CORE}/namespaces", {"metadata": {"name": name}})
    try:
        found = eventually(
            lambda: api_server.get(f"{CORE}/namespaces/{name}/serviceaccounts/default").code == 200,
            seconds=NAMESPACE_SECONDS,
        )
    except AssertionError:
        found = False
    api_server.delete(f"{CORE}/namespaces/{name}")
    if not found:
        pytest.skip("needs a controller manager")
