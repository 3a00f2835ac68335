"""Lay one environment's values over a release file, fill in defaults, and remember where every value came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mldeploy.schema import resolved
from mldeploy.yaml.positions import Document, KeyPath

if TYPE_CHECKING:
    from mldeploy.errors import Position
    from mldeploy.model import JSON

ENVIRONMENTS = "environments"
GATEWAY: KeyPath = ("expose", "gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A release file as one environment sees it.

    - `positions`, `keys`: as in `Document`, pointing into the overlay for what came from there.
    - `origins`: path of a value → `release.yaml:4:9`, `environments.dev release.yaml:20:7`, `default` or
      `default for environment dev`.
    """

    value: dict[str, JSON]
    positions: Mapping[KeyPath, Position]
    keys: Mapping[KeyPath, Position]
    origins: Mapping[KeyPath, str]


def overlay_of(document: Mapping[str, JSON], env: str) -> Mapping[str, JSON]:
    """Return what a release file says about one environment; empty when that is nothing."""
    environments = document.get(ENVIRONMENTS)
    overlay = environments.get(env) if isinstance(environments, Mapping) else None
    return overlay if isinstance(overlay, Mapping) else {}


def with_gateway(document: Document, env: str, gateway: str) -> Document:
    """Return a document in which one environment has the gateway that a command line names; none changes nothing."""
    if not gateway:
        return document
    overlay = {ENVIRONMENTS: {env: {"expose": {"gateway": gateway}}}}
    return replace(document, value=merged_values(document.value, overlay))


def merge(document: Document, env: str) -> Merged:
    """Lay the values of an environment over the rest: mappings are merged, lists and other values are replaced."""
    base = {key: value for key, value in document.value.items() if key != ENVIRONMENTS}
    overlay = overlay_of(document.value, env)
    prefix = (ENVIRONMENTS, env)

    def shown(places: Mapping[KeyPath, Position]) -> dict[KeyPath, Position]:
        return {path: at for path, at in places.items() if path[:1] != (ENVIRONMENTS,) and _shows(path, overlay)}

    def laid_over(places: Mapping[KeyPath, Position]) -> dict[KeyPath, Position]:
        return {path[2:]: at for path, at in places.items() if path[:2] == prefix and len(path) > 2}

    above, below = laid_over(document.positions), shown(document.positions)
    return Merged(
        value=merged_values(base, overlay),
        positions=above | below,
        keys=laid_over(document.keys) | shown(document.keys),
        origins={path: f"{'.'.join(prefix)} {at}" for path, at in above.items()}
        | {path: str(at) for path, at in below.items()},
    )


def merged_values(base: JSON, overlay: JSON) -> JSON:
    """Return JSON data with an overlay's values laid over it; neither is changed."""
    if not isinstance(base, Mapping) or not isinstance(overlay, Mapping):
        return overlay
    common = {key: merged_values(base[key], overlay[key]) for key in overlay if key in base}
    return {**base, **overlay, **common}


def with_defaults(merged: Merged, schema: Mapping[str, JSON], env: str) -> Merged:
    """Fill in every default of a schema that applies to this environment."""
    defaults = _Defaults(schema, env)
    value = defaults.fill(merged.value, schema, ())
    origins = {**merged.origins, **defaults.origins}
    return Merged(value=value, positions=merged.positions, keys=merged.keys, origins=origins)


def values_with_defaults(value: JSON, schema: Mapping[str, JSON], env: str) -> JSON:
    """Return JSON data with the defaults of a schema filled in."""
    return _Defaults(schema, env).fill(value, schema, ())


def _shows(path: KeyPath, overlay: JSON) -> bool:
    """Return whether a value of the file is still there under the overlay."""
    for key in path:
        if not isinstance(overlay, Mapping):
            return False
        if key not in overlay:
            return True
        overlay = overlay[key]
    return isinstance(overlay, Mapping)


class _Defaults:
    """Fills in the defaults of one schema for one environment; `origins` tells which."""

    def __init__(self, root: Mapping[str, JSON], env: str) -> None:
        self._root = root
        self._env = env
        self.origins: dict[KeyPath, str] = {}

    def fill(self, value: JSON, schema: Mapping[str, JSON], path: KeyPath) -> JSON:
        """Return a value with the defaults of its schema; a value of another type is returned as it is."""
        schema = resolved(schema, self._root)
        if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
            return [self.fill(item, schema["items"], (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        found = dict(value)
        for key, inner in schema.get("properties", {}).items():
            where = (*path, key)
            if key in found or self._give(found, key, inner, where):
                found[key] = self.fill(found[key], inner, where)
        return found

    def _give(self, found: dict[str, JSON], key: str, schema: Mapping[str, JSON], path: KeyPath) -> bool:
        """Set a missing key to its default and return whether there is one."""
        by_environment = schema.get("x-environments", {})
        if self._env in by_environment:
            found[key] = by_environment[self._env]
            self._mark(found[key], path, f"default for environment {self._env}")
        elif "default" in schema:
            found[key] = schema["default"]
            self._mark(found[key], path, "default")
        return key in found

    def _mark(self, value: JSON, path: KeyPath, origin: str) -> None:
        """Note where a default comes from, and with it everything that it holds."""
        self.origins[path] = origin
        held = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in held:
            self._mark(inner, (*path, key), origin)
