"""The plugin author's kit for pytest: `PluginContract` to pass, and `Project` to drive the command line in a folder."""

from __future__ import annotations

from mldeploy.testing.contract import PluginContract
from mldeploy.testing.project import Outcome, Project

__all__ = ["Outcome", "PluginContract", "Project"]
