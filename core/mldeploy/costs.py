"""The lines of a monthly bill, and how two bills differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mldeploy.model import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One thing on the bill.

    - `item`: what it is, the same words whatever its size, so that two releases can be compared.
    - `basis`: how it is counted, with size and unit price, such as `2 x ml.m5.large, 730 h at $0.115`.
    - `dollars`: US dollars per month; None when nobody published the price.
    - `metered`: billed by use; `dollars` is then what it costs unused, and `basis` names the price of the use.
    - `estimated`: the price was derived from that of another region or type.
    - `day`: when the price was read, ISO 8601.
    """

    item: str
    basis: str
    dollars: float | None
    metered: bool = False
    estimated: bool = False
    day: str = ""


def difference(before: Sequence[CostLine] | None, after: Sequence[CostLine]) -> dict[str, JSON]:
    """Return US dollars per month: the sums `before`, `after` and `delta`, and the `lines` that they are made of.

    Arguments:
        before: None where nobody knows; the sum is None then.

    Lines whose price is not known, and what is billed by use, are not in the sums; `unknown` counts the former.
    """
    sums = _sum(before), _sum(after)
    was = {line.item: line for line in before or ()}
    will = {line.item: line for line in after}
    lines = [_row(item, was.get(item), will.get(item), known=before is not None) for item in {**was, **will}]
    return {
        "currency": "USD",
        "per": "month",
        "prices": min((line.day for line in (*was.values(), *will.values()) if line.day), default=""),
        "before": sums[0],
        "after": sums[1],
        "delta": None if sums[0] is None or sums[1] is None else round(sums[1] - sums[0], 2),
        "unknown": sum(line.dollars is None for line in after),
        "lines": lines,
    }


def _row(item: str, before: CostLine | None, after: CostLine | None, *, known: bool) -> dict[str, JSON]:
    line = after or before
    if line is None:
        raise KeyError(item)
    return {
        "item": item,
        "basis": line.basis,
        "before": _dollars(before) if known else None,
        "after": _dollars(after),
        "metered": line.metered,
        "estimated": line.estimated,
    }


def _dollars(line: CostLine | None) -> float | None:
    """Return what a line costs: nothing when it is not there, None when nobody knows."""
    if line is None:
        return 0.0
    return None if line.dollars is None else round(line.dollars, 2)


def _sum(lines: Sequence[CostLine] | None) -> float | None:
    return None if lines is None else round(sum(line.dollars or 0.0 for line in lines), 2)


def dollars_text(amount: float | None, line: Mapping[str, JSON]) -> str:
    """Return an amount of one line of the document: `~` marks an estimated price."""
    if amount is None:
        return "unknown"
    if line["metered"] and not amount:
        return "by use"
    return f"{'~' if line['estimated'] and amount else ''}${amount:,.2f}"


def cost_text(cost: Mapping[str, JSON]) -> str:
    """Return how the monthly cost changes, in words."""
    day = f", prices of {cost['prices']}" if cost["prices"] else ""
    gap = f" and {cost['unknown']} of unknown price" if cost["unknown"] else ""
    rest = f"{gap}{day}"
    if cost["delta"] is None:
        return f"monthly cost {cost['after']:,.2f} {cost['currency']}, before unknown{rest}"
    if cost["delta"] == 0:
        return f"monthly cost unchanged{rest if cost['after'] else ''}"
    return f"{cost['delta']:+,.2f} {cost['currency']} per {cost['per']}{rest}"
