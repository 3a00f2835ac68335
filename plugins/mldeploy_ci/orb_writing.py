"""Write a packed orb as YAML: the same data gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import yaml

from mldeploy.yaml.scalars import plain_value

if TYPE_CHECKING:
    from mldeploy.model import JSON

NOTICE = "# Written by `mldeploy ci pack`: change the sources, not this file.\n"


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, writes texts of several lines as blocks, and uses no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        del indentless
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:
        """Return True: equal values are written twice."""
        del data
        return True


def orb_text(value: Mapping[str, JSON]) -> str:
    """Return a packed orb as YAML, with the keys below the top level sorted as CircleCI's packers sort them."""
    data = {key: _sorted(inner) for key, inner in value.items()}
    return NOTICE + yaml.dump(data, Dumper=_Dumper, sort_keys=False, indent=4, width=1_000_000, allow_unicode=True)


def _sorted(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if not _is_text_without_quotes(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_text_without_quotes(text: str) -> bool:
    """Return whether YAML 1.2 reads a plain scalar as this text; PyYAML looks after 1.1."""
    try:
        return isinstance(plain_value(text), str)
    except ValueError:
        return False


_Dumper.add_representer(str, _represent_text)
