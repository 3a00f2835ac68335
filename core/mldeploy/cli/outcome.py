"""What a finished run tells: the release, the time of each phase, the address and how to call it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from mldeploy.errors import Problem
    from mldeploy.model import JSON
    from mldeploy.record import Record


def show_warnings(warnings: Iterable[Problem], output: str = "plain") -> None:
    """Write the warnings about release.yaml to stderr; as annotations to stdout for GitHub."""
    found = tuple(warnings)
    if not found:
        return
    from mldeploy.findings import render

    if output == "github":
        from mldeploy.formats.workflow_commands import annotation_lines, harmless

        click.echo(harmless(render(found, colour=False)))
        click.echo("\n".join(annotation_lines(found)))
    else:
        click.echo(render(found), err=True)


def show_outcome(record: Record, seconds: Mapping[str, float], output: str = "plain") -> None:
    """Write the result of a run or rollback to stdout; to stderr where a report is on stdout."""
    if output == "json":
        click.echo(json.dumps({"event": "result", **outcome_json(record, seconds)}))
    else:
        click.echo(_outcome_text(record, seconds), err=output == "junit")


def write_outcome(path: Path, record: Record, seconds: Mapping[str, float]) -> None:
    """Write the result of a run to a file, as JSON.

    Raises:
        UsageError: the file cannot be written.
    """
    from mldeploy.errors import UsageError

    try:
        path.write_text(json.dumps(outcome_json(record, seconds), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        message = f"the release is deployed, and its result cannot be written to {path}: {error.strerror}"
        raise UsageError(message, hint="name a file in a folder that exists and is writable") from error


def outcome_json(record: Record, seconds: Mapping[str, float]) -> dict[str, JSON]:
    """Return the result of a run or rollback as JSON data."""
    return {
        "release": record.release_id,
        "restores": f"r{record.restores}" if record.restores else None,
        "outcome": record.outcome,
        "name": record.name,
        "env": record.env,
        "url": _output(record, "api", "Url"),
        "endpoint": _output(record, "endpoint", "EndpointName"),
        "seconds": dict(seconds),
    }


def curl_line(record: Record, url: str) -> str:
    """Return a shell line that calls the service; the credentials come from `mldeploy creds`, not from the line."""
    requests = record.config.get("verify", {}).get("requests", [])
    body = requests[0].get("body") if requests else {"instances": []}
    data = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"mldeploy creds --env {record.env} | curl -sS -H @- -H 'content-type: application/json' -d {data} {url}"


def _outcome_text(record: Record, seconds: Mapping[str, float]) -> str:
    restored = f", as it was in r{record.restores}" if record.restores else ""
    lines = [f"{record.name} {record.release_id} in {record.env}: {record.outcome}{restored}"]
    if seconds:
        lines.append(f"phases: {'  '.join(f'{phase} {span:.1f} s' for phase, span in seconds.items())}")
    url = _output(record, "api", "Url")
    if url:
        lines += [f"url:    {url}", f"call:   {curl_line(record, url)}"]
    return "\n".join(lines)


def _output(record: Record, role: str, key: str) -> str | None:
    """Return an output of the step that fills a role; None when there is none."""
    value = next((record.outputs.get(step.id, {}).get(key) for step in record.steps if step.provides == role), None)
    return None if value is None else str(value)
