"""The door `logs` of a release on Kubernetes: the pods' output, and CloudWatch's for what stands before them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mldeploy.doors import LogLine
from mldeploy_aws.log_source import CloudWatchLogs
from mldeploy_eks.answers import translated
from mldeploy_eks.names import selector_text

if TYPE_CHECKING:
    from mldeploy import Context
    from mldeploy_eks.cluster import Cluster

FOLLOW_SECONDS = 1.0


class ClusterLogs:
    """Reads both sources."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def lines(self, *, since_seconds: float, follow: bool) -> Iterator[LogLine]:
        """Yield log lines by time; with `follow`, look again every second until the run is cancelled."""
        told: set[LogLine] = set()
        while True:
            found = [*self._of_pods(since_seconds), *self._of_aws(since_seconds)]
            for line in sorted(found, key=lambda line: line.time):
                if line not in told:
                    told.add(line)
                    yield line
            if not follow or self._context.cancelled.wait(FOLLOW_SECONDS):
                return

    def _of_aws(self, since_seconds: float) -> Iterator[LogLine]:
        yield from CloudWatchLogs(self._context).lines(since_seconds=since_seconds, follow=False)

    def _of_pods(self, since_seconds: float) -> Iterator[LogLine]:
        cluster: Cluster = self._context.provider("kubernetes")
        seconds = str(max(1, round(since_seconds)))
        with translated("to read the output of pods"):
            for pod in cluster.listed("Pod", labels=selector_text(self._context.name, self._context.env)):
                name = pod["metadata"]["name"]
                for line in cluster.log(name, timestamps="true", sinceSeconds=seconds).splitlines():
                    yield _line(name, line)


def _line(pod: str, line: str) -> LogLine:
    """Return a line that begins with its time, as RFC 3339 in UTC with nanoseconds."""
    time, _, text = line.partition(" ")
    moment = datetime.fromisoformat(time).astimezone(UTC)
    return LogLine(time=moment.isoformat(timespec="milliseconds"), source=f"pods/{pod}", text=text)
