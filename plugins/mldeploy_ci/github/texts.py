"""What the action tells people, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mldeploy.errors import ExitCode
from mldeploy.formats.markdown import code_span, table

if TYPE_CHECKING:
    from mldeploy.model import JSON
    from mldeploy_ci.github.job import Job


def marker(name: str, env: str) -> str:
    """Return the hidden line by which the comment of a service and environment is known."""
    return f"<!-- mldeploy:{name}:{env} -->"


def result_text(result: Mapping[str, JSON]) -> str:
    """Return what a finished run gives: release, address, time of each phase."""
    rows = [
        ("release", code_span(result["release"])),
        *([("address", code_span(result["url"]))] if result["url"] else []),
        *([("endpoint", code_span(result["endpoint"]))] if result["endpoint"] else []),
        *((phase, f"{seconds:.1f} s") for phase, seconds in result["seconds"].items()),
    ]
    title = f"### mldeploy: {code_span(result['name'])} in {code_span(result['env'])} is {result['outcome']}"
    return f"{title}\n\n{table(('', ''), rows)}"


def failure_text(env: str, exit_code: int) -> str:
    """Return what an exit code means."""
    known = {int(code): code.name.replace("_", " ").lower() for code in ExitCode}
    meaning = known.get(exit_code, "stopped")
    return f"### mldeploy: {code_span(env)} failed\n\nExit code {exit_code}: {meaning}. The log of the job says why."


def status_line(job: Job, *, applied: bool, exit_code: int) -> str:
    """Return what became of a plan, with the job and the commit it was made for."""
    done = "Applied" if applied else "Planned"
    verdict = done if exit_code == 0 else f"{done}, and **failed with exit code {exit_code}**"
    commit = f" for {code_span(job.commit[:12])}" if job.commit else ""
    return f"{verdict}{commit} in [this run]({job.run_url})"
