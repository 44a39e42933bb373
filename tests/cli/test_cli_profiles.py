"""Goal: profiles are listed, shown and used on the command line as the settings they are.

Method: commands in this process; what a profile sets is read back from the run folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_shop import Shop

from quant.model.parse import config_from, to_mapping
from quant.model.profiles import PROFILES, merge_settings

SETTINGS = """
    profile: optimistic
    execution: {path: ohlc}
"""


def settings_of(folder: Path) -> dict[str, Any]:
    """The settings of the only run of a folder."""
    (run,) = (path for path in folder.iterdir() if path.name.startswith("run-"))
    found: dict[str, Any] = json.loads((run / "manifest.json").read_text())["config"]
    return found


def test_profiles_are_listed(shop: Shop) -> None:
    told = shop.quant("profiles", "list")
    assert told.status == 0
    rows = shop.quant("profiles", "list", "--json").json
    assert [row["name"] for row in rows] == list(PROFILES)
    assert all(row["name"] in told.out and row["about"].endswith(".") for row in rows)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_shows_what_it_changes(shop: Shop, name: str) -> None:
    told = shop.quant("profiles", "show", name, "--json").json
    base = to_mapping(config_from({}))
    assert to_mapping(config_from(merge_settings(base, told["settings"]))) == to_mapping(
        config_from({"profile": name})
    )
    text = shop.quant("profiles", "show", name).out
    for section, values in told["settings"].items():
        for key in values:
            assert f"{section}.{key}: " in text
    assert (
        ("All settings are the defaults." in text) == (not told["settings"]) == (name == "default")
    )
    assert text.count("no setting for: ") == len(told["lacks"])


def test_an_unknown_profile_is_refused(shop: Shop) -> None:
    for told in (
        shop.quant("profiles", "show", "realstic"),
        shop.backtest("cross.py", "--profile", "realstic"),
    ):
        assert told.status == 2
        assert "Did you mean 'realistic'?" in told.err
    assert not shop.runs.exists()


def test_a_run_begins_with_its_profile(shop: Shop) -> None:
    assert shop.backtest("cross.py", "--profile", "backtrader").status == 0
    found = settings_of(shop.runs)
    assert found == to_mapping(config_from({"profile": "backtrader"}))
    assert found["execution"]["batch"] == "fifo"


def test_the_settings_file_wins_over_its_profile(shop: Shop) -> None:
    shop.file("run.yaml", SETTINGS)
    assert shop.backtest("cross.py", "--config", "run.yaml").status == 0
    execution = settings_of(shop.runs)["execution"]
    assert (execution["path"], execution["participation"]) == ("ohlc", None)


def test_the_option_wins_over_the_profile_of_the_file(shop: Shop) -> None:
    shop.file("run.yaml", SETTINGS)
    assert shop.backtest("cross.py", "--config", "run.yaml", "--profile", "pessimistic").status == 0
    execution = settings_of(shop.runs)["execution"]
    assert (execution["path"], execution["participation"]) == ("ohlc", 0.02)


def test_a_section_that_says_nothing_leaves_the_one_of_the_profile() -> None:
    config = config_from({"profile": "zipline", "execution": None})
    assert config == config_from({"profile": "zipline"})


def test_a_section_of_another_kind_replaces_the_one_of_the_profile() -> None:
    config = config_from({"profile": "realistic", "impact": {"kind": "none"}})
    assert config.impact.kind == "none"
    assert config.commission.kind == "rate"
