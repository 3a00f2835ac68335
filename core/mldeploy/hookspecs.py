"""The ten hooks: everything a plugin can do, built-in or third party."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from mldeploy.context import Context
    from mldeploy.costs import CostLine
    from mldeploy.encryption import Encryption
    from mldeploy.errors import Problem
    from mldeploy.limits import Hop
    from mldeploy.model import JSON, Driver, Release, Step

hookspec = pluggy.HookspecMarker("mldeploy")


@hookspec
def mldeploy_schema() -> Mapping[str, JSON]:  # type: ignore[empty-body]
    """Describe the keys of release.yaml that this plugin owns.

    When: while release.yaml is loaded, before anything is validated.
    Returns: a JSON Schema object whose `properties` are merged into the schema of the release. Two loaded plugins
    that own the same key are an error, unless both give it the same schema. Annotations: `default`, `x-environments`
    (a default per environment), `x-prompt` (the question that `init` asks), `x-prompt-environments` (those that the
    answer is for).
    Repeats: every plugin may give one fragment.
    """


@hookspec
def mldeploy_limits(release: Release) -> Iterable[Hop]:  # type: ignore[empty-body]
    """Name the hops that this plugin puts into the request path, with the time and size each one allows.

    When: after validation, before the phase hooks.
    Arguments: the release, whose `chain` is still empty.
    Returns: hops; the core orders them and refuses budgets that no request can ever use.
    Repeats: collected from all plugins.
    """


@hookspec
def mldeploy_build(release: Release) -> Iterable[Step | Problem]:  # type: ignore[empty-body]
    """Describe what has to be built: environments, models, images.

    When: for validate, plan and run. Pure: no network, and the same input gives equal steps; reading project files
    is fine.
    Arguments: the validated release.
    Returns: steps of this phase, and problems for rules a schema cannot say.
    Repeats: collected from all plugins.
    """


@hookspec
def mldeploy_provision(release: Release) -> Iterable[Step | Problem]:  # type: ignore[empty-body]
    """Describe what serves predictions: models, endpoints, scaling, the cache in front.

    When, arguments, returns, repeats: as for `mldeploy_build`.
    """


@hookspec
def mldeploy_expose(release: Release) -> Iterable[Step | Problem]:  # type: ignore[empty-body]
    """Describe how callers get in: gateways, authorizers, keys, quotas.

    When, arguments, returns, repeats: as for `mldeploy_build`.
    """


@hookspec
def mldeploy_verify(release: Release) -> Iterable[Step | Problem]:  # type: ignore[empty-body]
    """Describe the checks that decide whether the release stays.

    When, arguments, returns, repeats: as for `mldeploy_build`. A check is a step whose driver is a `Task`.
    """


@hookspec
def mldeploy_costs(steps: Sequence[Step], region: str) -> Iterable[CostLine]:  # type: ignore[empty-body]
    """Price the steps of this plugin's kinds.

    When: for plan, once for what is wanted and once for what the last good record says. Pure, from dated snapshots.
    Arguments: all settled steps of a release, of other plugins too, and the region of release.yaml.
    Returns: lines; a price that nobody published is None and not a guess.
    Repeats: collected from all plugins.
    """


@hookspec
def mldeploy_encryption(steps: Sequence[Step]) -> Iterable[Encryption]:  # type: ignore[empty-body]
    """Tell how the data of this plugin's kinds is protected, for the reviewers of a plan.

    When: for plan. Pure.
    Arguments: all settled steps of a release, of other plugins too.
    Returns: rows; kinds that hold no data need none.
    Repeats: collected from all plugins.
    """


@hookspec
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:  # type: ignore[empty-body]
    """Give the drivers for the kinds of steps that this plugin describes.

    When: before steps are read or applied.
    Arguments: the context, the drivers' only way to the outside; clients are made lazily through it.
    Returns: kind → driver. Two drivers for one kind are an error.
    Repeats: collected from all plugins.
    """


@hookspec(firstresult=True)
def mldeploy_provider(kind: str, context: Context) -> Any | None:
    """Open the door to a world: `aws`, `state`, `caller`, `logs`, `prices`, `health`, `diagnosis` or one of your own.

    When: a driver or a command asks for `context.provider(kind)`, at most once per kind and run. When no loaded plugin
    answers, the plugin whose entry point is named like the kind is loaded and asked.
    Arguments: what is asked for, and the context.
    Returns: a handle, or None to let another plugin answer; the first result wins.
    """
