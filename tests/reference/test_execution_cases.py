"""Goal: orders meet bars as the shared cases of order execution recommend.

Method: each case of the shared file is run by its id through the event front on a small frame: a
decision bar with all prices 100, then the case's bars. A fill is compared as bar number and price.
Where the case says "policy", both settings of ``limit`` are run. Cases whose order type or model
this version lacks are skipped by name.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.worlds import SHARED, Played, market, play
from quant.strategy import Context

FILE = SHARED / "reference" / "execution.json"
if not FILE.exists():
    pytest.skip("the shared cases (../shared/reference/execution.json) are not here",
                allow_module_level=True)  # fmt: skip

CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for case in json.loads(FILE.read_text())["cases"]
}
SINGLE = [
    "limit_buy_intrabar",
    "limit_buy_miss",
    "stop_buy_gap",
    "stop_sell_gap",
    "stop_sell_intrabar_close_below",
    "stop_limit_same_bar",
]
LACKING = {
    "zipline_volume_share_buy": "slippage by share of volume is not part of this version",
    "lean_volume_share": "slippage by share of volume is not part of this version",
    "almgren_2005_ibm_dri": "market impact is not part of this version",
    "almgren_chriss_uniform": "market impact is not part of this version",
    "square_root_law": "market impact is not part of this version",
}
FLAT = (100.0, 100.0, 100.0, 100.0)
SIGN = {"buy": 1, "sell": -1}


def run_order(inputs: dict[str, Any], **execution: Any) -> Played:
    """The case's one order, placed at the close of the decision bar."""
    order = inputs["order"]

    def place(ctx: Context) -> None:
        ctx.order(
            "A",
            SIGN[order["side"]],
            order["type"],
            limit_price=order.get("limit"),
            stop_price=order.get("stop"),
            tif="GTC",
        )

    return play({0: place}, market(A=[FLAT, *inputs["bars"]]), {"execution": execution})


def fill_of(played: Played) -> list[float] | None:
    """[bar number after the decision bar, price], or None without a fill."""
    if not played.fills:
        return None
    (fill,) = played.fills
    bars = played.simulation.bars
    inside = (bars.ts_open <= fill["ts"]) & (fill["ts"] <= bars.ts_close)
    assert inside.sum() == 1
    return [int(inside.argmax()), fill["price"]]


@pytest.mark.parametrize("case_id", SINGLE)
def test_one_order(case_id: str) -> None:
    case = CASES[case_id]
    wanted = case["expected"]["recommended"]
    found = fill_of(run_order(case["inputs"]))
    assert found == (None if wanted is None else pytest.approx(wanted, **case["tolerance"]))


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("policy", ["touch", "through"])
def test_exact_touch(row: int, policy: str) -> None:
    inputs = CASES["exact_touch"]["inputs"]["rows"][row]
    wanted = CASES["exact_touch"]["expected"]["rows"][row]["recommended"]
    if wanted == "policy":
        # touch fills at the limit, through does not
        wanted = [1, inputs["order"]["limit"]] if policy == "touch" else None
    assert fill_of(run_order(inputs, limit=policy)) == wanted


def test_bracket_gap_above_target() -> None:
    """Entry at the first bar's open; the target rests through the gap and gets the better open."""
    case = CASES["bracket_gap_above_target"]
    inputs = case["inputs"]

    def enter(ctx: Context) -> None:
        ctx.bracket("A", 1, take_profit=inputs["target"], stop_loss=inputs["stop"])

    played = play({0: enter}, market(A=[FLAT, *inputs["bars"]]))
    bar, price = case["expected"]["recommended"]
    assert played.trades == [(1, 1, inputs["entry"]), (2, -1, pytest.approx(price))]
    assert played.fills[1]["ts"] == played.simulation.bars.ts_open[bar]
    assert played.fates[2] == ("CANCELED", "oco")


@pytest.mark.parametrize(
    ("engine", "execution"),
    [("backtrader", {"trailing": "close"}), ("lean", {"trailing": "path", "path": "olhc"})],
)
def test_trailing_stop(engine: str, execution: dict[str, str]) -> None:
    """By closes as backtrader does; by points of the path that have passed, which on these bars is
    what LEAN does with highs. Neither lets the high of a bar trigger on the way up to it."""
    case = CASES["trailing_stop_sell"]
    inputs = case["inputs"]
    wanted = case["expected"][engine]

    def trail(ctx: Context) -> None:
        ctx.order("A", -1, "trailing_stop", trail_amount=inputs["order"]["trail"], tif="GTC")

    def note(ctx: Context) -> None:
        levels.append(float(ctx.desk._state["orders"][0]["stop"]))

    levels: list[float] = []
    bars = market(A=[FLAT, *inputs["bars"]])
    played = play({0: trail, 1: note}, bars, {"execution": execution})
    assert fill_of(played) == wanted["fill"]
    assert levels == [wanted["stop_after_bar1"]]


def test_bracket_target_in_the_entry_bar() -> None:
    """The entry is at the open, so the order of events is known: the target acts in the same bar,
    as in backtesting.py; backtrader waits a bar, and misses it."""
    case = CASES["bracket_target_in_entry_bar"]
    inputs = case["inputs"]

    def enter(ctx: Context) -> None:
        ctx.bracket("A", 1, take_profit=inputs["target"], stop_loss=inputs["stop"])

    played = play({0: enter}, market(A=[FLAT, *inputs["bars"]]))
    wanted = case["expected"]["backtesting_py"]
    assert played.trades == [(1, 1, wanted["entry"][1]), (2, -1, wanted["exit"][1])]
    bars = played.simulation.bars
    assert [fill["ts"] for fill in played.fills] == [bars.ts_open[1], bars.ts_close[1]]


@pytest.mark.parametrize("case_id", LACKING)
def test_what_this_version_lacks(case_id: str) -> None:
    assert case_id in CASES
    pytest.skip(f"{case_id}: {LACKING[case_id]}")


def test_every_case_is_named() -> None:
    by_name = {"exact_touch", "bracket_gap_above_target", "trailing_stop_sell"}
    by_name |= {"bracket_target_in_entry_bar"}
    assert {*SINGLE, *LACKING, *by_name} == set(CASES)
