"""Runs the controllers of one cluster: each looks at everything it is about, whenever anything has changed.

Looking at everything again is what makes a controller right after any sequence of changes; with the few objects of a
sandbox it costs nothing (https://kubernetes.io/docs/concepts/architecture/controller/).
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from mldeploy_sandbox.kubernetes.controllers.access import SCHEDULER, Access
from mldeploy_sandbox.kubernetes.controllers.deployments import Deployments
from mldeploy_sandbox.kubernetes.controllers.garbage import Garbage
from mldeploy_sandbox.kubernetes.controllers.namespaces import Namespaces
from mldeploy_sandbox.kubernetes.controllers.replica_sets import ReplicaSets
from mldeploy_sandbox.kubernetes.controllers.reports import Reports
from mldeploy_sandbox.kubernetes.controllers.scheduler import Scheduler
from mldeploy_sandbox.kubernetes.controllers.services import Services
from mldeploy_sandbox.kubernetes.objects import Objects
from mldeploy_sandbox.kubernetes.status import ApiError

log = logging.getLogger(__name__)

RESYNC_SECONDS = 0.5
"""Something may have become due although nothing has changed."""


class Controller(Protocol):
    """One loop of the control plane."""

    def look(self) -> None:
        """Compare what is with what should be, and do something about it."""


class ControllerManager:
    """One thread that lets the controllers look in turn."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        access = Access(objects)
        self._controllers: tuple[Controller, ...] = (
            Namespaces(access),
            Deployments(access),
            ReplicaSets(access),
            Scheduler(Access(objects, SCHEDULER)),
            Services(access),
            Reports(access),
            Garbage(access),
        )
        self._thread = threading.Thread(target=self._run, name="kubernetes controllers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait until the controllers have stopped; the store must be closed."""
        self._thread.join()

    def _run(self) -> None:
        store = self._objects.store
        while not store.closed:
            seen = store.version
            for controller in self._controllers:
                self._look(controller)
            store.wait(seen, RESYNC_SECONDS)

    def _look(self, controller: Controller) -> None:
        try:
            controller.look()
        except ApiError as error:
            if error.code not in {404, 409}:  # somebody was quicker; it looks again at once
                log.warning("%s: %s", type(controller).__name__, error)
        except Exception:
            log.exception("%s failed", type(controller).__name__)
