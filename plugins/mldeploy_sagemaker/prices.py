"""What an instance costs per hour: a dated snapshot that is shipped, and newer prices that the user fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mldeploy.doors import PricedType
from mldeploy.errors import UsageError
from mldeploy_sagemaker.instance_types import catalogue

SHIPPED = Path(__file__).with_name("data") / "prices.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostingPrices:
    """Prices per region and type, in US dollars per instance hour; implements the door `prices`."""

    date: str
    listed: Mapping[str, Mapping[str, float]]
    estimated: Mapping[str, Mapping[str, float]]

    def instance_types(self, region: str) -> list[PricedType]:
        """Return every hosting type; a price that nobody published for the region is None."""
        listed, estimated = self.listed.get(region, {}), self.estimated.get(region, {})
        return [
            PricedType(
                name=kind.name,
                vcpus=kind.vcpus,
                memory_gib=kind.memory_gib,
                dollars_per_hour=listed.get(kind.name, estimated.get(kind.name)),
                estimated=kind.name not in listed and kind.name in estimated,
            )
            for kind in catalogue().values()
        ]


def user_snapshot() -> Path:
    """Return where `mldeploy prices refresh` keeps what it fetched."""
    return Path(click.get_app_dir("mldeploy")) / "prices.json"


def price_list(snapshot: Path | None = None) -> HostingPrices:
    """Return the shipped prices, with fetched regions in place of shipped ones.

    Raises:
        UsageError: the fetched file is damaged.
    """
    shipped = json.loads(SHIPPED.read_text("utf-8"))
    path = snapshot or user_snapshot()
    fetched: Mapping[str, Any] = read_snapshot(path) if path.is_file() else {"date": shipped["date"], "listed": {}}
    regions = fetched["listed"]
    return HostingPrices(
        date=fetched["date"],
        listed={**shipped["listed"], **regions},
        estimated={region: prices for region, prices in shipped["estimated"].items() if region not in regions},
    )


def read_snapshot(path: Path) -> Mapping[str, Any]:
    """Return `date` and `listed` of fetched prices.

    Raises:
        UsageError: the file is damaged.
    """
    try:
        fetched = json.loads(path.read_text("utf-8"))
        if isinstance(fetched["date"], str) and all(isinstance(v, dict) for v in fetched["listed"].values()):
            return {"date": fetched["date"], "listed": fetched["listed"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    message = f"the fetched prices in {path} cannot be read"
    raise UsageError(message, hint="delete the file, or run `mldeploy prices refresh` again")
