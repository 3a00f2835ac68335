"""Resolve `<<include(file)>>`, by the rules on which both generations of CircleCI's packer agree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mldeploy.source_text import read_text
from mldeploy.suggestions import suggestion
from mldeploy_ci.yaml_nodes import Node, shape_error

INCLUDE = re.compile(r"<<\s?include\(([-\w/.]+)\)?\s?>>", re.ASCII)
INTERPOLATION = "<<"


def resolve_includes(node: Node, root: Path) -> Node:
    r"""Return a node in which every include is the text of the file, with `<<` escaped as `\<<`.

    Arguments:
        root: the folder of the orb's sources, which all paths are relative to.

    Raises:
        ReleaseError: the file is missing or outside the folder, or the include is only a part of a value.
    """
    content = node.content
    if isinstance(content, str):
        return _included(node, content, root)
    if isinstance(content, tuple):
        return replace(node, content=tuple(resolve_includes(item, root) for item in content))
    if isinstance(content, Mapping):
        resolved = {k: replace(entry, node=resolve_includes(entry.node, root)) for k, entry in content.items()}
        return replace(node, content=resolved)
    return node


def _included(node: Node, text: str, root: Path) -> Node:
    if INCLUDE.search(text) is None:
        return node
    whole = INCLUDE.fullmatch(text.strip())
    if whole is None:
        message = "an include is only a part of this value, which CircleCI's packer 0.1 refuses"
        raise shape_error(node, message, "let the value be `<<include(file)>>` and nothing else")
    path = root / whole.group(1)
    if not path.resolve().is_relative_to(root.resolve()):
        raise shape_error(node, f"{whole.group(1)} is outside {root}", "include files of the orb's own folder")
    if not path.is_file():
        known = [file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()]
        hint = suggestion(whole.group(1), known, listed="files here")
        raise shape_error(node, f"the included file {path} does not exist", hint)
    return replace(node, content=read_text(path).replace(INTERPOLATION, f"\\{INTERPOLATION}"), included=True)
