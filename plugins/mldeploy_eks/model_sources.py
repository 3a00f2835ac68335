"""Where the model comes from that lies in the image: the project itself, or a version from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Problem, Release, Step
from mldeploy_container.pinned_steps import (
    ELSEWHERE,
    MLFLOW,
    pinned_archive,
    registered_model,
    source_of,
    unpacked_archive,
    unpinned,
)
from mldeploy_container.pins import read_pin


def describe_model(release: Release) -> Iterator[Step | Problem]:
    """Yield what fetches a model from elsewhere to this machine; a model of the project is there already."""
    source = source_of(release)
    if not source.startswith(ELSEWHERE):
        return
    pin = read_pin(release.root, source)
    if pin is None:
        yield unpinned(release)
    elif source.startswith(MLFLOW):
        yield registered_model(release, pin)
    else:
        archive = pinned_archive(release, pin)
        yield from (archive, unpacked_archive(release, pin, archive))
