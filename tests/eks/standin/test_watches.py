"""Watches: what happens to objects, in order, from any version on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.eks.standin.api_client import MERGE, ApiServer, config_map, unique

pytestmark = pytest.mark.req("Q7")


def labelled(name: str, **labels: str) -> dict[str, Any]:
    body = config_map(name, key="1")
    body["metadata"]["labels"] = labels
    return body


def first(events: Iterator[dict[str, Any]], count: int) -> list[tuple[str, str]]:
    found = [next(events) for _ in range(count)]
    return [(event["type"], event["object"]["metadata"]["name"]) for event in found]


def test_a_watch_tells_what_has_happened_since_a_version(server: ApiServer) -> None:
    group, name = unique("group"), unique("watched")
    path = server.path("configmaps")
    version = server.get(path).version
    server.post(path, labelled(name, group=group))
    server.patch(f"{path}/{name}", {"data": {"key": "2"}}, MERGE)
    server.delete(f"{path}/{name}")
    events = server.watch(path, resourceVersion=version, labelSelector=f"group={group}")
    assert first(events, 3) == [("ADDED", name), ("MODIFIED", name), ("DELETED", name)]


def test_a_watch_without_a_version_begins_with_what_exists(server: ApiServer) -> None:
    group, name = unique("group"), unique("existing")
    path = server.path("configmaps")
    server.post(path, labelled(name, group=group))
    events = server.watch(path, labelSelector=f"group={group}")
    assert first(events, 1) == [("ADDED", name)]
    server.delete(f"{path}/{name}")
    assert first(events, 1) == [("DELETED", name)]


def test_a_watch_waits_for_what_comes(server: ApiServer) -> None:
    group, name = unique("group"), unique("coming")
    path = server.path("configmaps")
    version = server.get(path).version
    seen: list[tuple[str, str]] = []

    def look() -> None:
        seen.extend(first(server.watch(path, resourceVersion=version, labelSelector=f"group={group}"), 1))

    watcher = threading.Thread(target=look)
    watcher.start()
    server.post(path, labelled(name, group=group))
    watcher.join(10)
    assert seen == [("ADDED", name)]


def test_what_comes_to_match_was_added_and_what_no_longer_does_was_deleted(server: ApiServer) -> None:
    group, name = unique("group"), unique("moving")
    path = server.path("configmaps")
    version = server.post(path, labelled(name)).version
    for value in (group, None):
        server.patch(f"{path}/{name}", {"metadata": {"labels": {"group": value}}}, MERGE)
    events = server.watch(path, resourceVersion=version, labelSelector=f"group={group}")
    assert first(events, 2) == [("ADDED", name), ("DELETED", name)]


def test_one_object_can_be_watched_by_its_name(server: ApiServer) -> None:
    names = [unique("named"), unique("named")]
    path = server.path("configmaps")
    version = server.get(path).version
    for name in names:
        server.post(path, config_map(name))
    events = server.watch(path, resourceVersion=version, fieldSelector=f"metadata.name={names[1]}")
    assert first(events, 1) == [("ADDED", names[1])]


def test_a_watch_ends_when_its_time_is_over_and_says_how_far_it_got(server: ApiServer) -> None:
    path = server.path("configmaps")
    version = server.get(path).version
    events = list(server.watch(path, resourceVersion=version, timeoutSeconds="1", allowWatchBookmarks="true"))
    assert {event["type"] for event in events} <= {"BOOKMARK", "ADDED", "MODIFIED", "DELETED"}
    bookmarks = [event["object"] for event in events if event["type"] == "BOOKMARK"]
    assert all(int(each["metadata"]["resourceVersion"]) >= int(version) for each in bookmarks)


def test_initial_events_end_with_a_bookmark(server: ApiServer) -> None:
    group, name = unique("group"), unique("initial")
    path = server.path("configmaps")
    server.post(path, labelled(name, group=group))
    events = server.watch(
        path,
        labelSelector=f"group={group}",
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
    )
    assert first(events, 1) == [("ADDED", name)]
    end = next(events)
    assert end["type"] == "BOOKMARK"
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_version_that_is_too_old_is_gone(server: ApiServer) -> None:
    """A real API server forgets after some minutes; version 1 is older than what any cluster began with."""
    events = list(server.watch(server.path("configmaps"), resourceVersion="1", timeoutSeconds="2"))
    if os.environ.get("KUBECONFIG") and (not events or events[0]["type"] != "ERROR"):
        pytest.skip("this API server is so young that it remembers everything")
    assert [event["type"] for event in events] == ["ERROR"]
    status = events[0]["object"]
    assert (status["code"], status["reason"]) == (410, "Expired")
    assert status["message"].startswith("too old resource version: 1")
