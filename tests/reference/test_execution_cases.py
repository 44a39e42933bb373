"""Goal: orders meet bars as the shared cases of order execution recommend.

Method: each case of the shared file is run by its id through the event front on a small frame: a
decision bar with all prices 100, then the case's bars. A fill is compared as bar number and price.
Where the case says "policy", both settings of ``limit`` are run. Costs of whole orders are compared
with the closed forms of ``quant.research``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.worlds import SHARED, Played, market, play
from quant.research import estimate_almgren_cost, square_root_impact, uniform_schedule_cost
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


def bought(
    qty: float, bars: list[tuple[float, ...]], config: dict[str, Any], **terms: Any
) -> Played:
    """One buy order after the first of some bars."""
    return play({0: lambda ctx: ctx.order("A", qty, **terms)}, market(A=bars), config)


def test_zipline_volume_share() -> None:
    """The share of the bar's own volume, at its close, as zipline fills."""
    case = CASES["zipline_volume_share_buy"]
    given, wanted = case["inputs"], case["expected"]
    flat = (given["close"],) * 4
    model = {
        "kind": "volume_share",
        "price_impact": given["price_impact"],
        "volume_limit": given["volume_limit"],
    }
    config = {"slippage": model, "execution": {"timing": "next_close", "participation": None}}
    bars = [(*flat, 1.0), (*flat, given["volume"])]
    played = bought(given["qty"], bars, config, tif="GTC")
    assert played.trades == [(1, wanted["filled"], pytest.approx(wanted["price"], abs=1e-9))]
    assert played.order(1)["units"] - played.order(1)["filled"] == wanted["remaining"]


def test_lean_volume_share() -> None:
    """The whole order fills, and the share stops counting at the limit."""
    case = CASES["lean_volume_share"]
    flat = (100.0,) * 4
    config = {
        "cash": 1e6,
        "slippage": {"kind": "volume_share", "cap": False},
        "execution": {"timing": "next_close", "participation": None},
    }
    for (qty, volume), wanted in zip(case["inputs"]["rows"], case["expected"]["rows"], strict=True):
        played = bought(qty, [(*flat, 1.0), (*flat, float(volume))], config)
        price = wanted["price"] + wanted["slippage_per_share"]
        assert played.trades == [(1, qty, pytest.approx(price, abs=1e-8))]


def test_square_root_law() -> None:
    """One fill pays the law's impact of its whole quantity, in basis points of the price."""
    case = CASES["square_root_law"]
    for (qty, adv, sigma, alpha), wanted in zip(
        case["inputs"]["rows"], case["expected"]["rows"], strict=True
    ):
        impact = {"kind": "square_root", "alpha": alpha, "sigma": sigma, "adv": adv}
        played = bought(qty, [FLAT, FLAT], {"cash": 1e9, "impact": impact})
        (fill,) = played.fills
        found = (fill["price"] / fill["price_raw"] - 1.0) * 1e4
        assert found == pytest.approx(wanted["impact_bp"], **case["tolerance"])
        law = square_root_impact(qty, adv, sigma, alpha) * 1e4
        assert law == pytest.approx(wanted["impact_bp"], **case["tolerance"])


def test_almgren_2005() -> None:
    case = CASES["almgren_2005_ibm_dri"]
    inputs = case["inputs"]
    constants = {name: inputs[name] for name in ("gamma", "eta", "beta", "delta")}
    for row in case["expected"]["rows"]:
        stock = inputs[row["stock"]]
        cost = estimate_almgren_cost(
            0.1 * stock["adv"],  # the paper's "10 % of daily volume", which qty rounds
            stock["adv"],
            stock["sigma_daily_pct"] / 100.0,
            row["participation_days"],
            stock["shares_out_over_adv"] * stock["adv"],
            **constants,
        )
        for name in ("permanent", "temporary", "total"):
            assert getattr(cost, name) == pytest.approx(row[f"{name}_bp"], abs=0.6)
            full = row["full"][name]
            assert getattr(cost, name) == pytest.approx(full, abs=case["tolerance"]["full_abs"])


def test_almgren_chriss_uniform() -> None:
    case = CASES["almgren_chriss_uniform"]
    given, wanted = case["inputs"], case["expected"]
    cost, variance = uniform_schedule_cost(
        given["X"],
        given["T_days"],
        given["N"],
        sigma=given["sigma_daily_dollars"],
        epsilon=given["epsilon"],
        gamma=given["gamma"],
        eta=given["eta"],
    )
    assert cost == pytest.approx(wanted["expected_cost"], rel=1e-9)
    assert variance == pytest.approx(wanted["variance"], rel=1e-9)


def test_every_case_is_named() -> None:
    by_name = {"exact_touch", "bracket_gap_above_target", "trailing_stop_sell"}
    by_name |= {"bracket_target_in_entry_bar", "zipline_volume_share_buy", "lean_volume_share"}
    by_name |= {"square_root_law", "almgren_2005_ibm_dri", "almgren_chriss_uniform"}
    assert {*SINGLE, *by_name} == set(CASES)
