"""Put one command's parts together: release, plugins, context, drivers and records."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from mldeploy.errors import MldeployError, UsageError
from mldeploy.model import Step
from mldeploy.plugins import load_plugins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mldeploy.context import Context
    from mldeploy.deployment import Deployment
    from mldeploy.doors import StateStore
    from mldeploy.errors import Problem
    from mldeploy.events import Event
    from mldeploy.model import Release
    from mldeploy.plugins import Plugins
    from mldeploy.record import Record
    from mldeploy.state_files import FileStateStore

DEFAULT_KEEP = 3


class Session:
    """Everything that one command needs against one environment of one release.yaml.

    Arguments:
        load: imports plugins; another one than `load_plugins` may share them with other sessions.
        gateway: takes the place of `expose.gateway`, for a release that is behind another one elsewhere.
    """

    def __init__(
        self,
        file: Path,
        env: str,
        emit: Callable[[Event], None],
        load: Callable[[Iterable[str], Path], Plugins] = load_plugins,
        *,
        gateway: str = "",
    ) -> None:
        self._file = file
        self._env = env
        self._emit = emit
        self._gateway = gateway
        self._root = file.resolve().parent
        self._load = load
        self._plugins: Plugins
        self.warnings: tuple[Problem, ...] = ()

    def load(self) -> Release:
        """Load and validate release.yaml with the plugins that it names.

        Raises:
            ReleaseError, PluginError: it cannot be used.
        """
        from mldeploy.release import load_release  # noqa: PLC0415 - PyYAML loads only where a file is read

        return load_release(self._file, self._env, self._load_plugins, gateway=self._gateway)

    def describe(self, release: Release) -> tuple[Step, ...]:
        """Return the settled steps of a release; `warnings` then holds what is odd but allowed.

        Raises:
            ReleaseError: a rule of a plugin is broken, or the project lacks something.
        """
        from mldeploy.graph import settle  # noqa: PLC0415 - see `_latest`

        return settle(self._steps(release, complete=True))

    def check(self, release: Release) -> None:
        """Check a release without the project around it: what that lacks becomes a warning.

        Raises:
            ReleaseError: a rule of a plugin is broken.
        """
        self._steps(release, complete=False)

    def _steps(self, release: Release, *, complete: bool) -> list[Step]:
        from mldeploy.release import raise_for  # noqa: PLC0415

        found = self._plugins.describe(release, complete=complete)
        problems = [item for item in found if not isinstance(item, Step)]
        self.warnings = tuple(raise_for(problems, release, complete=complete))
        steps = [item for item in found if isinstance(item, Step)]
        if self._gateway and not any(step.provides == "api" for step in steps):
            message = f"--gateway: the plugin '{self._gateway}' is no gateway"
            raise UsageError(message, hint="name one that callers can be let in by, such as api-gateway")
        return steps

    @contextmanager
    def deployment(self, command: str, *, adopt: bool = False) -> Iterator[Deployment]:
        """Open the deployment that release.yaml describes; closed at the end of the block."""
        release = self.load()
        steps = self.describe(release)
        context = self._context(release.name, release.config, release.tags)
        with self._open(context) as store:
            yield self._bind(context, store, steps, command=command, adopt=adopt)

    @contextmanager
    def recorded(self, command: str) -> Iterator[Deployment]:
        """Open the deployment as it was recorded; release.yaml may be broken or gone, unless it says where records are.

        Raises:
            UsageError: nothing was recorded here.
        """
        release, problem = self._loaded()
        latest = self._latest(release)
        steps: tuple[Step, ...] = ()
        if latest is not None:
            self._load_plugins(latest.plugins, self._root)
            context = self._context(latest.name, latest.config, latest.tags)
        elif release is None:
            message = f"nothing is recorded for environment '{self._env}', and {problem}"
            raise UsageError(message, hint="run this where release.yaml is, or name it with --file")
        else:
            steps = self.describe(release)
            context = self._context(release.name, release.config, release.tags)
        with self._open(context) as store:
            yield self._bind(context, store, steps, command=command)

    def _loaded(self) -> tuple[Release | None, str]:
        """Return the release, or what is wrong with it."""
        try:
            return self.load(), ""
        except MldeployError as error:
            return None, error.message

    def _latest(self, release: Release | None) -> Record | None:
        """Return the newest record; without a release, of those that are files."""
        from mldeploy.history import History  # noqa: PLC0415 - `validate` needs no records

        if release is None:
            return History(self._state_files().records()).latest
        context = self._context(release.name, release.config, release.tags)
        try:
            return History(context.provider("state").records()).latest
        finally:
            context.close()

    def _state_files(self) -> FileStateStore:
        from mldeploy.state_files import FileStateStore  # noqa: PLC0415 - see `recorded`

        return FileStateStore(self._root / ".mldeploy" / "state" / self._env)

    def _load_plugins(self, names: Iterable[str], root: Path) -> Plugins:
        self._plugins = self._load(names, root)
        return self._plugins

    def _context(self, name: str, config: Any, tags: Any) -> Context:
        from mldeploy.context import Context  # noqa: PLC0415 - `validate` opens no door

        return Context(
            name=name,
            env=self._env,
            root=self._root,
            config=config,
            tags=tags,
            find_provider=self._find_provider,
            emit=self._emit,
        )

    def _find_provider(self, kind: str, context: Context) -> Any:
        handle = self._plugins.provider(kind, context)
        if handle is None and kind == "state":
            return self._state_files()
        return handle

    def _bind(
        self, context: Context, store: StateStore, steps: tuple[Step, ...], *, command: str, adopt: bool = False
    ) -> Deployment:
        from mldeploy.deployment import Deployment  # noqa: PLC0415 - see `recorded`

        for record in store.records():
            for name in record.plugins:
                self._plugins.add_installed(name)
        deployment = Deployment(
            context=context,
            store=store,
            drivers=self._plugins.drivers(context),
            steps=steps,
            plugins=[name for name in self._plugins.names if not name.endswith(".py")],
            keep=context.config.get("deployment", {}).get("keepReleases", DEFAULT_KEEP),
            command=command,
            adopt=adopt,
            protection=self._plugins.encryption,
            price=lambda found: self._plugins.costs(found, context.config.get("instance", {}).get("region", "")),
        )
        context.outputs = deployment.known_outputs
        return deployment

    @contextmanager
    def _open(self, context: Context) -> Iterator[StateStore]:
        with _interruptible(context):
            try:
                yield context.provider("state")
            finally:
                context.close()


@contextmanager
def _interruptible(context: Context) -> Iterator[None]:
    """Let the first Ctrl-C or TERM stop the run between steps; the second one stops at once."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if context.cancelled.is_set():
            raise KeyboardInterrupt
        context.cancelled.set()
        sys.stderr.write("stopping after the running steps; press Ctrl-C again to stop at once\n")

    earlier = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
