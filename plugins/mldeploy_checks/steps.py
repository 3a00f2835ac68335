"""The checks as steps: requests first, everything else after them."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.model import JSON

ANY_BODY = {"body": {"instances": []}, "contentType": "application/json", "expect": {"status": None}}


def describe(release: Release) -> Iterator[Step | Problem]:
    """Yield a check per request, one of the credentials, two of the cache and one of the latency."""
    requests = list(release.value("verify.requests"))
    ready = release.value("verify.readySeconds")
    checks = [_request(release, number, request, ready) for number, request in enumerate(requests, start=1)]
    yield from checks
    first = requests[0] if requests else ANY_BODY
    after = checks[0].ref("Status") if checks else Ref("@api", "Url")
    if release.value("expose.auth.apiKey") or release.value("expose.auth.jwt"):
        yield _check(release, "AccessCheck", "access", {"Request": first, "After": after}, ready)
    if release.value("cache.enabled"):
        yield from _cache_checks(release, requests, after)
    limit = release.value("verify.latencyP95Ms")
    if requests and limit is not None:
        spec = {"Request": first, "LatencyP95Ms": limit, "After": after}
        yield _check(release, "LatencyCheck", "latency", spec, ready)


def _cache_checks(release: Release, requests: list[JSON], after: Ref) -> Iterator[Step | Problem]:
    """Yield the checks of the cache: that the model may be cached at all, and that it is."""
    answered = [request for request in requests if request.get("expect", {}).get("status", 200) == HTTPStatus.OK]
    if not answered:
        yield Problem(
            message="nothing proves that this model answers equal requests equally, and its answers will be cached",
            path=("cache", "enabled"),
            hint="name a request under verify.requests; it is then sent several times, and the answers are compared",
            severity="warning",
        )
        return
    ready = release.value("verify.readySeconds")
    repeats, tolerance = (release.value(f"verify.determinism.{key}") for key in ("repeats", "tolerance"))
    spec = {"Requests": answered, "Repeats": repeats, "Tolerance": tolerance, "After": after}
    proof = _check(release, "DeterminismCheck", "determinism", spec, ready)
    yield proof
    yield _check(release, "CacheCheck", "cache", {"Request": answered[0], "After": proof.ref("Compared")}, ready)


def _request(release: Release, number: int, request: JSON, ready: JSON) -> Step:
    spec = {"Request": request, "Url": Ref("@api", "Url")}
    return _check(release, "RequestCheck", f"request-{number}", spec, ready)


def _check(release: Release, kind: str, name: str, spec: JSON, ready: JSON) -> Step:
    return Step(
        kind=f"mldeploy::{kind}",
        name=f"{release.resource_name}-{name}",
        phase=Phase.VERIFY,
        spec=spec,
        settings={"ReadySeconds": ready},
    )
