"""A bare HTTP client of an API server, so that the tests see what is really answered."""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
import yaml

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"

CORE, APPS = "/api/v1", "/apis/apps/v1"
IMAGE = "registry.example.com/service:1"


class Answer:
    """Status code, document and warnings of one answer."""

    def __init__(self, response: requests.Response) -> None:
        self.code = response.status_code
        self.text = response.text
        self.warnings = response.headers.get("Warning", "")
        self.body: dict[str, Any] = response.json() if "json" in response.headers.get("Content-Type", "") else {}

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def causes(self) -> list[tuple[str, str]]:
        return [(each["reason"], each["field"]) for each in self.body["details"].get("causes", [])]

    @property
    def version(self) -> str:
        return str(self.body["metadata"]["resourceVersion"])


class ApiServer:
    """An API server, and one namespace in it."""

    def __init__(self, url: str, session: requests.Session, namespace: str = "default") -> None:
        self.url = url
        self.session = session
        self.namespace = namespace

    def within(self, namespace: str) -> ApiServer:
        return ApiServer(self.url, self.session, namespace)

    def path(self, plural: str, name: str = "", base: str = CORE) -> str:
        return f"{base}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def acting_as(self, user: str) -> ApiServer:
        """The same server for an impersonated user."""
        session = requests.Session()
        session.trust_env, session.verify, session.cert = False, self.session.verify, self.session.cert
        session.headers.update({**self.session.headers, "Impersonate-User": user})
        return ApiServer(self.url, session, self.namespace)

    def call(self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: str) -> Answer:
        headers = {"Content-Type": kind, "User-Agent": "standin-tests/1"}
        data = None if body is None else json.dumps(body)
        return Answer(self.session.request(method, self.url + path, data=data, headers=headers, params=query))

    def get(self, path: str, **query: str) -> Answer:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any, **query: str) -> Answer:
        return self.call("POST", path, body, **query)

    def put(self, path: str, body: Any, **query: str) -> Answer:
        return self.call("PUT", path, body, **query)

    def patch(self, path: str, body: Any, kind: str, **query: str) -> Answer:
        return self.call("PATCH", path, body, kind, **query)

    def delete(self, path: str, body: Any = None, **query: str) -> Answer:
        return self.call("DELETE", path, body, **query)

    def apply(self, path: str, body: Any, manager: str = "mldeploy", **query: str) -> Answer:
        return self.patch(path, body, APPLY, fieldManager=manager, **query)

    def watch(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yield the events of a watch, until the server ends it."""
        query = {"watch": "1", "timeoutSeconds": "10"} | query
        with self.session.get(self.url + path, params=query, stream=True, timeout=20) as response:
            for line in response.iter_lines():
                if line:
                    yield json.loads(line)

    def events_about(self, name: str, reason: str) -> list[dict[str, Any]]:
        found = self.get(self.path("events"), fieldSelector=f"involvedObject.name={name},reason={reason}")
        return list(found.body["items"])


def from_kubeconfig(path: Path) -> ApiServer:
    """Read the current context of a kubeconfig: token, or client certificate."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    session = requests.Session()
    session.trust_env = False
    session.verify = cluster.get("certificate-authority") or _file(path, cluster, "certificate-authority-data") or False
    if "token" in user:
        session.headers["Authorization"] = f"Bearer {user['token']}"
    certificate = user.get("client-certificate") or _file(path, user, "client-certificate-data")
    if certificate:
        session.cert = (certificate, user.get("client-key") or _file(path, user, "client-key-data"))
    return ApiServer(cluster["server"], session)


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(each for each in entries if each["name"] == name)


def _file(near: Path, holder: dict[str, Any], key: str) -> str:
    if key not in holder:
        return ""
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix=f"{near.name}-{key}-")
    os.write(descriptor, base64.b64decode(holder[key]))
    os.close(descriptor)
    return name


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(3)}"


def eventually(check: Callable[[], Any], *, seconds: float = 20, what: str = "") -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return found


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, replicas: int | None = 1, image: str = IMAGE, **spec: Any) -> dict[str, Any]:
    """A small deployment; keys of `container` and `pod` go into its only container and its pod's spec."""
    labels = {"app": name}
    container = {"name": "service", "image": image, **spec.pop("container", {})}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **spec.pop("pod", {})}}
    whole = {"selector": {"matchLabels": labels}, "template": template, **spec}
    if replicas is not None:
        whole["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": whole}


def pod(name: str, account: str = "default", **spec: Any) -> dict[str, Any]:
    body = {"containers": [{"name": "service", "image": IMAGE}], "serviceAccountName": account, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body}


def owned_fields(document: dict[str, Any], manager: str, subresource: str = "") -> dict[str, Any]:
    """What `managedFields` says of a manager; an empty tree when it owns nothing."""
    for entry in document["metadata"]["managedFields"]:
        if entry["manager"] == manager and entry.get("subresource", "") == subresource:
            return dict(entry["fieldsV1"])
    return {}
