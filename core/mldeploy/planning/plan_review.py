"""Hold a run to the plan that was reviewed: the same changes, or what is left of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mldeploy.errors import RefusedError
from mldeploy.history import History
from mldeploy.model import JSON, Action
from mldeploy.planning.plan_file import plan_document

if TYPE_CHECKING:
    from mldeploy.deployment import Deployment
    from mldeploy.planning.planner import Plan

COMPARED = ("name", "env", "adopt")
MOST_SHOWN = 20


def only_reviewed(deployment: Deployment, reviewed: Mapping[str, JSON]) -> Callable[[Plan], None]:
    """Return a function that lets a plan pass when it is the reviewed one.

    A run of these very steps that was begun before, in another phase or until something failed, may be finished: what
    is left of the reviewed plan is no other plan. Nothing that was not reviewed passes.

    Raises (the function):
        RefusedError: the plan is another one; the details name the differences.
    """

    def check(plan: Plan) -> None:
        now = plan_document(plan, deployment)
        if now["digest"] == reviewed["digest"]:
            return
        begun = History(deployment.store.records()).continued(deployment.steps) is not None
        if begun and is_rest_of(now, reviewed):
            return
        found = differences(reviewed, now)
        shown = [*found[:MOST_SHOWN], *([f"and {len(found) - MOST_SHOWN} more"] if len(found) > MOST_SHOWN else [])]
        message = "what would be done now is not what was reviewed; nothing was changed"
        raise RefusedError(message, hint=_try(now["env"]), details=tuple(shown))

    return check


def only_digest(deployment: Deployment, digest: str) -> Callable[[Plan], None]:
    """Return a function that lets a plan pass when it has this digest.

    Raises (the function):
        RefusedError: the plan is another one.
    """

    def check(plan: Plan) -> None:
        now = plan_document(plan, deployment)
        if now["digest"] != digest:
            message = f"the plan has the digest {now['digest']}, not {digest}; nothing was changed"
            raise RefusedError(message, hint=_try(now["env"]))

    return check


def differences(reviewed: Mapping[str, JSON], now: Mapping[str, JSON]) -> list[str]:
    """Return in words what is different between two plans."""
    found = [f"{key}: {reviewed[key]} was reviewed, now {now[key]}" for key in COMPARED if reviewed[key] != now[key]]
    if reviewed["release"] != now["release"]:
        found.append("release.yaml has other values")
    before, after = _wanted(reviewed), _wanted(now)
    found += [f"{step}: no longer described" for step in before if step not in after]
    found += [f"{step}: was not described" for step in after if step not in before]
    found += [f"{step}: described differently" for step in before if after.get(step, before[step]) != before[step]]
    planned, needed = _changes(reviewed), _changes(now)
    for step in dict.fromkeys((*planned, *needed)):
        if planned.get(step) != needed.get(step):
            found.append(f"{step}: reviewed {_in_words(planned.get(step))}, now {_in_words(needed.get(step))}")
    return found


def is_rest_of(now: Mapping[str, JSON], reviewed: Mapping[str, JSON]) -> bool:
    """Return whether a plan does nothing but what is left of a reviewed one.

    A value that the review saw as "known after" another step is known by then.
    """
    same = all(now[key] == reviewed[key] for key in COMPARED) and _wanted(now) == _wanted(reviewed)
    planned = _changes(reviewed)
    return same and all(_was_planned(change, planned.get(step)) for step, change in _changes(now).items())


def _was_planned(change: Sequence[str], planned: Sequence[str] | None) -> bool:
    return planned is not None and change[0] == planned[0] and (change[1] == planned[1] or "known after" in planned[1])


def _changes(document: Mapping[str, JSON]) -> dict[str, tuple[str, str]]:
    """Return step → action and reason of what a plan does; what it keeps is left out."""
    done = (change for change in document["changes"] if change["action"] != Action.KEEP.value)
    return {change["step"]: (change["action"], change["reason"]) for change in done}


def _wanted(document: Mapping[str, JSON]) -> dict[str, JSON]:
    return {step["id"]: step for step in document["steps"]}


def _in_words(change: Sequence[str] | None) -> str:
    action, reason = change or (Action.KEEP.value, "")
    return f"{action} ({reason})" if reason else action


def _try(env: str) -> str:
    return f"plan again with `mldeploy plan --env {env} --out FILE`, and have that plan reviewed"
