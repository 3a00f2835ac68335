"""From which share of hits on a cache saves money; that it saves time needs no proof."""

from __future__ import annotations

from mldeploy import Problem, Release


def break_even_note(release: Release) -> Problem:
    """Return when the cache pays, as a note for `validate` and `plan`; the plan's costs say what it costs."""
    return Problem(
        message=_when_it_pays(release),
        path=("cache", "enabled"),
        hint="the header X-Cache and the function's log show your share of hits; `mldeploy plan` lists what it costs",
        severity="note",
    )


def _when_it_pays(release: Release) -> str:
    """Return from which share of hits on an instance can go.

    Real-time instances are billed by the hour and not by the call
    (https://aws.amazon.com/sagemaker/ai/pricing/), so hits alone save nothing.
    """
    scales = release.value("autoscaling.enabled")
    count = release.value("autoscaling.maxInstances" if scales else "instance.count")
    if not count:
        return "the cache saves what the predictions cost that it answers; an endpoint billed by the call needs no more"
    if count < 2:
        return "the cache saves time and no money: one instance stays one, however many hits there are"
    when = "at full load " if scales else ""
    share = f"{100 / count:.0f} %"
    return f"the cache saves money {when}from {share} hits on, where {count - 1} of {count} instances do the work"
