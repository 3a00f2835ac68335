"""Load release.yaml for one environment: parse, choose plugins, validate, overlay, fill in defaults, check limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from mldeploy.errors import Position, Problem, ReleaseError, UsageError
from mldeploy.fast_validation import UnsupportedKeywordError, fits
from mldeploy.limits import Chain
from mldeploy.model import ENVIRONMENT_TAG, NAME_TAG, Release
from mldeploy.overlay import ENVIRONMENTS, GATEWAY, merge, overlay_of, with_defaults, with_gateway
from mldeploy.plugin_names import missing_plugins, plugin_names
from mldeploy.plugins import INLINE_PLUGIN, installed
from mldeploy.secret_literals import find_secrets
from mldeploy.suggestions import suggestion
from mldeploy.wording import described, quoted
from mldeploy.yaml.positions import Document, KeyPath, read_document

if TYPE_CHECKING:
    from mldeploy.limits import Hop
    from mldeploy.model import JSON


ENVIRONMENT_NAMES = ("local", "dev", "qa", "staging", "prod")
"""Environments that every release has, whether or not its file says something about them."""


class LoadedPlugins(Protocol):
    """What the loader asks of plugins (`mldeploy.plugins.Plugins`)."""

    def schema(self, *, closed: bool = True) -> Mapping[str, JSON]:
        """Return the schema of release.yaml with the keys of these plugins."""

    def limits(self, release: Release) -> Sequence[Hop]:
        """Return the hops of the request path."""


PluginLoader = Callable[[Iterable[str], Path], LoadedPlugins]
"""(names, folder of release.yaml) → plugins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A release and where each of its values came from (`mldeploy.overlay.Merged.origins`)."""

    release: Release
    origins: Mapping[KeyPath, str]


def load_release(path: Path, env: str, load: PluginLoader, *, gateway: str = "") -> Release:
    """Load, validate and complete release.yaml for one environment.

    Arguments:
        env: `local`, `dev`, `qa`, `staging`, `prod` or an environment that the file declares.
        load: imports the plugins that the file names, usually `mldeploy.plugins.load_plugins`.
        gateway: the gateway plugin in the place of `expose.gateway`; none leaves what the file says.

    Raises:
        ReleaseError: the file cannot be used; it holds every problem that was found.
        UsageError: there is no such environment or gateway.
        PluginError: a plugin cannot be loaded, or two own the same key.
    """
    return resolve_release(path, env, load, gateway=gateway).release


def resolve_release(path: Path, env: str, load: PluginLoader, *, gateway: str = "") -> Resolved:
    """Do as `load_release` does, and tell where each value came from."""
    document = read_document(path)
    root = path.resolve().parent
    _check_is_mapping(document)
    _check_environment(document, env)
    known, is_inline = installed(), (root / INLINE_PLUGIN).is_file()
    if gateway and not is_inline:
        _check_gateway(gateway, known)
    asked = with_gateway(document, env, gateway)
    missing = missing_plugins(asked.value, env, known) if not is_inline else []
    plugins = load(plugin_names(asked.value, env, known), root)
    schema = plugins.schema(closed=not missing)
    problems = [*find_secrets(document.value), *missing, *_misfits(document.value, schema, document.keys)]
    _refuse(problems, document.positions)
    merged = with_defaults(merge(asked, env), schema, env)
    if overlay_of(asked.value, env):
        _refuse(_misfits(merged.value, schema, merged.keys), merged.positions)
    config = merged.value
    release = Release(
        name=config["name"],
        env=env,
        config=config,
        root=root,
        tags=_tags(config, env),
        chain=Chain(),
        positions=merged.positions,
    )
    chain = Chain.of(plugins.limits(release))
    expose = config["expose"]
    wishes = chain.problems(timeout_seconds=expose.get("timeoutSeconds"), max_body_bytes=expose.get("maxBodyBytes"))
    raise_for(wishes, release)
    origins = {**merged.origins, GATEWAY: "--gateway"} if gateway else merged.origins
    return Resolved(release=replace(release, chain=chain), origins=origins)


def environments_of(document: Mapping[str, JSON]) -> list[str]:
    """Return the names of all environments that a release file has."""
    declared = document.get(ENVIRONMENTS)
    return list(dict.fromkeys((*ENVIRONMENT_NAMES, *(declared if isinstance(declared, Mapping) else ()))))


def raise_for(problems: Iterable[Problem], release: Release, *, complete: bool = True) -> list[Problem]:
    """Give problems their positions, and return the warnings.

    Arguments:
        complete: whether the project has to be complete, or what it lacks is a warning.

    Raises:
        ReleaseError: there are errors among them; it holds the warnings too.
    """
    lacking: Literal["error", "warning"] = "error" if complete else "warning"
    settled = [replace(p, severity=lacking) if p.severity == "incomplete" else p for p in problems]
    return _refuse(settled, release.positions)


def _refuse(problems: Iterable[Problem], positions: Mapping[KeyPath, Position]) -> list[Problem]:
    located = [replace(problem, position=problem.position or _nearest(problem.path, positions)) for problem in problems]
    errors = sum(problem.severity == "error" for problem in located)
    if errors:
        message = f"{positions[()].file} has {errors} error{'s' if errors > 1 else ''}"
        raise ReleaseError(message, problems=tuple(located))
    return located


def _nearest(path: KeyPath, positions: Mapping[KeyPath, Position]) -> Position:
    """Return the position of a value, or of the innermost one around it that is in the file."""
    return next(positions[path[:length]] for length in range(len(path), -1, -1) if path[:length] in positions)


def _misfits(value: JSON, schema: Mapping[str, JSON], keys: Mapping[KeyPath, Position]) -> list[Problem]:
    """Return what does not fit the schema; a good file never loads `jsonschema`."""
    try:
        if fits(value, schema, schema):
            return []
    except UnsupportedKeywordError:
        pass
    from mldeploy.schema_problems import find_problems  # noqa: PLC0415 - jsonschema takes longer than all the rest

    return find_problems(value, schema, keys)


def _check_is_mapping(document: Document) -> None:
    if isinstance(document.value, dict):
        return
    start = Position(file=document.file, line=1, column=1)
    if document.value is None:
        problem = Problem(message="the file is empty", hint="write `name: my-model`, or run `mldeploy init my-model`")
    else:
        looks_like_key = isinstance(document.value, str) and ":" in document.value
        hint = "put a space after the colon" if looks_like_key else "write `key: value` lines"
        problem = Problem(message=f"expected keys with values, found {described(document.value)}", hint=hint)
    _refuse([problem], {(): start, **document.positions})


def _check_environment(document: Document, env: str) -> None:
    names = environments_of(document.value)
    if env not in names:
        message = f"{document.file} has no environment {quoted(env)}"
        raise UsageError(message, hint=suggestion(env, names, listed="there are"))


def _check_gateway(gateway: str, known: Iterable[str]) -> None:
    if gateway not in known:
        message = f"--gateway: no plugin {quoted(gateway)} is installed"
        raise UsageError(message, hint=suggestion(gateway, known, listed="installed"))


def _tags(config: Mapping[str, JSON], env: str) -> dict[str, str]:
    """Return the tags of every resource: ours, by which it is found again, then the user's."""
    team = {"team": config["team"]} if "team" in config else {}
    return {NAME_TAG: config["name"], ENVIRONMENT_TAG: env, **team, **config["tags"]}
