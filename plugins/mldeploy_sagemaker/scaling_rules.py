"""Rules of automatic scaling.

Source: SageMaker developer guide, "Auto scaling prerequisites" and "Autoscale an asynchronous endpoint".
"""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Problem, Release
from mldeploy_sagemaker.instance_types import instance_type

NEVER_ZERO = (
    "a real-time variant keeps at least one instance; only async endpoints can sleep "
    "(and inference components, which mldeploy does not make)"
)


def scaling_problems(release: Release) -> Iterator[Problem]:
    """Yield what is wrong with `autoscaling`."""
    scaling = release.value("autoscaling")
    if not scaling["enabled"]:
        if scaling["schedules"]:
            yield Problem(
                message="schedules have no effect while autoscaling.enabled is false",
                path=("autoscaling", "schedules"),
                hint="set autoscaling.enabled to true",
            )
        return
    name = release.value("instance.type")
    if not instance_type(name).autoscalable:
        yield Problem(
            message=f"{name} cannot scale automatically",
            path=("autoscaling", "enabled"),
            hint="take a larger family such as ml.m5.large, or set autoscaling.enabled to false",
        )
    yield from _bounds(release, scaling["minInstances"], scaling["maxInstances"])
    yield from _schedules(release)
    sleeps = release.value("endpoint.mode") == "async"
    if scaling["metric"] == "backlog" and not sleeps:
        hint = "use invocations or concurrency, or set endpoint.mode to async"
        message = f"a {release.value('endpoint.mode')} endpoint has no backlog"
        yield Problem(message=message, path=("autoscaling", "metric"), hint=hint)
    if scaling["scaleToZero"] and not sleeps:
        hint = "take scaleToZero out, or use endpoint.mode serverless or async"
        yield Problem(message=f"scaleToZero: {NEVER_ZERO}", path=("autoscaling", "scaleToZero"), hint=hint)
    elif scaling["scaleToZero"] and scaling["metric"] != "backlog":
        message = f"{scaling['metric']} per instance means nothing while there is no instance"
        yield Problem(message=message, path=("autoscaling", "metric"), hint="set it to backlog")


def _bounds(release: Release, least: int, most: int) -> Iterator[Problem]:
    count = release.value("instance.count")
    if least > most:
        yield Problem(
            message=f"minInstances {least} is more than maxInstances {most}",
            path=("autoscaling", "minInstances"),
            hint=f"set minInstances to at most {most}",
        )
    elif not least <= count <= most:
        yield Problem(
            message=f"instance.count {count} is not between minInstances {least} and maxInstances {most}",
            path=("instance", "count"),
            hint=f"set it to a number from {least} to {most}",
        )


def _schedules(release: Release) -> Iterator[Problem]:
    schedules = release.value("autoscaling.schedules")
    names = [schedule["name"] for schedule in schedules]
    for index, schedule in enumerate(schedules):
        path = ("autoscaling", "schedules", index)
        if names.index(schedule["name"]) != index:
            yield Problem(message=f"two schedules are called {schedule['name']}", path=path, hint="rename one")
        if schedule["minInstances"] > schedule["maxInstances"]:
            message = f"minInstances {schedule['minInstances']} is more than maxInstances {schedule['maxInstances']}"
            yield Problem(message=message, path=path, hint="swap them")
        if schedule["minInstances"] == 0 and release.value("endpoint.mode") != "async":
            yield Problem(message=f"minInstances 0: {NEVER_ZERO}", path=path, hint="set minInstances to 1 or more")
