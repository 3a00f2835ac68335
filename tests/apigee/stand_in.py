"""The Apigee stand-in inside of this process, an origin behind it, and deployments of only what belongs to Apigee."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests
from botocore.exceptions import ClientError
from werkzeug.serving import make_server

from mldeploy import Context, Step
from mldeploy.deployment import Deployment
from mldeploy.events import Event
from mldeploy.graph import settle
from mldeploy.model import ENVIRONMENT_TAG, NAME_TAG
from mldeploy.state_files import FileStateStore
from mldeploy_apigee.drivers import apigee_drivers
from mldeploy_apigee.openid_discovery import OpenIdDiscovery
from mldeploy_apigee.world import Apigee
from mldeploy_aws.patience import Patience
from mldeploy_sandbox.apigee.standin import StandIn
from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.settings import STRICT, settings_from_environment
from mldeploy_sandbox.world import World
from tests.apigee.described import AWS_OUTPUTS, NAME, apigee_steps

OPEN = {"expose": {"auth": {"jwt": False, "apiKey": False}}}
"""A release that lets everybody in, for tests of what is behind the door."""
POLL_SECONDS = 0.05
ORIGIN_KEY = "the-key-of-the-origin"


class Origin(http.server.BaseHTTPRequestHandler):
    """Answers with what it was sent; 403 to whoever does not show the key."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 200 if self.headers["x-api-key"] == ORIGIN_KEY else 403
        answer = json.dumps({"path": self.path, "headers": dict(self.headers), "body": body.decode()}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


class Place:
    """One stand-in with one origin; `folder` keeps the records of its releases."""

    def __init__(self, folder: Path, url: str, origin_port: int) -> None:
        self.folder = folder
        self.url = url
        self.outputs = {**AWS_OUTPUTS, "Host": "127.0.0.1", "Port": origin_port, "Encrypted": False}
        self.events: list[Event] = []
        self.secrets = {"login/gateway": ("v1", "the secret: of & the/gateway")}
        """The name of a secret of AWS → its version and its text."""

    def token(self) -> str:
        """Return a new token of the stand-in."""
        answer = requests.post(f"{self.url}/google/token", data={"grant_type": "client_credentials"}, timeout=10)
        return str(answer.json()["access_token"])

    def apigee(self, **options: Any) -> Apigee:
        """Return the door, with tokens that are renewed when they end, as tests with a fast clock need it."""
        tokens = [self.token()]
        defaults = {
            "token": lambda: tokens[-1],
            "renew": lambda: tokens.append(self.token()),
            "patience": Patience(sleep=lambda _seconds: None),
        }
        return Apigee(self.url, **{**defaults, **options})

    def deployment(
        self, config: Mapping[str, Any], *, apigee: Apigee | None = None, change: Callable[[Step], Step] | None = None
    ) -> Deployment:
        """Return the deployment of the steps of Apigee.

        Arguments:
            change: what a test makes of each step.
        """
        steps = self._steps(json.dumps(config))
        doors = {"apigee": apigee or self.apigee(), "aws": _aws(self.secrets), "openid": OpenIdDiscovery()}
        context = Context(
            name=NAME,
            env="local",
            root=self.folder,
            config={"apigee": {"organization": "local", "environment": "local"}},
            tags={NAME_TAG: NAME, ENVIRONMENT_TAG: "local", "team": "search"},
            find_provider=lambda kind, _context: doors[kind],
            emit=self.events.append,
        )
        return Deployment(
            context=context,
            store=FileStateStore(self.folder / "state"),
            drivers=apigee_drivers(context),
            steps=settle([change(step) if change else step for step in steps]),
            plugins=[],
            keep=2,
            command="test",
        )

    @cache  # noqa: B019 - places are few and live as long as their tests
    def _steps(self, config: str) -> list[Step]:
        """Return the steps of a configuration; loading a release takes longer than deploying it here."""
        return apigee_steps(self.folder, json.loads(config), self.outputs)

    def changes(self, config: Mapping[str, Any]) -> dict[str, str]:
        """Return kind and action → reason of what a run would change."""
        plan = self.deployment(config).plan()
        return {f"{item.step.kind} {item.action.value}": item.reason for item in plan.mutations}

    def predict(self, deployment: Deployment, **headers: str) -> requests.Response:
        """Send a prediction through the proxy."""
        url = deployment.known_outputs(f"Apigee::Deployment/{NAME}-local")["Url"]
        return requests.post(url, json={"instances": [1]}, headers=headers, timeout=10)

    def everything(self) -> dict[str, Any]:
        """Return what the organization holds, without numbers and times."""
        apigee, here = self.apigee(), "organizations/local"
        there = f"{here}/environments/local"
        proxies = [item["name"] for item in apigee.get(f"{here}/apis").get("proxies", ())]
        deployed = apigee.get(f"{there}/deployments").get("deployments", ())
        return {
            "apis": {name: len(apigee.get_list(f"{here}/apis/{name}/revisions")) for name in proxies},
            "deployed": sorted(item["apiProxy"] for item in deployed),
            "maps": apigee.get_list(f"{there}/keyvaluemaps"),
            "servers": apigee.get_list(f"{there}/targetservers"),
            "products": [item["name"] for item in apigee.get(f"{here}/apiproducts").get("apiProduct", ())],
            "developers": [item["email"] for item in apigee.get(f"{here}/developers").get("developer", ())],
        }


def _aws(secrets: Mapping[str, tuple[str, str]]) -> Any:
    """Return as much of AWS as the drivers of Apigee ask for: the region, the origin's key, and secrets."""

    def found(name: str, operation: str) -> tuple[str, str]:
        if name not in secrets:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": name}}, operation)
        return secrets[name]

    def get_secret_value(SecretId: str) -> Any:  # noqa: N803
        version, text = found(SecretId, "GetSecretValue")
        return {"VersionId": version, "SecretString": text}

    def describe_secret(SecretId: str) -> Any:  # noqa: N803
        return {"VersionIdsToStages": {found(SecretId, "DescribeSecret")[0]: ["AWSCURRENT"], "v0": ["AWSPREVIOUS"]}}

    clients = {
        "apigateway": SimpleNamespace(get_api_key=lambda apiKey, includeValue: {"id": apiKey, "value": ORIGIN_KEY}),  # noqa: N803
        "secretsmanager": SimpleNamespace(get_secret_value=get_secret_value, describe_secret=describe_secret),
    }
    contract = SimpleNamespace(guard=lambda: None)
    return SimpleNamespace(region="eu-central-1", client=clients.__getitem__, contract=contract)


@contextmanager
def opened(folder: Path, **world: Any) -> Iterator[Place]:
    """Start a stand-in and an origin on free ports of this machine.

    Arguments:
        world: mode, clock and faults where a test is about them; without any, mode and speed come from the environment.
    """
    folder.mkdir(exist_ok=True)
    settings = settings_from_environment()
    asked_for = {"strict": settings.mode == STRICT, "clock": Clock(settings.speed or 1.0)}
    shared = World(folder=folder / "sandbox", base_url="http://127.0.0.1", **(world or asked_for))
    stand_in = StandIn(shared)
    server = make_server("127.0.0.1", 0, stand_in, threaded=True)
    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threads = [
        threading.Thread(target=item.serve_forever, args=(POLL_SECONDS,), daemon=True) for item in (server, origin)
    ]
    for thread in threads:
        thread.start()
    try:
        yield Place(folder, f"http://127.0.0.1:{server.server_port}", origin.server_port)
    finally:
        for item in (server, origin):
            item.shutdown()
            item.server_close()
        stand_in.close()
