"""Goal: differences that random accounts have shown stay mended.

Method: each in the smallest scenario that showed it, with the numbers of the written rule worked by
hand.
"""

from __future__ import annotations

from typing import Any

import pytest

from .account_runs import run_of
from .scenarios import (
    Account,
    Action,
    Borrow,
    Commission,
    Conversion,
    InstrumentSpec,
    Interest,
    MarginCall,
    RateSpec,
    Scenario,
    Slippage,
    default_execution,
    session_closes,
)
from .worked import FLAT, T, instrument, limit, market, stop

LEVERED = Account(kind="gross_leverage", k=10.0)
FALL = (100, 100, 80, 95)


def scenario(
    specs: InstrumentSpec | list[InstrumentSpec],
    actions: list[Action],
    account: Account = LEVERED,
    cash: float = 1_000.0,
    **settings: Any,
) -> Scenario:
    """Free of costs and caps; settings are of execution, or `call` and `borrow`."""
    specs = specs if isinstance(specs, list) else [specs]
    call, borrow = settings.pop("call", MarginCall()), settings.pop("borrow", None)
    execution = default_execution()
    execution.update({"participation": None, "path": "olhc", **settings})  # type: ignore[typeddict-item]
    return Scenario(
        cash=cash,
        account=account,
        execution=execution,
        commission=Commission(kind="rate", rate=0.0),
        slippage=Slippage(kind="rate", rate=0.0),
        instruments=specs,
        actions=actions,
        session_closes=session_closes(specs),
        margin_call=call,
        borrow=borrow,
    )


def fills_of(run: Any) -> list[tuple[int, str, float, float]]:
    """Order, symbol, signed quantity and raw price of every fill, in order of time."""
    return [
        (f["order_id"], f["symbol"], f["qty"] if f["side"] == "BUY" else -f["qty"], f["price_raw"])
        for f in run.fills.sort("ts").to_dicts()
    ]


def test_bankruptcy_closes_all_positions_under_way_at_the_end_of_the_segment() -> None:
    # A: 80 at 100 on 1,000 ends at 87.50. Its stop at 86 lies beyond. B is under way, too: its
    # segment goes from 100 to 99.
    run = run_of(
        scenario(
            [
                instrument("A", FLAT, FLAT, FLAT, (95, 96, 84, 85)),
                instrument("B", FLAT, FLAT, FLAT, (100, 101, 99, 100)),
            ],
            [market(0, "B", 5), market(1, "A", 80), stop(2, "A", -8, 86)],
        )
    )
    assert fills_of(run)[2:] == [(4, "A", -80, 87.5), (5, "B", -5, 99.0)]


def test_a_line_only_closes_and_so_comes_before_what_opens_elsewhere() -> None:
    # Both bars fall from 100 to 80. A's line is at 87.50; the account's end cancels B's order.
    run = run_of(
        scenario(
            [instrument("A", FLAT, FLAT, FALL), instrument("B", FLAT, FLAT, FALL)],
            [market(0, "A", 80), limit(1, "B", 1, 85)],
        )
    )
    assert fills_of(run) == [(1, "A", 80, 100.0), (3, "A", -80, 87.5)]


def test_a_bar_that_opens_beyond_the_line_closes_at_its_open() -> None:
    # B gaps from 100 to 85: 1,000 − 80 · 15 = −200. It closes at its open, whatever else is held,
    # and is the one that brought the account there.
    run = run_of(
        scenario(
            [
                instrument("A", FLAT, FLAT, FLAT, FLAT),
                instrument("B", FLAT, FLAT, FLAT, (85, 86, 84, 85)),
            ],
            [market(0, "A", 5), market(1, "B", 80)],
        )
    )
    assert ("B", -80.0, 85.0) in [fill[1:] for fill in fills_of(run)]


def test_a_call_that_is_only_noted_hides_no_bankruptcy() -> None:
    # Long 80 at 100 on 1,000, maintenance 0.05: called below 1,000 − 80 · (100 − p) = 4 · p, that
    # is at 92.11; zero at 87.50, on the same segment.
    run = run_of(
        scenario(
            instrument("A", FLAT, FLAT, FALL),
            [market(0, "A", 80)],
            Account(kind="gross_leverage", k=10.0, maintenance=0.05),
            call=MarginCall(action="warn", at="inside_bar"),
        )
    )
    assert fills_of(run)[-1][2:] == (-80, 87.5)
    assert run.account["debt"] <= 1e-9


def test_a_line_is_sought_from_where_the_path_is() -> None:
    # Without gap improvement a limit of 110 buys at 110 while the bar opens at 100: 10 at the open
    # (a tenth of 100), 20 on the path, where it rests: 250 + 30 · (100 − 110) = −50. The account
    # has ended at 100, where the path is, and not on its way up.
    spec = instrument("A", (100, 100, 100, 100, 100), (100, 120, 100, 120, 1_000))
    run = run_of(
        scenario(
            spec,
            [limit(0, "A", 30, 110)],
            Account(kind="gross_leverage", k=100.0),
            cash=250.0,
            gap_improvement=False,
            participation=0.1,
        )
    )
    assert fills_of(run)[-1][3] == 100.0


def test_what_opens_a_short_is_never_less_than_what_keeps_it() -> None:
    # Short 100 at 8 with the default rates: to open 0.5 · 800 = 400, to keep 100 · 5.00 = 500.
    rows = (8.0, 8.0, 8.0, 8.0)
    run = run_of(
        scenario(
            instrument("A", rows, rows, rows),
            [market(0, "A", -100)],
            Account(kind="margin", minimum_equity=0.0),
            cash=450.0,
        )
    )
    assert run.orders["status"].to_list() == ["REJECTED"]


def test_a_call_of_size_initial_is_answered_in_every_kind_of_account() -> None:
    # k = 2, maintenance 0.25: 20 at 100 on 1,000, at 55 equity 100 is below 275. What is left may
    # be worth 2 · 100 = 200: 3 of 55; 17 are sold.
    low = (55.0, 55.0, 55.0, 55.0)
    run = run_of(
        scenario(
            instrument("A", FLAT, FLAT, low, low),
            [market(0, "A", 20)],
            Account(kind="gross_leverage", k=2.0, maintenance=0.25),
            call=MarginCall(size="initial"),
        )
    )
    assert fills_of(run)[-1] == (2, "A", -17, 55.0)


def test_an_instrument_s_own_borrow_rate_needs_no_general_one() -> None:
    # 5 short at 100 for one day at 0.365: 500 · 0.365 / 365 = 0.50.
    spec = instrument("A", FLAT, FLAT, borrow_rate=0.365)
    run = run_of(scenario(spec, [market(0, "A", -5)]))
    fees = run.ledger.to_dicts()
    assert sum(row["amount"] for row in fees if row["kind"] == "borrow") == pytest.approx(-0.5)


def test_a_fee_booked_before_the_trade_of_its_close_is_a_cost_of_that_trade() -> None:
    # Short 5 at 100 from one close to the next but one; a night at 0.365 costs 0.50, and two are
    # booked: in phase 3, before the sale of the first close and the purchase of the last.
    actions = [market(0, "A", -5), market(2, "A", 5)]
    borrow = Borrow(rate=0.365, basis=365)
    run = run_of(
        scenario(instrument("A", FLAT, FLAT, FLAT, FLAT), actions, borrow=borrow,
                 timing="same_close")
    )  # fmt: skip
    assert run.trades["pnl_net"].sum() == pytest.approx(-1.0)


def test_the_largest_affordable_count_of_a_hedge_fills() -> None:
    # 20 A at 100 on 1,000, k = 2; at 80 equity is 600 and the net 1,600 above 1,200. Selling n B at
    # 10 passes where 1,600 − 10 · n ≤ 1,200 and 1,600 + 10 · n ≤ 3.5 · 600: from 40 to 50.
    low, b = (80, 80, 80, 80), (10, 10, 10, 10)
    specs = [instrument("A", FLAT, FLAT, low, low), instrument("B", b, b, b, b)]
    account = Account(kind="net_leverage", k=2.0, gross=3.5)
    actions = [market(0, "A", 20), market(2, "B", -150)]
    run = run_of(scenario(specs, actions, account, insufficient="partial"))
    assert fills_of(run)[-1] == (2, "B", -50, 10.0)


def test_what_is_held_back_pays_for_nothing_in_a_scaled_batch() -> None:
    # 1,000 buy 10 at 100. What the sale at the same print brings settles a session later.
    run = run_of(
        scenario(
            instrument("A", FLAT, FLAT, FLAT),
            [market(0, "A", 12), limit(0, "A", -12, 90, "GTC")],
            Account(kind="cash", settlement=1, unsettled="hold"),
            insufficient="scale",
        )
    )
    assert fills_of(run)[0] == (1, "A", 10, 100.0)


def test_a_debt_that_was_only_noted_ends_with_it() -> None:
    # Short 10 at 100 on 1,000: −1,000 at 300, 500 at 150.
    run = run_of(
        scenario(
            instrument("A", FLAT, FLAT, (300, 300, 300, 300), (150, 150, 150, 150)),
            [market(0, "A", -10)],
            Account(kind="gross_leverage", k=1.0),
            call=MarginCall(bankruptcy="warn"),
        )
    )
    assert run.account["status"] == "sound"


def test_on_a_path_fifo_takes_no_closing_first() -> None:
    # The sale of 10 B at 105 would pay for 10 A at 99 on the way up, but A comes first by symbol.
    rise = (98, 110, 98, 110)
    run = run_of(
        scenario(
            [instrument("A", FLAT, FLAT, rise), instrument("B", FLAT, FLAT, rise)],
            [market(0, "B", 10), stop(1, "A", 10, 99), limit(1, "B", -10, 105)],
            Account(kind="gross_leverage", k=1.0),
            batch="fifo",
            insufficient="partial",
        )
    )
    assert fills_of(run)[1:] == [(3, "B", -10, 105.0)]


# ------------------------------------------------------------------------- several currencies, open


def in_euros(
    specs: list[InstrumentSpec], actions: list[Action], account: Account, **settings: Any
) -> Scenario:
    """The euro by EURUSD, the pound by GBPUSD where there are such bars."""
    drawn = scenario(specs, actions, account, **settings)
    symbols = {spec.symbol for spec in specs}
    for code in ("EUR", "GBP"):
        if f"{code}USD" in symbols:
            drawn.currencies[code] = RateSpec(f"{code}USD")
    return drawn


ONE = (1, 1, 1, 1)
LEVEL = Account(kind="gross_leverage", k=1.0)


@pytest.mark.parametrize("kind", ["target_weight", "target_value"])
def test_a_weight_before_there_is_a_rate_is_refused(kind: str) -> None:
    specs = [instrument("A", FLAT, FLAT, currency="EUR"), instrument("EURUSD", None, ONE)]
    run = run_of(in_euros(specs, [Action(T[0], kind, "A", value=0.5)], LEVEL))
    assert run.orders["reason"].to_list() == ["no_rate"]


def test_a_currency_without_a_rate_keeps_no_other_from_trading() -> None:
    # 5 · 100 euros at one dollar each are 500 of 1,000; the pound has no rate until the last day.
    specs = [
        instrument("A", FLAT, FLAT, FLAT, currency="EUR"),
        instrument("B", FLAT, FLAT, FLAT, currency="GBP"),
        instrument("EURUSD", ONE, ONE, ONE),
        instrument("GBPUSD", None, None, ONE),
    ]
    account = Account(kind="cash", settlement=1, unsettled="hold")
    run = run_of(in_euros(specs, [market(0, "A", 5)], account))
    assert [fill[2] for fill in fills_of(run)] == [5]


def test_inside_a_bar_lines_are_sought_at_the_rate_it_began_with() -> None:
    # 80 at 100 euros on 1,000 dollars, the euro at 1: 7,000 are owed. It falls to 0.80 inside a
    # bar, and 6,400 − 7,000 < 0; its close of 0.95 makes 600 again, and that is what is judged.
    specs = [
        instrument("A", FLAT, FLAT, FLAT, FLAT, currency="EUR"),
        instrument("EURUSD", ONE, ONE, (1, 1, 0.8, 0.95), ONE),
    ]
    run = run_of(in_euros(specs, [market(0, "A", 80)], LEVERED))
    assert [fill[2] for fill in fills_of(run)] == [80]


def test_locked_proceeds_that_were_changed_pay_no_interest() -> None:
    # Short 5 at 100 euros, the euro at 1; 500 dollars came in and are set aside, 1,000 are left:
    # 1,000 · 0.036 / 360 = 0.10 of credit a day, and nothing is owed.
    specs = [
        instrument("A", FLAT, FLAT, currency="EUR"),
        instrument("EURUSD", ONE, ONE),
    ]
    drawn = in_euros(specs, [market(0, "A", -5)], LEVEL)
    drawn.interest = Interest(debit=[[0.0, 0.072]], credit=[[0.0, 0.036]], basis=360)
    ledger = run_of(drawn).ledger.to_dicts()
    paid = [row["amount"] for row in ledger if row["kind"] == "interest"]
    assert paid == pytest.approx([0.1, 0.1], abs=1e-4)


@pytest.mark.parametrize(
    ("is_margined", "cash"),
    [
        # 10 at 100 euros and 100 of commission, the euro at 1, 5 % to change it: 1,100 · 1.05.
        pytest.param(False, 1_154.0, id="paid"),
        # 1,000 of exposure and 100 · 1.05 of commission.
        pytest.param(True, 1_104.0, id="future"),
    ],
)
def test_what_changing_costs_is_counted_before_a_fill(*, is_margined: bool, cash: float) -> None:
    spec = instrument("A", FLAT, FLAT, currency="EUR", is_margined=is_margined)
    drawn = in_euros([spec, instrument("EURUSD", ONE, ONE)], [market(0, "A", 10)], LEVEL, cash=cash)
    drawn.commission = Commission(kind="per_order", per_order=100.0)
    drawn.conversion = Conversion(cost=0.05)
    assert fills_of(run_of(drawn)) == []


def test_money_counts_that_is_there_at_the_first_print_there_can_be() -> None:
    # 10 at 100 sold on day 2, there on day 4. What leaves after day 2 has nothing to meet on day 3,
    # on which nothing trades: its first print is that of day 4, for which the money is there.
    empty = (100, 100, 100, 100, 0)
    full = (100, 100, 100, 100, 1_000)
    actions = [market(0, "A", 10), market(1, "A", -10), market(2, "A", 10)]
    run = run_of(
        scenario(
            instrument("A", full, full, full, empty, full),
            actions,
            Account(kind="cash", settlement=2, unsettled="hold"),
        )
    )
    assert [fill[2] for fill in fills_of(run)] == [10, -10, 10]
