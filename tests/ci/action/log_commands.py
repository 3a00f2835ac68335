"""What a runner takes out of a step's log: commands, masks and annotations.

Source: actions/runner, src/Runner.Common/ActionCommand.cs and src/Runner.Worker/ActionCommandManager.cs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SECOND_FORM = re.compile(r"^\s*::(?P<name>[^\s:]+)(?: (?P<properties>.*?))?::(?P<data>.*)$")
FIRST_FORM = re.compile(r"##\[(?P<name>[^\s\]]+)(?: (?P<properties>[^\]]*))?\](?P<data>.*)$")
ANNOTATIONS = ("error", "warning", "notice")
KNOWN = {*ANNOTATIONS, "add-mask", "debug", "echo", "endgroup", "group", "save-state", "set-output", "stop-commands"}
MOST_PER_KIND = 10
"""Annotations of a kind that GitHub shows for one step."""


@dataclass(frozen=True)
class Annotation:
    kind: str
    message: str
    properties: dict[str, str]


@dataclass
class LogReader:
    """Reads one step's log line by line."""

    lines: list[str] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    """What the old command `set-output` set: ours never does, and no text that we show may."""
    _token: str = ""

    def read(self, line: str) -> None:
        found = SECOND_FORM.match(line) or FIRST_FORM.search(line)
        if found is None or found["name"].lower() not in {*KNOWN, self._token.lower() or "stop-commands"}:
            self.show(line)
        elif self._token:
            self._token = "" if found["name"].lower() == self._token.lower() else self._token
            self.show(line)
        else:
            self.obey(found["name"].lower(), found["properties"] or "", unescaped(found["data"]), line)

    def obey(self, name: str, properties: str, data: str, line: str) -> None:
        pairs = dict(pair.split("=", 1) for pair in re.split("[,;]", properties) if "=" in pair)
        given = {key: unescaped(value) for key, value in pairs.items()}
        if name == "stop-commands":
            self._token = data
        elif name == "add-mask":
            self.masks.append(data)
        elif name in ANNOTATIONS:
            self.annotations.append(Annotation(name, data, given))
            self.show(f"{name}: {data}")
        elif name == "group":
            self.groups.append(data)
        elif name == "set-output":
            self.outputs[given["name"]] = data
        elif name != "endgroup":
            self.show(line)

    def show(self, line: str) -> None:
        for mask in self.masks:
            line = line.replace(mask, "***")
        self.lines.append(line)

    def shown_annotations(self, kind: str) -> list[Annotation]:
        return [found for found in self.annotations if found.kind == kind][:MOST_PER_KIND]


def unescaped(text: str) -> str:
    for escaped, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, plain)
    return text


def file_outputs(text: str) -> dict[str, str]:
    """Return what GITHUB_OUTPUT holds: `name=value`, or `name<<END`, lines, `END`."""
    found = {}
    lines = iter(text.split("\n"))
    for line in lines:
        equals, heredoc = line.find("="), line.find("<<")
        if heredoc >= 0 and (equals < 0 or heredoc < equals):
            name, _, end = line.partition("<<")
            assert "" not in (name, end), f"invalid line {line!r}"
            value = []
            for inner in lines:
                if inner == end:
                    break
                value.append(inner)
            else:
                raise AssertionError(f"no end {end!r} of {name}")
            found[name] = "\n".join(value)
        elif equals >= 0:
            found[line[:equals]] = line[equals + 1 :]
        else:
            assert not line, f"invalid line {line!r}"
    return found
