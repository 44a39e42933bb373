"""Goal: each trading rule, on numbers a trader can add up.

Method: every text under ``scenarios`` is run through the event front and compared with the fills,
ledger, order ends, positions, cash and equity written in it. Each figure in a text has a sum by
hand beside it (``Checked:``); the engine never writes these files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.scenario_text import ScenarioText, found_tables, parse, run
from helpers.worlds import Played

FOLDER = Path(__file__).parent / "scenarios"
FILES = sorted(FOLDER.glob("*.txt"))


def same(found: Any, wanted: str) -> bool:
    if isinstance(found, (int, float)):
        return wanted != "-" and found == pytest.approx(float(wanted.replace(",", "")), abs=1e-9)
    return str(found) == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    scenario = parse(path)
    played, ends = run(scenario)
    found = found_tables(played, ends)
    for name, wanted in scenario.tables.items():
        assert len(found[name]) == len(wanted), f"{name}: {found[name]}"
        for one, row in zip(found[name], wanted, strict=True):
            wrong = {key: one[key] for key, word in row.items() if not same(one[key], word)}
            assert not wrong, f"{name}: found {wrong} where the scenario has {row}"
    _check_end(scenario, played)


def _check_end(scenario: ScenarioText, played: Played) -> None:
    for name, wanted in scenario.end.items():
        if name == "cash":
            found = played.cash
        elif name == "equity":
            found = played.final_equity
        else:
            found = played.position(name.removeprefix("position "))
        assert found == pytest.approx(wanted, abs=1e-9), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_text_says_everything(path: Path) -> None:
    scenario = parse(path)
    assert path.read_text().startswith("# ")
    assert scenario.checked
    assert {"fills", "ends"} <= set(scenario.tables)
    assert "cash" in scenario.end
    assert any(name.startswith("position ") for name in scenario.end)


def test_a_wrong_figure_is_seen() -> None:
    scenario = parse(FILES[0])
    played, _ = run(scenario)
    scenario.end["cash"] += 0.01
    with pytest.raises(AssertionError, match="cash"):
        _check_end(scenario, played)


def test_there_is_a_text_for_every_rule() -> None:
    assert len(FILES) >= 15
