"""The door `logs`: CloudWatch Logs of every log group that the release made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mldeploy.doors import LogLine
from mldeploy_aws.driver import found_or_none
from mldeploy_aws.failures import translated

if TYPE_CHECKING:
    from mldeploy import Context

FOLLOW_SECONDS = 1.0


class CloudWatchLogs:
    """Reads the groups whose names end with the name of the release."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def _client(self) -> Any:
        return self._context.provider("aws").client("logs")

    def lines(self, *, since_seconds: float, follow: bool) -> Iterator[LogLine]:
        """Yield log lines by time; with `follow`, look again every second until the run is cancelled."""
        start = int((time.time() - since_seconds) * 1000)
        seen: set[str] = set()
        while True:
            with translated("reading logs"):
                fresh = [(g, e) for g in self._groups() for e in self._events(g, start) if e["eventId"] not in seen]
            for group, event in sorted(fresh, key=lambda pair: pair[1]["timestamp"]):
                seen.add(event["eventId"])
                yield _line(group, event)
            if not follow or self._context.cancelled.wait(FOLLOW_SECONDS):
                return

    def tail(self, group: str, count: int, *, since: float) -> list[str]:
        """Return the newest lines of what started after a time (seconds since 1970); none when nothing did.

        Each instance of an endpoint writes a log stream of its own; the old ones, which go on serving, would otherwise
        push the reason of a failure out of sight.
        """
        start = int(since * 1000)
        streams = self._streams_since(group, start)
        events = self._events(group, start) if streams else []
        return [event["message"].rstrip() for event in events if event["logStreamName"] in streams][-count:]

    def _streams_since(self, group: str, start: int) -> set[str]:
        newest = {"orderBy": "LastEventTime", "descending": True, "limit": 50}
        answer = found_or_none(
            lambda: self._client.describe_log_streams(logGroupName=group, **newest), "ResourceNotFoundException"
        )
        streams = answer["logStreams"] if answer else []
        return {stream["logStreamName"] for stream in streams if stream["creationTime"] >= start}

    def _groups(self) -> list[str]:
        wanted = f"{self._context.name}-{self._context.env}"
        pages = self._client.get_paginator("describe_log_groups").paginate()
        names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        return [name for name in names if name.rpartition("/")[2] in {wanted, f"{wanted}-cache", f"{wanted}-api"}]

    def _events(self, group: str, start: int) -> list[Any]:
        pages = self._client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start)
        answer = found_or_none(lambda: [e for page in pages for e in page["events"]], "ResourceNotFoundException")
        return sorted(answer or [], key=lambda event: event["timestamp"])


def _line(group: str, event: Any) -> LogLine:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    source = group.strip("/").split("/")
    return LogLine(
        time=moment.isoformat(timespec="milliseconds"),
        source="/".join(source[-2:]),
        text=event["message"].rstrip(),
    )
