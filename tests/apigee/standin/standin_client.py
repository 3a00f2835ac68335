"""The stand-in as tests use it: in this process, with a data plane on a real port and a backend behind it."""

from __future__ import annotations

import http.server
import json
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import discovery
import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from proxy_bundles import archive
from werkzeug.test import Client, TestResponse

from mldeploy_sandbox.apigee.standin import StandIn
from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.faults.plan import read_plan
from mldeploy_sandbox.world import World

ISSUER = "https://issuer.example.com"
ENVIRONMENT = "environments/local"


class Backend(http.server.BaseHTTPRequestHandler):
    """Tells what it got; `/slow` is slow, `/status/N` answers N, `/cut` hangs up, `/keys` has the issuer's keys."""

    protocol_version = "HTTP/1.1"
    keys = b"{}"
    fetched = 0

    def do_GET(self) -> None:
        if self.path == "/keys":
            type(self).fetched += 1
            return self._send(200, self.keys)
        return self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/slow"):
            time.sleep(1)
        if self.path.endswith("/cut"):
            self.close_connection = True
            return None
        status = int(self.path.rpartition("/")[2]) if "/status/" in self.path else 200
        seen = {"verb": self.command, "path": self.path, "headers": dict(self.headers), "body": body.decode()}
        return self._send(status, json.dumps(seen).encode())

    do_PUT = do_POST  # noqa: N815 - http.server's names

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Backend", "yes")
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Issuer:
    """Signs tokens."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self.key_set = json.dumps({"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]}).encode()

    def token(self, *, drop: str = "", algorithm: str = "RS256", kid: str = "one", **claims: Any) -> str:
        now = int(time.time())
        chosen = {"iss": ISSUER, "aud": "api", "iat": now, "exp": now + 600, "scope": "predict", **claims}
        chosen.pop(drop, None)
        return jwt.encode(chosen, self.key, algorithm=algorithm, headers={"kid": kid} if kid else {})


class Apigee:
    """A stand-in, its clock and faults, an issuer and a backend."""

    def __init__(self, folder: Path, *, strict: bool = False) -> None:
        self.clock = Clock()
        self.world = World(folder=folder, base_url="http://127.0.0.1:0", clock=self.clock, strict=strict)
        self.standin = StandIn(self.world)
        self.issuer = Issuer()
        self.logs = folder / "apigee" / "logs"
        self.handler = type("OwnBackend", (Backend,), {"keys": self.issuer.key_set})
        self._backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        threading.Thread(target=self._backend.serve_forever, args=(0.05,), daemon=True).start()
        self.backend = f"127.0.0.1:{self._backend.server_port}"
        self._client = Client(self.standin)
        self.token = ""
        self.log_in()
        self.host = self.ok("GET", "envgroups/local")["hostnames"][0]
        self.http = requests.Session()
        self._names = 0

    def close(self) -> None:
        self.standin.close()
        self._backend.shutdown()
        self._backend.server_close()
        self.http.close()

    def log_in(self) -> None:
        """Get a token; the clock may have moved past the end of the last one."""
        answer = self.post("/google/token", data={"grant_type": "client_credentials"})
        self.token = answer.get_json()["access_token"]

    def post(self, path: str, **options: Any) -> TestResponse:
        return self._client.post(path, **options)

    def inject(self, plan: str) -> None:
        self.world.faults.follow(read_plan(plan))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        organization: str = "local",
        **more: Any,
    ) -> TestResponse:
        """Make a management call; what succeeds is checked against the discovery document."""
        url = f"/v1/organizations/{organization}/{path}".rstrip("/")
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        answer = self._client.open(url, method=method, json=body, headers=headers, **more)
        if answer.status_code == 200 and answer.mimetype == "application/json":
            query = dict(item.split("=") for item in url.partition("?")[2].split("&") if item)
            discovery.check_call(method, url.partition("?")[0], query, body, answer.get_json())
        return answer

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.call(method, path, body, **more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str, str]:
        """Return status, canonical code and message of a call that fails."""
        answer = self.call(method, path, body, **more)
        error = answer.get_json()["error"]
        assert (answer.status_code, set(error)) == (
            error["code"],
            set(error) & {"code", "message", "status", "details"},
        )
        return answer.status_code, error["status"], error["message"]

    def load(self, name: str, **parts: Any) -> str:
        """Import a bundle and return the revision's number."""
        data = {"file": (archive(**{"backend": f"http://{self.backend}", **parts}), "bundle.zip")}
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"/v1/organizations/local/apis?name={name}&action=import"
        answer = self._client.post(url, data=data, headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        discovery.check_call("POST", url.partition("?")[0], {"name": name, "action": "import"}, None, answer.get_json())
        return str(answer.get_json()["revision"])

    def deploy(self, name: str, revision: str, **query: str) -> Any:
        values = "&".join(f"{key}={value}" for key, value in query.items())
        return self.ok("POST", f"{ENVIRONMENT}/apis/{name}/revisions/{revision}/deployments?{values}".rstrip("?"))

    def state(self, name: str, revision: str) -> Any:
        return self.ok("GET", f"{ENVIRONMENT}/apis/{name}/revisions/{revision}/deployments")

    def serve(self, **parts: Any) -> str:
        """Deploy a bundle under a base path of its own and return its URL."""
        self._names += 1
        name = f"api-{self._names}"
        revision = self.load(name, **{"base_path": f"/{name}", **parts})
        self.deploy(name, revision)
        shown = self.state(name, revision)
        assert shown["state"] == "READY", shown
        return f"http://{self.host}/{name}"
