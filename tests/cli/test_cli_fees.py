"""Goal: fee schedules are listed, shown and used on the command line as the files they are.

Method: commands in this process; what a schedule charges is read back from the run folder.
"""

from __future__ import annotations

import json

import pytest
from cli_shop import Shop

from quant.model.fee_files import bundled_names, bundled_schedule
from quant.model.fees import FeeComponent

SETTINGS = """
    commission: {kind: schedule, name: ibkr_us_stocks_fixed}
"""


def test_schedules_are_listed(shop: Shop) -> None:
    told = shop.quant("fees", "list")
    assert told.status == 0
    rows = shop.quant("fees", "list", "--json").json
    assert [row["name"] for row in rows] == list(bundled_names())
    assert all(row["name"] in told.out and row["about"].endswith(".") for row in rows)


@pytest.mark.parametrize("name", bundled_names())
def test_a_schedule_shows_all_it_has(shop: Shop, name: str) -> None:
    schedule = bundled_schedule(name)
    told = shop.quant("fees", "show", name, "--json").json
    assert tuple(map(FeeComponent.from_mapping, told["components"])) == schedule.components
    text = shop.quant("fees", "show", name).out
    assert told["currency"] == schedule.currency
    assert f"Money is {schedule.currency or 'the instrument'}" in text
    for part in schedule.components:
        assert f"{part.name} ({part.posted_as}" in text
        assert all(f"since {terms.since}" in text for terms in part.terms if terms.since)
    assert text.count("source: ") == len(told["sources"]) > 0
    assert text.count("left out: ") == len(told["left_out"]) > 0
    assert text.count("not verified: ") == len(told["unverified"])


def test_an_unknown_schedule_is_refused(shop: Shop) -> None:
    told = shop.quant("fees", "show", "us_regulatry")
    assert told.status == 2
    assert "Did you mean 'us_regulatory'?" in told.err


def test_a_run_pays_by_its_schedule_and_verifies(shop: Shop) -> None:
    shop.file("fees.yaml", SETTINGS)
    assert shop.backtest("cross.py", "--config", "fees.yaml").status == 0
    (folder,) = (path for path in shop.runs.iterdir() if path.name.startswith("run-"))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["config"]["commission"]["name"] == "ibkr_us_stocks_fixed"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["total_commission"]["value"] >= 1.0
    assert shop.quant("runs", "verify", str(folder)).status == 0
