"""docs/reference/container-contract.md: every rule of `mldeploy contract`, from the rules themselves."""

from __future__ import annotations

from collections.abc import Iterator

from generators.markdown import escaped, page, table

from mldeploy_contract.limits import MAX_BODY_BYTES, Limits
from mldeploy_contract.rule import Rule
from mldeploy_contract.rules import BOOKS

HEADER = ("rule", "what holds", "why", "when it does not", "source")


def container_contract_page() -> str:
    """Return the page."""
    return page("# Rules of the container contract", _introduction(), *_sections())


def _introduction() -> str:
    limits = Limits()
    return f"""\
[`mldeploy contract`](cli.md#mldeploy-contract) judges a service by these rules; [how to use
it](../how-to/check-a-container.md). The times are SageMaker's: {limits.ping:g} s for /ping,
{limits.connect * 1000:g} ms for a connection, {limits.invocation:g} s for a request of at most {MAX_BODY_BYTES:,}
bytes, {limits.stop:g} s between TERM and KILL, and {limits.startup:g} s for the start where nothing else is
configured. An id is never used for another rule."""


def _sections() -> Iterator[str]:
    for book in BOOKS:
        yield f"## {book.title}"
        yield table(HEADER, map(_row, book.rules))


def _row(rule: Rule) -> tuple[str, ...]:
    source = f"[{rule.source.partition('//')[2].partition('/')[0]}]({rule.source})"
    return (rule.id, escaped(rule.title), escaped(rule.reason), escaped(rule.fix), source)
