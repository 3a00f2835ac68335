"""Links between the pages of the repository lead somewhere."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from tests.documents.pages import CHECKOUT, Page, pages

ELSEWHERE = ("http://", "https://", "mailto:")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_relative_links_resolve(page: Page) -> None:
    assert [target for target in page.links() if not target.startswith(ELSEWHERE) and not resolves(page, target)] == []


def test_every_page_can_be_found_from_the_first_one() -> None:
    found, waiting = set(), [Page(CHECKOUT / "docs/README.md")]
    while waiting:
        page = waiting.pop()
        found.add(page.name)
        targets = [(page.path.parent / link.partition("#")[0]).resolve() for link in page.links() if "://" not in link]
        linked = {Page(path) for path in targets if path.suffix == ".md" and path.is_file()}
        waiting += [other for other in linked if other.name not in found]
    assert [page.name for page in pages() if page.name.startswith("docs/") and page.name not in found] == []


def resolves(page: Page, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = (page.path.parent / unquote(path)).resolve() if path else page.path
    if not found.exists() or not found.is_relative_to(CHECKOUT):
        return False
    return not anchor or anchor in Page(found).anchors()


def test_a_dead_link_and_a_dead_anchor_are_noticed() -> None:
    page = Page(CHECKOUT / "README.md")
    assert resolves(page, "CONTRIBUTING.md#contributing")
    assert not resolves(page, "CONTRIBUTING.md#nothing-of-this-name")
    assert not resolves(page, "docs/nothing.md")
