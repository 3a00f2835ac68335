"""mldeploy: from a model folder to an authenticated endpoint; these are the names that plugin authors import.

They are loaded on first use, so that `mldeploy --version` stays as quick as Python itself.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mldeploy.context import Context
    from mldeploy.costs import CostLine
    from mldeploy.encryption import Encryption
    from mldeploy.errors import DeployError, MldeployError, Problem, RefusedError, VerifyError
    from mldeploy.hook_marker import hookimpl
    from mldeploy.limits import Hop
    from mldeploy.model import Driver, Observed, Phase, Ref, Release, Step, Task

__version__ = "0.1.0"

_HOMES = {
    "mldeploy.context": ("Context",),
    "mldeploy.costs": ("CostLine",),
    "mldeploy.encryption": ("Encryption",),
    "mldeploy.errors": ("DeployError", "MldeployError", "Problem", "RefusedError", "VerifyError"),
    "mldeploy.hook_marker": ("hookimpl",),
    "mldeploy.limits": ("Hop",),
    "mldeploy.model": ("Driver", "Observed", "Phase", "Ref", "Release", "Step", "Task"),
}
__all__ = [
    "Context",
    "CostLine",
    "DeployError",
    "Driver",
    "Encryption",
    "Hop",
    "MldeployError",
    "Observed",
    "Phase",
    "Problem",
    "Ref",
    "RefusedError",
    "Release",
    "Step",
    "Task",
    "VerifyError",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    message = f"module 'mldeploy' has no attribute '{name}'"
    raise AttributeError(message)
