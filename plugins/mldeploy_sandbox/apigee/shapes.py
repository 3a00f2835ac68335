"""Which elements and attributes the stand-in understands: what it does not know, it does not deploy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree.ElementTree import Element


@dataclass(frozen=True, slots=True)
class Shape:
    """The attributes of an element, and its children by name."""

    attributes: frozenset[str]
    children: Mapping[str, Shape]

    def problems(self, element: Element, path: str = "") -> Iterator[str]:
        """Name every attribute and element that has no place here."""
        here = f"{path}/{element.tag}" if path else element.tag
        for name in element.attrib:
            if name not in self.attributes:
                yield f"the stand-in does not know the attribute {name} of {here}"
        for child in element:
            shape = self.children.get(child.tag)
            if shape is None:
                yield f"the stand-in does not know the element {here}/{child.tag}"
            else:
                yield from shape.problems(child, here)


def shape(attributes: str = "", **children: Shape) -> Shape:
    """Return a shape.

    Arguments:
        attributes: names with blanks between them.
        children: by element name.
    """
    return Shape(frozenset(attributes.split()), MappingProxyType(children))


TEXT = shape()
REFERENCE = shape("ref")
PROPERTIES = shape(Property=shape("name"))


def policy(attributes: str = "", **children: Shape) -> Shape:
    """Return the shape of a policy: what all of them have, and its own."""
    return shape(
        f"name async continueOnError enabled {attributes}", DisplayName=TEXT, Properties=PROPERTIES, **children
    )
