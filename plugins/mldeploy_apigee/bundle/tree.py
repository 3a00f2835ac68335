"""XML as JSON data: `[tag, {attribute: value}, child…]`, whose children are texts, refs or further elements (JsonML).

A bundle is kept like this in specs, so that values which are known later can stand in it, and so that a value can never
become a node: only the serializer writes angle brackets.

Source: http://www.jsonml.org/syntax/
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from mldeploy.errors import DeployError
from mldeploy.model import JSON

UNWRITABLE = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to say, and carriage returns, which parsers turn into line feeds (section 2.11)."""


def element(tag: str, *children: JSON, **attributes: JSON) -> JSON:
    """Return an element; attributes are in the order given."""
    return [tag, attributes, *children]


def xml_bytes(tree: JSON) -> bytes:
    """Return a tree as an XML document in UTF-8; equal trees give equal bytes.

    Raises:
        DeployError: a value holds a character that XML has no way to say.
    """
    root = _node(tree)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _node(tree: JSON) -> ET.Element:
    tag, attributes, *children = tree
    node = ET.Element(tag, {name: _text(value) for name, value in attributes.items()})
    for child in children:
        if isinstance(child, list | tuple):
            node.append(_node(child))
        else:
            node.text = (node.text or "") + _text(child)
    return node


def _text(value: JSON) -> str:
    text = value if isinstance(value, str) else str(value)
    found = UNWRITABLE.search(text)
    if found is not None:
        message = f"a value of the proxy bundle holds the character {found.group()!r}, which XML has no way to say"
        raise DeployError(message, hint="take it out of release.yaml")
    return text
