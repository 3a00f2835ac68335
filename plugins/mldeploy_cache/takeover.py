"""How a new version of the function takes over, as data: its shares, its alarms, the requests that it has to answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus

from mldeploy import Phase, Problem, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.alarm_specs import alarm_spec
from mldeploy_cache.names import cache_name

ALL_AT_ONCE = "all-at-once"
ALIAS = "live"
PATH = ("cache", "deployment", "strategy")
MOST_REQUESTS = 3
"""How many of verify.requests a version has to answer before it gets any; the verify phase sends all."""


def takeover_settings(release: Release) -> dict[str, JSON]:
    """Return the settings of the alias; none where a version takes over all at once."""
    strategy, percent = (release.value(f"cache.deployment.{key}") for key in ("strategy", "stepPercent"))
    if strategy == ALL_AT_ONCE:
        return {}
    last = percent + 1 if strategy == "canary" else 100
    return {
        "Shares": [share / 100 for share in range(percent, last, percent)],
        "BakeSeconds": release.value("cache.deployment.bakeSeconds"),
        "Requests": list(_events(release)),
    }


def takeover_alarms(release: Release) -> Iterator[Step]:
    """Yield the alarms that we make for the alias.

    Its metrics have two dimensions (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html);
    Duration counts milliseconds (the same guide, "Types of metrics").
    """
    alarms = release.value("cache.deployment.alarms")
    if "errorsPerMinute" in alarms:
        metric = {"MetricName": "Errors", "Statistic": "Sum", "Threshold": float(alarms["errorsPerMinute"])}
        yield _alarm(release, "errors", metric)
    if "latencyP99Ms" in alarms:
        metric = {"MetricName": "Duration", "ExtendedStatistic": "p99", "Threshold": float(alarms["latencyP99Ms"])}
        yield _alarm(release, "latency", metric)


def takeover_problems(release: Release) -> Iterator[Problem]:
    """Yield what is wrong with the way in which a version takes over."""
    strategy, alarms = release.value("cache.deployment.strategy"), release.value("cache.deployment.alarms")
    if strategy != ALL_AT_ONCE and not ({"errorsPerMinute", "latencyP99Ms"} & alarms.keys() or alarms["names"]):
        yield Problem(
            message=f"{strategy}: without an alarm nothing would notice a bad version, and nothing would stop it",
            path=PATH,
            hint="set cache.deployment.alarms, for example {errorsPerMinute: 0, latencyP99Ms: 1000}",
        )


def _alarm(release: Release, what: str, metric: JSON) -> Step:
    name = cache_name(release.resource_name)
    spec = alarm_spec("AWS/Lambda", metric, {"FunctionName": name, "Resource": f"{name}:{ALIAS}"})
    return Step(kind="AWS::CloudWatch::Alarm", name=f"{name}-{what}", phase=Phase.PROVISION, spec=spec)


def _events(release: Release) -> Iterator[JSON]:
    """Yield the first requests that should be answered with 200, as the gateway hands them over, past the cache."""
    wanted = release.value("verify.requests") or []
    answered = [one for one in wanted if one.get("expect", {}).get("status", HTTPStatus.OK) == HTTPStatus.OK]
    for request in answered[:MOST_REQUESTS]:
        body = request["body"] if isinstance(request["body"], str) else json.dumps(request["body"])
        headers = {"content-type": request["contentType"], "cache-control": "no-store"}
        yield {"requestContext": {}, "headers": headers, "body": body, "isBase64Encoded": False}
