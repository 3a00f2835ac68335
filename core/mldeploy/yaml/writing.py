"""Write JSON data as YAML that means the same to readers of YAML 1.1 and 1.2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from mldeploy.yaml.scalars import plain_value

if TYPE_CHECKING:
    from mldeploy.model import JSON


LINE_BREAKS = re.compile("[\\x85\\u2028\\u2029]")
"""Line breaks of YAML 1.1 that 1.2 takes for text (YAML 1.2.2, section 5.4): only an escape means the same to both."""


class _Dumper(yaml.SafeDumper):
    """PyYAML quotes what YAML 1.1 would misread; this one also quotes what 1.2 would, and uses no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        """Return True: equal lists are written twice."""
        del data
        return True


def to_yaml(value: JSON) -> str:
    """Return JSON data as YAML, keys in their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _is_no_text(text) or LINE_BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_no_text(text: str) -> bool:
    try:
        return not isinstance(plain_value(text), str)
    except ValueError:
        return True


_Dumper.add_representer(str, _represent_text)
