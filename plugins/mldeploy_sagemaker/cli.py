"""`mldeploy prices`: show what instances cost, and fetch today's prices from AWS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

OFFER = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/{region}/index.json"
"""AWS Price List bulk API, open to everyone (Billing user guide, "Getting price list files")."""
SECONDS = 60


@click.group()
def prices() -> None:
    """Show or refresh the prices that plans calculate with."""


@prices.command()
@click.option("--region", default="eu-central-1", show_default=True, help="The AWS region.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
def show(*, region: str, as_json: bool) -> None:
    """List the instance types of a region whose price is known, cheapest first."""
    import json  # noqa: PLC0415

    from mldeploy.doors import HOURS_PER_MONTH  # noqa: PLC0415 - `mldeploy --help` imports this file
    from mldeploy_sagemaker.prices import price_list  # noqa: PLC0415 - data is read only here

    known = price_list()
    rows = [row for row in known.instance_types(region) if row.dollars_per_hour is not None]
    rows.sort(key=lambda row: (row.dollars_per_hour, row.name))
    if as_json:
        found = [{"type": r.name, "dollarsPerHour": r.dollars_per_hour, "estimated": r.estimated} for r in rows]
        click.echo(json.dumps({"date": known.date, "region": region, "prices": found}, indent=2))
        return
    if not rows:
        click.echo(f"no prices are known for {region}; `mldeploy prices refresh --region {region}` fetches them")
    for row in rows:
        hourly = row.dollars_per_hour or 0
        mark = "~" if row.estimated else " "
        monthly = f"{mark}${hourly * HOURS_PER_MONTH:,.0f}"
        click.echo(
            f"{row.name:18} {row.vcpus:3} vCPU {row.memory_gib:6g} GiB  {mark}${hourly:.4f}/h {monthly:>9}/month"
        )
    click.echo(f"as of {known.date}; ~ is estimated from EC2's price", err=True)


@prices.command()
@click.option(
    "--region", "regions", multiple=True, default=("eu-central-1",), show_default=True, help="May be repeated."
)
def refresh(*, regions: tuple[str, ...]) -> None:
    """Fetch the prices of real-time hosting from the AWS price list; needs no AWS account."""
    from mldeploy_sagemaker.prices import user_snapshot  # noqa: PLC0415

    found = {region: hosting_prices(_download(region)) for region in regions}
    path = user_snapshot()
    save(found, path)
    for region, types in found.items():
        click.echo(f"{region}: {len(types)} instance types")
    click.echo(f"wrote {path}")


def hosting_prices(offer: Mapping[str, Any]) -> dict[str, float]:
    """Return instance type → US dollars per hour from an AWS price list document."""
    found = {}
    for sku, product in offer.get("products", {}).items():
        attributes = product.get("attributes", {})
        if product.get("productFamily") != "ML Instance" or attributes.get("component") != "Hosting":
            continue
        name, price = attributes.get("instanceName"), _on_demand(offer, sku)
        if name and price is not None:
            found[name] = price
    return dict(sorted(found.items()))


def save(regions: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Write prices to the user's snapshot whole or not at all; regions fetched earlier stay."""
    import json  # noqa: PLC0415

    from mldeploy.whole_file import write_whole  # noqa: PLC0415
    from mldeploy_sagemaker.prices import read_snapshot  # noqa: PLC0415

    listed = {**read_snapshot(path)["listed"], **regions} if path.is_file() else dict(regions)
    document = {"date": datetime.now(UTC).date().isoformat(), "source": OFFER, "listed": listed}
    write_whole(path, json.dumps(document, indent=2))


def _on_demand(offer: Mapping[str, Any], sku: str) -> float | None:
    for term in offer.get("terms", {}).get("OnDemand", {}).get(sku, {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            if dimension.get("unit") == "Hrs" and (price := float(dimension["pricePerUnit"].get("USD", 0))):
                return price
    return None


def _download(region: str) -> Mapping[str, Any]:
    import requests  # noqa: PLC0415 - heavy, and only this command needs it

    from mldeploy.errors import UsageError  # noqa: PLC0415

    try:
        response = requests.get(OFFER.format(region=region), timeout=SECONDS)
        response.raise_for_status()
        offer: Mapping[str, Any] = response.json()
    except (requests.RequestException, ValueError) as error:
        message = f"the AWS price list for {region} cannot be fetched: {type(error).__name__}"
        hint = "check the region's name and the network (HTTPS_PROXY); the shipped prices stay in use"
        raise UsageError(message, hint=hint, details=(str(error)[:200],)) from error
    return offer
