"""The command `mldeploy`: one file per command; errors become text and exit codes here and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mldeploy import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:  # answered before anything is imported
        sys.stdout.write(f"mldeploy {__version__}\n")
        return 0
    from mldeploy.cli.entry import run_command

    return run_command(arguments)
