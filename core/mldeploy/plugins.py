"""Load the plugins that a release names, and call their hooks: one thin method per hook."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FunctionType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

import pluggy

from mldeploy import hookspecs
from mldeploy.entry_points import EntryPoint, declared
from mldeploy.errors import MldeployError, PluginError, Problem
from mldeploy.model import Later, Phase, Step
from mldeploy.schema import composed_schema

if TYPE_CHECKING:
    from mldeploy.context import Context
    from mldeploy.costs import CostLine
    from mldeploy.encryption import Encryption
    from mldeploy.limits import Hop
    from mldeploy.model import JSON, Driver, Release

GROUP = "mldeploy"
INLINE_PLUGIN = "mldeploy_plugin.py"
REQUIRES = "MLDEPLOY_REQUIRES"
"""A plugin module may set this to a tuple of the words of plugins that it needs."""
DISABLE_THIRD_PARTY = "MLDEPLOY_DISABLE_PLUGINS"


def installed() -> Mapping[str, EntryPoint]:
    """Return every installed plugin by the word that release.yaml uses for it; nothing is imported."""
    return declared(GROUP)


def load_plugins(names: Iterable[str], root: Path) -> Plugins:
    """Load the named plugins and, where it exists, `mldeploy_plugin.py` beside release.yaml.

    Raises:
        PluginError: a plugin is not installed, cannot be imported or has a misspelt hook.
    """
    plugins = Plugins()
    inline = root / INLINE_PLUGIN
    if inline.is_file():
        plugins.add(INLINE_PLUGIN, lambda: _import_file(inline))
    for name in dict.fromkeys(names):
        plugins.add_installed(name)
    return plugins


def sharing_loader() -> Callable[[Iterable[str], Path], Plugins]:
    """Return a `load_plugins` that loads equal sets once: for commands that read many releases and add no plugins."""
    loaded: dict[tuple[Path | None, tuple[str, ...]], Plugins] = {}

    def load(names: Iterable[str], root: Path) -> Plugins:
        wanted = (root if (root / INLINE_PLUGIN).is_file() else None, tuple(names))
        if wanted not in loaded:
            loaded[wanted] = load_plugins(wanted[1], root)
        return loaded[wanted]

    return load


class _Manager(pluggy.PluginManager):
    """Looks for hooks among the functions of a module only: pluggy's own look at everything else takes far longer."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> pluggy.HookimplOpts | None:
        """Return the options of a hook, None for what is none."""
        return super().parse_hookimpl_opts(plugin, name) if _is_function(plugin, name) else None

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> pluggy.HookspecOpts | None:
        """Return the options of the specification of a hook, None for what is none."""
        return super().parse_hookspec_opts(module_or_class, name) if _is_function(module_or_class, name) else None


class Plugins:
    """The loaded plugins of one run."""

    def __init__(self) -> None:
        self._manager = _Manager("mldeploy")
        self._manager.add_hookspecs(hookspecs)
        self._schemas: dict[bool, Mapping[str, JSON]] = {}

    @property
    def names(self) -> list[str]:
        """The words of the loaded plugins, in loading order."""
        return [name for name, _ in self._manager.list_name_plugin()]

    def add_installed(self, name: str) -> None:
        """Load an installed plugin unless it is loaded already."""
        if self._manager.has_plugin(name):
            return
        entry_point = installed().get(name)
        if entry_point is None:
            message = f"plugin '{name}' is not installed"
            raise PluginError(message, hint=f"installed: {', '.join(sorted(installed()))}")
        if entry_point.distribution != "mldeploy" and os.environ.get(DISABLE_THIRD_PARTY):
            message = f"plugin '{name}' of {entry_point.distribution} is switched off by {DISABLE_THIRD_PARTY}"
            raise PluginError(message, hint=f"unset {DISABLE_THIRD_PARTY}, or take the plugin out of release.yaml")
        self.add(name, entry_point.load)

    def add(self, name: str, load: Callable[[], ModuleType]) -> None:
        """Import and register one plugin under a name."""
        try:
            module = load()
        except (Exception, SystemExit) as error:
            message = f"plugin '{name}' cannot be imported: {type(error).__name__}: {error}"
            hint = "reinstall or remove it; `mldeploy plugins` shows where it is from"
            raise PluginError(message, hint=hint) from error
        try:
            self._schemas.clear()
            self._manager.register(module, name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            message = f"plugin '{name}' does not fit: {error}"
            raise PluginError(message, hint="the hooks are listed in docs/reference/hooks.md") from error
        for required in getattr(module, REQUIRES, ()):
            self.add_installed(required)

    def schema_fragments(self) -> list[tuple[str, Mapping[str, JSON]]]:
        """Return (plugin name, JSON Schema fragment) of every plugin that owns keys."""
        found = []
        for name, module in self._manager.list_name_plugin():
            if hasattr(module, "mldeploy_schema"):
                with self._blame():
                    found.append((name, module.mldeploy_schema()))
        return found

    def schema(self, *, closed: bool = True) -> Mapping[str, JSON]:
        """Return the schema of release.yaml with the keys of these plugins; composed once, do not change it.

        Arguments:
            closed: see `composed_schema`.

        Raises:
            PluginError: two plugins own the same key, and do not mean the same by it.
        """
        if closed not in self._schemas:
            self._schemas[closed] = composed_schema(self.schema_fragments(), closed=closed)
        return self._schemas[closed]

    def limits(self, release: Release) -> list[Hop]:
        """Return the hops of the request path."""
        with self._blame():
            return [hop for hops in self._manager.hook.mldeploy_limits(release=release) for hop in hops]

    def describe(self, release: Release, *, complete: bool = True) -> list[Step | Problem]:
        """Return what all phase hooks yield, phase by phase.

        Arguments:
            complete: find the values that come later, too (see `Later`).
        """
        found: list[Step | Problem] = []
        with self._blame():
            for phase in Phase:
                hook = getattr(self._manager.hook, f"mldeploy_{phase.value}")
                for items in reversed(hook(release=release)):
                    found.extend(self._described(items, hook))
            return [completed(item) if complete and isinstance(item, Step) else item for item in found]

    def costs(self, steps: Sequence[Step], region: str) -> list[CostLine]:
        """Return the lines of the monthly bill for the steps of a release."""
        with self._blame():
            found = self._manager.hook.mldeploy_costs(steps=steps, region=region)
        return [line for lines in reversed(found) for line in lines]

    def encryption(self, steps: Sequence[Step]) -> list[Encryption]:
        """Return how the data of the steps is protected."""
        with self._blame():
            found = self._manager.hook.mldeploy_encryption(steps=steps)
        return [row for rows in reversed(found) for row in rows]

    def drivers(self, context: Context) -> dict[str, Driver]:
        """Return kind → driver of all plugins.

        Raises:
            PluginError: two plugins drive one kind.
        """
        found: dict[str, Driver] = {}
        with self._blame():
            for drivers in self._manager.hook.mldeploy_drivers(context=context):
                for kind, driver in drivers.items():
                    if kind in found:
                        homes = f"{type(found[kind]).__module__} and {type(driver).__module__}"
                        message = f"two plugins drive {kind}: {homes}"
                        raise PluginError(message, hint="take one of them out of release.yaml")
                    found[kind] = driver
        return found

    def provider(self, kind: str, context: Context) -> Any:
        """Return the handle of a world, loading the plugin named like it when no loaded one answers."""
        with self._blame():
            handle = self._manager.hook.mldeploy_provider(kind=kind, context=context)
        if handle is None and kind in installed() and not self._manager.has_plugin(kind):
            self.add_installed(kind)
            return self.provider(kind, context)
        return handle

    @staticmethod
    def _described(items: Any, hook: pluggy.HookCaller) -> list[Step | Problem]:
        """Return the items of one hook call as a list.

        Raises:
            PluginError: they are no steps or problems.
        """
        found = list(items) if isinstance(items, Iterable) else [items]
        for item in found:
            if not isinstance(item, Step | Problem):
                names = " or ".join(f"'{implementation.plugin_name}'" for implementation in hook.get_hookimpls())
                message = f"{hook.name} of plugin {names} gives a {type(item).__name__}"
                raise PluginError(message, hint="a phase hook gives an iterable of Step and Problem")
        return found

    @contextmanager
    def _blame(self) -> Iterator[None]:
        """Turn an unexpected exception inside a plugin into one that names the plugin."""
        try:
            yield
        except MldeployError:
            raise
        except (Exception, SystemExit) as error:
            name = self._raised_by(error.__traceback__)
            if name is None:
                raise
            message = f"plugin '{name}' failed: {type(error).__name__}: {error}"
            raise PluginError(message, hint="run again with --debug for the traceback") from error

    def _raised_by(self, traceback: TracebackType | None) -> str | None:
        by_module = {getattr(module, "__name__", name): name for name, module in self._manager.list_name_plugin()}
        found = None
        while traceback is not None:
            module = traceback.tb_frame.f_globals.get("__name__", "")
            found = by_module.get(module) or by_module.get(module.partition(".")[0]) or found
            traceback = traceback.tb_next
        return found


def completed(step: Step) -> Step:
    """Return a step with every value in its spec that comes later (see `Later`)."""
    return replace(step, spec=_found(step.spec))


def _found(value: JSON) -> JSON:
    if isinstance(value, Later):
        return value.find()
    if isinstance(value, Mapping):
        return {key: _found(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_found(item) for item in value]
    return value


def _is_function(module: Any, name: str) -> bool:
    return isinstance(vars(module).get(name), FunctionType)


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("mldeploy_plugin", path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module
