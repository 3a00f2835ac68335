"""The command `mldeploy`: one file per command; errors become text and exit codes here and nowhere else."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from mldeploy import __version__

ALLOCATIONS = 50_000
"""How many objects come before the collector looks for garbage: what imports make stays, and searching it again every
700 objects takes a sixth of the time of a short command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:  # answered before anything is imported
        sys.stdout.write(f"mldeploy {__version__}\n")
        return 0
    gc.set_threshold(ALLOCATIONS)
    from mldeploy.cli.entry import run_command

    return run_command(arguments)
