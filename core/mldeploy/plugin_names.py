"""Which plugins a release file names: the name of an entry point is the word in the file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from mldeploy.errors import Problem
from mldeploy.overlay import ENVIRONMENTS, merged_values, overlay_of, values_with_defaults
from mldeploy.schema import base_schema
from mldeploy.suggestions import suggestion
from mldeploy.wording import dotted, quoted

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath

ALWAYS_PRESENT = ("cache", "verify")
"""Keys whose plugins have defaults, so that leaving the key out does not switch them off."""
NAMING = ("type", "expose", "plugins")
"""Keys of the core whose values name plugins."""


def plugin_names(document: Mapping[str, JSON], env: str, installed: Collection[str]) -> list[str]:
    """Return the names of the installed plugins that a release file names for one environment.

    These are its top-level keys (of every environment), the compute type, the gateway, what stands under `plugins`,
    and the environment itself. Whatever else the words may mean, only installed plugins are returned.
    """
    environments = document.get(ENVIRONMENTS)
    overlays = environments.values() if isinstance(environments, Mapping) else ()
    keys = [key for part in (document, *overlays) if isinstance(part, Mapping) for key in part]
    words = [*ALWAYS_PRESENT, *keys, *(word for _, word in _required(document, env)), env]
    return [word for word in dict.fromkeys(words) if word in installed]


def missing_plugins(document: Mapping[str, JSON], env: str, installed: Collection[str]) -> list[Problem]:
    """Return a problem for every plugin that the release needs and that is not installed."""
    return [_missing(path, word, env, installed) for path, word in _required(document, env) if word not in installed]


def _required(document: Mapping[str, JSON], env: str) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, word) of what must be an installed plugin."""
    base = base_schema()
    naming = {**base, "properties": {key: base["properties"][key] for key in NAMING}}
    config = values_with_defaults(merged_values(document, overlay_of(document, env)), naming, env)
    plugins, expose = config.get("plugins"), config.get("expose")
    found: list[tuple[KeyPath, JSON]] = [(("type",), config.get("type"))]
    if isinstance(expose, Mapping):
        found.append((("expose", "gateway"), expose.get("gateway")))
    if isinstance(plugins, list):
        found += [(("plugins", index), word) for index, word in enumerate(plugins)]
    return ((path, word) for path, word in found if isinstance(word, str))


def _missing(path: KeyPath, word: str, env: str, installed: Collection[str]) -> Problem:
    message = f"{dotted(path)}: no plugin {quoted(word)} is installed"
    near = suggestion(word, installed, listed="installed")
    hint = f"{near} Otherwise install the package that provides it" if near.endswith("?") else f"install it; {near}"
    if path == ("expose", "gateway"):
        hint = f"{hint}; `environments: {{{env}: {{expose: {{gateway: …}}}}}}` chooses another one"
    return Problem(message=message, path=path, hint=hint)
