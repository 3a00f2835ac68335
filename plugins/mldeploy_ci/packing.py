"""Pack the sources of an orb into one document.

CircleCI has two packers: the CLI 0.1 and its rewrite of 2026. Where their results differ, packing stops and says how to
write it so that they agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mldeploy.errors import Problem, ReleaseError, UsageError
from mldeploy.suggestions import suggestion
from mldeploy_ci.includes import resolve_includes
from mldeploy_ci.sources import Source, compose_file, read_file, source_of
from mldeploy_ci.yaml_nodes import Entry, Node, shape_error

ROOT_FILE = "@orb.yml"
TOP_LEVEL = ("version", "description", "display", "orbs", "commands", "executors", "jobs", "examples")
SECTIONS = ("commands", "executors", "jobs", "examples")
WITH_INCLUDES = ("commands", "executors", "jobs")
SUFFIXES = {".yml", ".yaml"}


def pack(folder: Path) -> Source:
    """Pack the folder that holds `@orb.yml`.

    Raises:
        ReleaseError: a file cannot be read, or the two packers would not agree on it.
        UsageError: it is not the folder of an orb's sources.
    """
    return _Packing(folder).source()


def read_source(path: Path) -> Source:
    """Read an orb or config from a file, or an orb from the folder of its sources; errors as for `pack`."""
    return pack(path) if path.is_dir() else read_file(path)


class _Packing:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ambiguous: list[Problem] = []

    def source(self) -> Source:
        if not (self._folder / ROOT_FILE).is_file():
            message = f"{self._folder} has no {ROOT_FILE}"
            raise UsageError(message, hint="name the folder of an orb's sources, such as orb/src")
        self._refuse_stray_files()
        root = self._file(self._folder / ROOT_FILE)
        entries = dict(root.content) if isinstance(root.content, Mapping) else {}
        for path in _yaml_files(self._folder):
            entries.update(self._entries(path) if path.name != ROOT_FILE else {})
        self._refuse_unknown_keys(entries)
        for section in SECTIONS:
            entries.update(self._section(section, entries.get(section)))
        if self._ambiguous:
            message = f"{self._folder} cannot be packed"
            raise ReleaseError(message, problems=tuple(replace(found, severity="error") for found in self._ambiguous))
        ordered = {key: entries[key] for key in TOP_LEVEL if key in entries}
        return source_of(replace(root, content=ordered), str(self._folder / ROOT_FILE), unpacked=True)

    def _section(self, name: str, inline: Entry | None) -> Mapping[str, Entry]:
        """Return a section of the root file merged with the files of its folder; nothing when there is neither."""
        inner = inline.node.content if inline is not None else None
        entries = dict(inner) if isinstance(inner, Mapping) else {}
        first: Entry | None = inline
        for path in _yaml_files(self._folder / name):
            node = self._file(path)
            entry = Entry(key=node.position, node=node)
            entries.update(self._entries(path) if path.name.startswith("@") else {path.stem: entry})
            first = first or entry
        if first is None or not entries:
            return {}
        node = Node(content=entries, position=first.key)
        return {
            name: Entry(key=first.key, node=resolve_includes(node, self._folder) if name in WITH_INCLUDES else node)
        }

    def _file(self, path: Path) -> Node:
        """Read a file whose root is a mapping; an empty one is an empty mapping."""
        composed = compose_file(path)
        self._ambiguous += composed.ambiguous
        if composed.root.content is None:
            return replace(composed.root, content={})
        if not isinstance(composed.root.content, Mapping):
            raise shape_error(composed.root, "a file of an orb holds keys with values", "write `key: value`")
        return composed.root

    def _entries(self, path: Path) -> Mapping[str, Entry]:
        content = self._file(path).content
        return content if isinstance(content, Mapping) else {}

    def _refuse_unknown_keys(self, entries: Mapping[str, Entry]) -> None:
        for key in entries.keys() - set(TOP_LEVEL):
            hint = suggestion(key, TOP_LEVEL, listed="keys of an orb")
            node = replace(entries[key].node, position=entries[key].key)
            raise shape_error(node, f"'{key}' is no key of an orb; CircleCI's packer 0.1 drops it", hint)

    def _refuse_stray_files(self) -> None:
        """Refuse YAML files in places where one packer takes them and the other does not."""
        for path in sorted(self._folder.rglob("*")):
            parts = path.relative_to(self._folder).parts
            hidden = any(part.startswith(".") for part in parts)
            if hidden or path.suffix not in SUFFIXES or not path.is_file():
                continue
            if len(parts) > 2 or (len(parts) == 2 and parts[0] not in SECTIONS):
                message = f"{path} is packed by one generation of CircleCI's packer and lost by the other"
                hint = f"put YAML files directly into {', '.join(SECTIONS)}, or outside {self._folder}"
                raise UsageError(message, hint=hint)


def _yaml_files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files directly in a folder, by name; none when there is no such folder."""
    if folder.is_dir():
        found = (path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith("."))
        yield from sorted(path for path in found if path.is_file())
