"""The reference page of an orb: commands, jobs, executors and examples, as they are defined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import yaml

from mldeploy_ci.definitions import Definition, Definitions, definitions_of, mapping

if TYPE_CHECKING:
    from mldeploy.model import JSON

NOTICE = "<!-- Written by `mldeploy ci reference`: change the orb, not this page. -->"
HEADINGS = {"job": "Jobs", "command": "Commands", "executor": "Executors"}


def reference_page(orb: JSON) -> str:
    """Return the page in Markdown."""
    data = mapping(orb)
    parts = [NOTICE, "# Orb", _text(data), *_definitions(definitions_of(data)), *_examples(data)]
    return "\n\n".join(parts) + "\n"


def _definitions(definitions: Definitions) -> Iterator[str]:
    for kind, heading in HEADINGS.items():
        found = [definition for definition in definitions.all() if definition.kind == kind]
        if found:
            yield f"## {heading}"
        for definition in sorted(found, key=lambda definition: definition.name):
            yield f"### {kind} `{definition.name}`"
            yield _text(definition.body)
            if definition.parameters:
                yield _table(definition)


def _table(definition: Definition) -> str:
    rows = ["| parameter | type | default | what it does |", "|---|---|---|---|"]
    declared = mapping(definition.body["parameters"])
    for name, parameter in sorted(definition.parameters.items(), key=lambda item: (not item[1].required, item[0])):
        kind = " \\| ".join(map(str, parameter.choices)) if parameter.type == "enum" else parameter.type
        default = "required" if parameter.required else f"`{_flow(parameter.default)}`"
        text = _text(mapping(declared[name])).replace("|", "\\|")
        rows.append(f"| `{name}` | {kind} | {default} | {text} |")
    return "\n".join(rows)


def _examples(orb: Mapping[str, JSON]) -> Iterator[str]:
    examples = mapping(orb.get("examples"))
    if examples:
        yield "## Examples"
    for name, example in examples.items():
        yield f"### example `{name}`"
        yield _text(mapping(example))
        usage = yaml.safe_dump(mapping(example).get("usage"), sort_keys=False, width=100)
        yield f"```yaml\n{usage}```"


def _text(described: Mapping[str, JSON]) -> str:
    return " ".join(str(described.get("description", "")).split())


def _flow(value: JSON) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=1_000_000).removesuffix("...\n").strip()
