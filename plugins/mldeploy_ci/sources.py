"""The orb or config to look at: JSON data, the place of every key and value, and where texts were included from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy.errors import Problem, UsageError
from mldeploy.source_text import one_problem, read_text
from mldeploy.yaml.positions import Document, KeyPath
from mldeploy_ci.yaml_nodes import Composed, Node, compose

if TYPE_CHECKING:
    from mldeploy.errors import Position
    from mldeploy.model import JSON

MAX_NODES = 100_000
"""Keys and values after anchors are resolved; a packed orb of CircleCI's own has below 10,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One orb or config.

    - `included`: paths of the values that were taken from files by `<<include(file)>>`.
    - `unpacked`: it was read from a folder, so that `included` is known.
    """

    document: Document
    ambiguous: tuple[Problem, ...] = ()
    included: frozenset[KeyPath] = frozenset()
    unpacked: bool = False

    @property
    def value(self) -> JSON:
        """The data."""
        return self.document.value


def read_file(path: Path) -> Source:
    """Read one YAML file.

    Raises:
        ReleaseError: it is not YAML.
        UsageError: there is no such file.
    """
    composed = compose_file(path)
    return source_of(composed.root, str(path), ambiguous=composed.ambiguous)


def compose_file(path: Path) -> Composed:
    """Read one YAML file as nodes; errors as for `read_file`."""
    if not path.is_file():
        message = f"{path} does not exist"
        raise UsageError(message, hint="name an orb, a config, or the folder of an orb's sources")
    return compose(read_text(path), str(path))


def source_of(root: Node, file: str, *, ambiguous: tuple[Problem, ...] = (), unpacked: bool = False) -> Source:
    """Return the source that a node is the root of."""
    flattening = _Flattening({}, {}, set())
    value = flattening.value(root, ())
    document = Document(file=file, value=value, positions=flattening.positions, keys=flattening.keys)
    included = frozenset(flattening.included)
    return Source(document=document, ambiguous=ambiguous, included=included, unpacked=unpacked)


@dataclass(slots=True)
class _Flattening:
    positions: dict[KeyPath, Position]
    keys: dict[KeyPath, Position]
    included: set[KeyPath]

    def value(self, node: Node, path: KeyPath) -> JSON:
        if len(self.positions) > MAX_NODES:
            message = f"the file has more than {MAX_NODES} keys and values"
            raise one_problem(message, node.position, "let fewer anchors repeat")
        self.positions[path] = node.position
        if node.included:
            self.included.add(path)
        if isinstance(node.content, tuple):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.content)]
        if isinstance(node.content, Mapping):
            self.keys.update({(*path, key): entry.key for key, entry in node.content.items()})
            return {key: self.value(entry.node, (*path, key)) for key, entry in node.content.items()}
        return node.content
