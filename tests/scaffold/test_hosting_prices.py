"""The catalogue of hosting types and the price snapshot of the plugin `sagemaker`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import botocore.session
import pytest
from click.testing import CliRunner

from mldeploy.cli.entry import run_command
from mldeploy.errors import UsageError
from mldeploy_sagemaker.cli import hosting_prices, prices, save
from mldeploy_sagemaker.instance_types import catalogue, instance_type
from mldeploy_sagemaker.prices import SHIPPED, price_list


def test_the_catalogue_holds_every_type_of_the_service_model_and_no_other():
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert list(catalogue()) == list(model.shape_for("ProductionVariantInstanceType").enum)


def test_types_know_their_size_and_storage():
    kind = instance_type("ml.g4dn.xlarge")
    assert (kind.vcpus, kind.memory_gib, kind.local_storage, kind.autoscalable) == (4, 16, True, True)


def test_the_snapshot_is_dated_and_names_its_sources():
    shipped = json.loads(SHIPPED.read_text())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", shipped["date"])
    assert shipped["sources"]["listed"]
    assert shipped["sources"]["estimated"]


def test_prices_are_for_types_that_exist_and_listed_ones_are_not_estimated_as_well():
    shipped = json.loads(SHIPPED.read_text())
    for region, types in [*shipped["listed"].items(), *shipped["estimated"].items()]:
        assert set(types) <= set(catalogue()), region
    for region, types in shipped["listed"].items():
        assert not set(types) & set(shipped["estimated"].get(region, {}))


def offer(**products):
    terms = {}
    for sku, (_, price) in products.items():
        dimension = {"unit": "Hrs", "pricePerUnit": {"USD": price}}
        terms[sku] = {f"{sku}.A": {"priceDimensions": {f"{sku}.A.B": dimension}}}
    return {
        "products": {
            sku: {"productFamily": "ML Instance", "attributes": {"component": component, "instanceName": "ml.m5.large"}}
            for sku, (component, _) in products.items()
        },
        "terms": {"OnDemand": terms},
    }


def test_only_hosting_prices_are_taken_from_the_price_list():
    document = offer(one=("Training", "0.2"), two=("Hosting", "0.1380000000"), three=("Notebook", "0.3"))
    assert hosting_prices(document) == {"ml.m5.large": 0.138}


def test_fetched_regions_replace_shipped_ones_and_the_others_stay(tmp_path: Path):
    path = tmp_path / "mldeploy" / "prices.json"
    save({"eu-central-1": {"ml.m5.large": 0.138}}, path)
    save({"eu-north-1": {"ml.m5.large": 0.122}}, path)
    known = price_list(path)
    rows = {row.name: row for row in known.instance_types("eu-central-1")}
    assert (rows["ml.m5.large"].dollars_per_hour, rows["ml.m5.large"].estimated) == (0.138, False)
    assert rows["ml.m5.xlarge"].dollars_per_hour is None
    assert {row.name: row for row in known.instance_types("us-east-1")}["ml.m5.xlarge"].dollars_per_hour == 0.23
    assert [file.name for file in path.parent.iterdir()] == ["prices.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"date": 1}', '{"date": "2026-01-01", "listed": []}'])
def test_a_damaged_snapshot_is_named(tmp_path: Path, content: str):
    path = tmp_path / "prices.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"prices\.json"):
        price_list(path)


def test_show_lists_prices_and_says_when_there_are_none():
    shown = CliRunner().invoke(prices, ["show", "--region", "us-east-1", "--json"])
    found = {row["type"]: row for row in json.loads(shown.stdout)["prices"]}
    assert found["ml.m5.xlarge"] == {"type": "ml.m5.xlarge", "dollarsPerHour": 0.23, "estimated": False}
    assert "no prices are known for af-south-1" in CliRunner().invoke(prices, ["show", "--region", "af-south-1"]).output


def test_refresh_without_a_network_says_so_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert run_command(["prices", "refresh"]) == 2
    assert "cannot be fetched" in capsys.readouterr().err
    assert not list(tmp_path.rglob("prices.json"))
