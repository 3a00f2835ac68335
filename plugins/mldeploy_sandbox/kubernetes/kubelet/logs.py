"""Answers `pods/NAME/log`.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from werkzeug.wrappers import Response

from mldeploy_sandbox.kubernetes.kubelet.container import Container
from mldeploy_sandbox.kubernetes.kubelet.output import Line, Output
from mldeploy_sandbox.kubernetes.kubelet.pod import Pod
from mldeploy_sandbox.kubernetes.status import bad_request
from mldeploy_sandbox.kubernetes.store import Document

TRUE = ("true", "1")


def answer_logs(document: Document, pod: Pod | None, query: Mapping[str, str]) -> Response:
    """Return what a container has printed.

    Raises:
        ApiError: there is no such container, or it has not run (400).
    """
    name = document["metadata"]["name"]
    names = [each["name"] for each in document["spec"]["containers"]]
    wanted = query.get("container", "")
    if not wanted and len(names) > 1:
        message = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
        raise bad_request(message)
    if wanted and wanted not in names:
        message = f"container {wanted} is not valid for pod {name}"
        raise bad_request(message)
    container = pod.container(wanted) if pod else None
    output = _output(container, wanted or names[0], name, previous=query.get("previous") in TRUE)
    timestamps = query.get("timestamps") in TRUE
    lines = output.follow() if query.get("follow") in TRUE else iter(_chosen(output.lines(), query))
    return Response(_sent(lines, timestamps=timestamps), content_type="text/plain")


def _output(container: Container | None, wanted: str, pod: str, *, previous: bool) -> Output:
    state = container.status.state if container else {"waiting": {"reason": "ContainerCreating"}}
    if previous:
        past = None
        if container is not None:
            past = container.output if container.status.restarts == 0 and _ended(container) else container.previous
        if past is None:
            message = f'previous terminated container "{wanted}" in pod "{pod}" not found'
            raise bad_request(message)
        return past
    never_ran = container is None or not container.status.container_id
    if never_ran or container is None:
        reason = state.get("waiting", {}).get("reason", "ContainerCreating")
        if reason in {"ErrImagePull", "ImagePullBackOff"}:
            message = f'container "{wanted}" in pod "{pod}" is waiting to start: trying and failing to pull image'
        else:
            message = f'container "{wanted}" in pod "{pod}" is waiting to start: {reason}'
        raise bad_request(message)
    return container.output


def _ended(container: Container) -> bool:
    return "terminated" in container.status.last_state


def _chosen(lines: list[Line], query: Mapping[str, str]) -> list[Line]:
    if query.get("sinceSeconds"):
        since = time.time() - float(query["sinceSeconds"])
        lines = [line for line in lines if line.time >= since]
    if query.get("tailLines"):
        count = int(query["tailLines"])
        lines = lines[-count:] if count else []
    return lines


def _sent(lines: Iterator[Line], *, timestamps: bool) -> Iterator[bytes]:
    for line in lines:
        yield line.shown(timestamps=timestamps)
