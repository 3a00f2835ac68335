"""What the runner tells an action about its job, and the files by which an action answers.

Source: docs.github.com, "Variables reference" and "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mldeploy.formats.markdown import size

LARGEST_SUMMARY = 900_000
"""Bytes; a step's summary may have 1 MiB, and a larger one is not shown at all."""
CUT = "\n\n… cut here: a job summary has an end; the log has the rest\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The job that runs the action; texts are empty outside of a runner."""

    temp: Path
    output: Path | None
    summary: Path | None
    event: Path | None
    api_url: str
    repository: str
    commit: str
    run_url: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Job:
        """Return the job that the runner's variables describe."""

        def path(name: str) -> Path | None:
            return Path(environment[name]) if environment.get(name) else None

        repository = environment.get("GITHUB_REPOSITORY", "")
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        return cls(
            temp=Path(environment.get("RUNNER_TEMP", ".")),
            output=path("GITHUB_OUTPUT"),
            summary=path("GITHUB_STEP_SUMMARY"),
            event=path("GITHUB_EVENT_PATH"),
            api_url=environment.get("GITHUB_API_URL", "https://api.github.com"),
            repository=repository,
            commit=environment.get("GITHUB_SHA", ""),
            run_url=f"{server}/{repository}/actions/runs/{environment.get('GITHUB_RUN_ID', '')}",
        )

    @property
    def pull_request(self) -> int | None:
        """The number of the pull request that the event is about."""
        if self.event is None or not self.event.is_file():
            return None
        event = json.loads(self.event.read_text(encoding="utf-8"))
        commented = event.get("issue", {})
        about = event.get("pull_request") or (commented if "pull_request" in commented else {})
        number = about.get("number")
        return number if isinstance(number, int) else None

    def set_outputs(self, values: Mapping[str, str]) -> None:
        """Hand values to the steps that follow; a value may have lines, and cannot end its own text."""
        if self.output is None:
            return
        with self.output.open("a", encoding="utf-8", newline="\n") as file:
            for name, value in values.items():
                delimiter = f"end-{secrets.token_hex(16)}"
                file.write(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")

    def add_summary(self, markdown: str) -> None:
        """Add a section to the job summary, cut where the summary would become too long."""
        if self.summary is None:
            return
        used = self.summary.stat().st_size if self.summary.exists() else 0
        room = LARGEST_SUMMARY - used
        with self.summary.open("a", encoding="utf-8", newline="\n") as file:
            if size(markdown) + 2 <= room:
                file.write(f"{markdown}\n\n")
            elif room > size(CUT):
                file.write(_head(markdown, room - size(CUT)) + CUT)


def _head(text: str, limit: int) -> str:
    """Return whole paragraphs from the beginning of a text, as many as fit into this many bytes."""
    kept = text.encode()[:limit].decode(errors="ignore")
    return kept.rpartition("\n\n")[0]
