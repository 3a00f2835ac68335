"""Pods that really run, as processes: rollouts, probes, crashes, logs, services. Needs the stand-in."""

from __future__ import annotations

import base64
import json
import os
import signal
from typing import Any

import pytest
import requests
from botocore.signers import RequestSigner

from tests.eks.standin.api_client import APPS, CORE, MERGE, ApiServer, deployment, eventually, unique
from tests.sandbox.running_sandbox import Sandbox

pytestmark = pytest.mark.req("Q7")

PROBE = {"httpGet": {"path": "/ping", "port": "http"}, "periodSeconds": 1}
HUNGRY = "import time; block = bytearray(200_000_000); print('eaten', flush=True); time.sleep(60)"


@pytest.fixture(scope="module")
def image(standin: Sandbox) -> str:
    return standin.push()


class Web:
    """A deployment of a small HTTP server, with a service in front of it."""

    def __init__(self, server: ApiServer, image: str, replicas: int = 1) -> None:
        self.server, self.image, self.replicas = server, image, replicas
        self.name = unique("web")
        self.path = server.path("deployments", self.name, APPS)

    def apply(
        self, *, image: str = "", pod: dict[str, Any] | None = None, spec: Any = None, **environment: str
    ) -> None:
        container = {
            "args": ["serve"],
            "env": [{"name": name, "value": value} for name, value in environment.items()],
            "ports": [{"name": "http", "containerPort": 8080}],
            "startupProbe": PROBE,
            "readinessProbe": PROBE,
            **(spec or {}),
        }
        body = deployment(
            self.name,
            self.replicas,
            image=image or self.image,
            container=container,
            pod={"terminationGracePeriodSeconds": 5, **(pod or {})},
            progressDeadlineSeconds=4,
        )
        answer = self.server.apply(self.path, body, fieldValidation="Strict")
        assert answer.code in {200, 201}, answer.message

    def expose(self) -> str:
        port = {"name": "http", "port": 80, "targetPort": "http"}
        spec = {"type": "LoadBalancer", "selector": {"app": self.name}, "ports": [port]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": self.name}, "spec": spec}
        path = self.server.path("services", self.name)
        self.server.apply(path, body)
        (ingress,) = eventually(
            lambda: self.server.get(path).body["status"].get("loadBalancer", {}).get("ingress"), what="an address"
        )
        return f"http://{ingress['hostname']}:{ingress['ports'][0]['port']}"

    def pods(self) -> list[dict[str, Any]]:
        return list(self.server.get(self.server.path("pods"), labelSelector=f"app={self.name}").body["items"])

    def container(self) -> dict[str, Any]:
        statuses = [each for pod in self.pods() for each in pod["status"].get("containerStatuses", [])]
        return statuses[0] if statuses else {"state": {}, "lastState": {}, "restartCount": 0}

    def wait(self) -> None:
        def rolled_out() -> bool:
            document = self.server.get(self.path).body
            status = document.get("status", {})
            counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
            return counts == [self.replicas] * 3 and status["observedGeneration"] == document["metadata"]["generation"]

        eventually(rolled_out, what="the rollout")

    def log(self, **query: str) -> str:
        return self.server.get(self.server.path("pods", f"{self.pods()[0]['metadata']['name']}/log"), **query).text


@pytest.fixture
def web(server: ApiServer, image: str) -> Web:
    return Web(server, image)


def version(url: str) -> str:
    return str(requests.post(f"{url}/invocations", data="x", timeout=10).json()["version"])


def test_a_rollout_answers_all_the_time(server: ApiServer, image: str) -> None:
    web = Web(server, image, replicas=2)
    finish_first = {"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}  # requests that are under way
    web.apply(VERSION="1", spec=finish_first)
    web.wait()
    url = web.expose()
    pids = {requests.post(f"{url}/invocations", data="x", timeout=10).json()["pid"] for _ in range(4)}
    assert len(pids) == 2  # spread over both pods
    web.apply(VERSION="2", spec=finish_first)
    seen = []
    eventually(lambda: seen.append(version(url)) or seen[-4:] == ["2"] * 4, what="only the new version answers")
    assert set(seen) <= {"1", "2"}
    web.wait()
    assert web.expose() == url
    proxied = server.post(server.path("services", f"{web.name}:http/proxy/invocations"), {"a": 1})
    assert proxied.body["path"] == "/invocations"
    scale = {"spec": {"replicas": 0}}
    server.patch(f"{web.path}/scale", scale, MERGE)
    eventually(lambda: not web.pods(), what="no pods")
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)


def test_a_pod_tells_what_runs(web: Web) -> None:
    web.apply(VERSION="7", pod={"serviceAccountName": "default"})
    web.wait()
    (pod,) = web.pods()
    status = pod["status"]
    assert (status["phase"], status["qosClass"]) == ("Running", "BestEffort")
    assert {each["type"]: each["status"] for each in status["conditions"]} == {
        "PodScheduled": "True",
        "Initialized": "True",
        "ContainersReady": "True",
        "Ready": "True",
    }
    (container,) = status["containerStatuses"]
    assert (container["ready"], container["started"], container["restartCount"]) == (True, True, 0)
    assert container["imageID"].endswith(web.image.split("@")[1])
    assert "starting version 7 with ['serve']" in web.log()
    slices = web.server.get(web.server.path("endpointslices", base="/apis/discovery.k8s.io/v1")).body["items"]
    assert not [each for each in slices if each["metadata"]["labels"]["kubernetes.io/service-name"] == web.name]


def test_a_service_that_is_no_load_balancer_any_more_has_no_address(web: Web) -> None:
    old = web.expose()
    path = web.server.path("services", web.name)
    web.server.patch(path, {"spec": {"type": "ClusterIP"}}, MERGE)
    eventually(lambda: web.server.get(path).body["status"] == {"loadBalancer": {}}, what="no address")
    assert "nodePort" not in web.server.get(path).body["spec"]["ports"][0]

    def closed() -> bool:
        try:
            requests.get(old, timeout=1)
        except requests.ConnectionError:
            return True
        return False

    eventually(closed, what="nobody listens")


def test_a_crash_loop_shows_its_last_words(web: Web) -> None:
    web.apply(VERSION="1", BREAK="at start")
    waiting = eventually(
        lambda: (found := web.container())["restartCount"] >= 1 and found["state"].get("waiting"), what="a crash loop"
    )
    assert waiting["reason"] == "CrashLoopBackOff"
    assert waiting["message"].startswith("back-off ")
    ended = web.container()["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("Error", 1)
    assert "cannot load the model" in web.log(previous="true", tailLines="1")
    name = web.pods()[0]["metadata"]["name"]
    assert eventually(lambda: web.server.events_about(name, "BackOff"), what="an event")
    condition = eventually(
        lambda: [
            each
            for each in web.server.get(web.path).body["status"]["conditions"]
            if each.get("reason") == "ProgressDeadlineExceeded"
        ],
        what="the deadline",
    )
    assert condition


def test_an_image_that_is_not_there_is_named(web: Web) -> None:
    missing = web.image.split("@")[0] + "@sha256:" + "0" * 64
    web.apply(image=missing)
    waiting = eventually(lambda: web.container()["state"].get("waiting", {}).get("reason") == "ImagePullBackOff")
    assert waiting
    assert missing in web.container()["state"]["waiting"]["message"]
    assert web.pods()[0]["status"]["phase"] == "Pending"
    refused = web.server.get(web.server.path("pods", f"{web.pods()[0]['metadata']['name']}/log"))
    assert (refused.code, "trying and failing to pull image" in refused.message) == (400, True)


def test_a_failed_liveness_probe_restarts_the_container(web: Web) -> None:
    failing = {
        "httpGet": {"path": "/ping", "port": "http", "scheme": "HTTPS"},
        "periodSeconds": 1,
        "failureThreshold": 1,
    }
    web.apply(spec={"livenessProbe": failing})
    eventually(lambda: web.container()["restartCount"] >= 1, what="a restart")
    name = web.pods()[0]["metadata"]["name"]
    events = eventually(lambda: web.server.events_about(name, "Unhealthy"), what="an event")
    assert any(event["message"].startswith("Liveness probe failed: ") for event in events)


def test_a_container_that_never_starts_up_is_ended(web: Web) -> None:
    never = {**PROBE, "tcpSocket": {"port": 1}, "failureThreshold": 1}
    del never["httpGet"]
    web.apply(spec={"startupProbe": never})
    eventually(lambda: web.container()["restartCount"] >= 1, what="a restart")
    assert web.container()["started"] is False


def test_a_container_beyond_its_memory_is_ended(standin: Sandbox, web: Web) -> None:
    web.apply(
        image=standin.push(source=HUNGRY),
        spec={"startupProbe": None, "readinessProbe": None, "resources": {"limits": {"memory": "64Mi"}}},
    )
    ended = eventually(lambda: web.container()["lastState"].get("terminated"), what="an end")
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_a_process_that_the_system_kills_is_started_again(web: Web) -> None:
    web.apply()
    web.wait()
    url = web.expose()
    pid = requests.post(f"{url}/invocations", data="x", timeout=10).json()["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: web.container()["restartCount"] == 1 and web.container()["ready"], what="a restart")
    assert requests.post(f"{url}/invocations", data="x", timeout=10).json()["pid"] != pid


def test_variables_come_from_secrets_and_missing_ones_are_named(web: Web) -> None:
    reference = {"name": "VERSION", "valueFrom": {"secretKeyRef": {"name": f"{web.name}-secret", "key": "version"}}}
    web.apply(spec={"env": [reference]})
    waiting = eventually(lambda: web.container()["state"].get("waiting", {}).get("message"), what="a reason")
    assert web.container()["state"]["waiting"]["reason"] == "CreateContainerConfigError"
    assert waiting == f'secret "{web.name}-secret" not found'
    secret = {"metadata": {"name": f"{web.name}-secret"}, "stringData": {"version": "from-secret"}}
    assert web.server.post(web.server.path("secrets"), secret).body["data"] == {"version": "ZnJvbS1zZWNyZXQ="}
    web.wait()
    assert version(web.expose()) == "from-secret"


def test_an_ingress_sends_requests_by_host_path_and_weight(server: ApiServer, image: str) -> None:
    old, new = Web(server, image), Web(server, image)
    for web, value in ((old, "old"), (new, "new")):
        web.apply(VERSION=value)
        web.expose()
    groups = [{"serviceName": web.name, "servicePort": "80", "weight": 50} for web in (old, new)]
    action = {"type": "forward", "forwardConfig": {"targetGroups": groups}}
    plain = {"service": {"name": old.name, "port": {"name": "http"}}}
    split = {"service": {"name": "split", "port": {"name": "use-annotation"}}}
    paths = [
        {"path": "/invocations", "pathType": "Prefix", "backend": plain},
        {"path": "/invocations/split", "pathType": "Exact", "backend": split},
    ]
    name = unique("ingress")
    annotations = {"alb.ingress.kubernetes.io/actions.split": json.dumps(action)}
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"rules": [{"host": "one.example.com", "http": {"paths": paths}}]},
    }
    path = server.path("ingresses", name, "/apis/networking.k8s.io/v1")
    assert server.apply(path, body, fieldValidation="Strict").code == 201
    (address,) = eventually(lambda: server.get(path).body.get("status", {}).get("loadBalancer", {}).get("ingress"))
    url = f"http://{address['hostname']}:{address['ports'][0]['port']}"
    old.wait()
    new.wait()

    def ask(place: str, host: str = "one.example.com") -> requests.Response:
        return requests.post(f"{url}{place}", data="x", headers={"Host": host}, timeout=10)

    assert [ask("/invocations").json()["version"] for _ in range(4)] == ["old"] * 4
    assert {ask("/invocations/split").json()["version"] for _ in range(20)} == {"old", "new"}
    assert ask("/elsewhere").status_code == 404
    assert ask("/invocations", host="two.example.com").status_code == 404
    server.patch(f"{old.path}/scale", {"spec": {"replicas": 0}}, MERGE)
    eventually(lambda: ask("/invocations").status_code == 503, what="nobody answers")


def test_a_pod_that_fits_nowhere_waits(web: Web) -> None:
    web.apply(spec={"resources": {"limits": {"nvidia.com/gpu": 1}}})
    (pod,) = eventually(web.pods, what="a pod")
    name = pod["metadata"]["name"]
    (event, *_) = eventually(lambda: web.server.events_about(name, "FailedScheduling"), what="an event")
    assert event["message"] == "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
    (condition,) = web.server.get(web.server.path("pods", name)).body["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")


def test_a_caller_of_eks_is_let_in_by_its_token(standin: Sandbox, api_server: ApiServer) -> None:
    sts = standin.client("sts")
    credentials, service = sts._request_signer._credentials, sts.meta.service_model.service_id
    signer = RequestSigner(service, "eu-central-1", "sts", "v4", credentials, sts.meta.events)
    request = {
        "method": "GET",
        "url": f"{standin.running.url}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": "standin"},
        "context": {},
    }
    url = signer.generate_presigned_url(request, region_name="eu-central-1", expires_in=60, operation_name="")
    token = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    caller = requests.Session()
    caller.trust_env = False
    found = caller.get(
        f"{api_server.url}{CORE}/namespaces/default",
        headers={"Authorization": f"Bearer k8s-aws-v1.{token}"},
        verify=api_server.session.verify,
        timeout=10,
    )
    assert found.status_code == 200, json.dumps(found.json())
