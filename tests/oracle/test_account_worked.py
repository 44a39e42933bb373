"""Goal: the oracle gives what the written rule works out about accounts.

Method: the examples of `docs/concepts/accounting.md`, and some beside them, with the sum done by
hand in a comment; each through the oracle alone, which the engine is then compared with.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from .reference import Outcome, simulate
from .scenarios import (
    Account,
    Action,
    BarRow,
    Borrow,
    Commission,
    InstrumentSpec,
    Interest,
    Margin,
    MarginCall,
    Scenario,
    Slippage,
    default_execution,
    session_closes,
)
from .worked import FLAT, OPENS, T, instrument, limit, market

REG_T = Account(kind="margin")


def play(
    specs: InstrumentSpec | list[InstrumentSpec],
    actions: list[Action],
    cash: float,
    account: Account,
    *,
    call: MarginCall | None = None,
    interest: Interest | None = None,
    borrow: Borrow | None = None,
) -> Outcome:
    """The oracle's answer without costs and caps."""
    specs = specs if isinstance(specs, list) else [specs]
    execution = default_execution()
    execution["participation"] = None
    outcome = simulate(
        Scenario(
            cash=cash,
            account=account,
            execution=execution,
            commission=Commission(kind="rate", rate=0.0),
            slippage=Slippage(kind="rate", rate=0.0),
            instruments=specs,
            actions=actions,
            session_closes=session_closes(specs),
            margin_call=call or MarginCall(),
            interest=interest,
            borrow=borrow,
        )
    )
    assert all(" open: " in note for note in outcome.ambiguous)
    return outcome


def at(price: float) -> tuple[float, float, float, float]:
    return price, price, price, price


def filled(outcome: Outcome) -> list[tuple[str, int, float, str]]:
    return [(f.symbol, f.units, float(f.price), f.reason) for f in outcome.fills]


def booked(outcome: Outcome, kind: str) -> list[float]:
    return [round(float(p.amount), 6) for p in outcome.postings if p.kind == kind]


# ------------------------------------------------------------------------------- what may be opened


@pytest.mark.parametrize(
    ("price", "cash", "is_enough"),
    [
        # 100 shares: half of their price, at least 2,000, but never more than all of it.
        (15, 1_500, True), (15, 1_499, False),
        (30, 2_000, True), (30, 1_999, False),
        (50, 2_500, True), (50, 2_499, False),
    ],
)  # fmt: skip
def test_margin_to_open_and_the_least_equity(price: float, cash: float, *, is_enough: bool) -> None:
    spec = instrument("A", at(price), at(price))
    outcome = play(spec, [market(0, "A", 100)], cash, REG_T)
    assert bool(outcome.fills) is is_enough


def test_net_leverage_counts_the_difference_and_the_sum() -> None:
    # Equity 10,000: long 20,000 and short 15,000 are net 5,000; gross 35,000 > 3 · 10,000.
    specs = [instrument("A", FLAT, FLAT), instrument("B", FLAT, FLAT)]
    actions = [market(0, "B", -150), market(0, "A", 200)]
    account = Account(kind="net_leverage", k=2.0)
    assert len(play(specs, actions, 10_000, account).fills) == 2
    account["gross"] = 3.0
    assert filled(play(specs, actions, 10_000, account)) == [("A", 200, 100.0, "market_open")]


def test_proceeds_wait_for_their_session() -> None:
    # 1,000 buy 10 at 100, sold a session later; what they bring is there two sessions after that.
    specs = [instrument("A", *[FLAT] * 6), instrument("B", *[FLAT] * 6)]
    sale = [market(0, "A", 10), market(1, "A", -10)]
    account = Account(kind="cash", settlement=2, unsettled="hold")
    too_early = play(specs, [*sale, market(2, "B", 10)], 1_000, account)
    assert too_early.orders[-1].reason == "insufficient_funds"
    in_time = play(specs, [*sale, market(3, "B", 10)], 1_000, account)
    assert filled(in_time)[-1] == ("B", 10, 100.0, "market_open")
    account["unsettled"] = "spend"
    assert len(play(specs, [*sale, market(2, "B", 10)], 1_000, account).fills) == 3


# ---------------------------------------------------------------------------------- what time costs


def week(symbol: str, *days: int, price: float) -> InstrumentSpec:
    """Flat bars on these days of the week."""
    rows = [BarRow(OPENS[d], T[d], d, *at(price), None) for d in days]
    return InstrumentSpec(symbol, "1", None, rows)


def test_a_debt_pays_for_the_weekend() -> None:
    # 1,360 shares at 100 on 100,000: a debt of 36,000. Friday (4) to Monday (7):
    # 36,000 · 0.06 · 3 / 360 = 18.
    spec = week("A", 3, 4, 7, price=100.0)
    account = Account(kind="gross_leverage", k=2.0)
    outcome = play(
        spec,
        [market(3, "A", 1_360)],
        100_000,
        account,
        interest=Interest(debit=[[0.0, 0.06]]),
    )
    assert booked(outcome, "interest")[0] == -18.0


def test_tiers_are_marginal() -> None:
    # 150,000 at 6 % to 100,000 and 5 % above: 8,500 a year, 8,500 / 360 a day = 23.611111.
    spec = week("A", 1, 2, 3, price=100.0)
    outcome = play(
        spec,
        [market(1, "A", 2_500)],
        100_000,
        Account(kind="gross_leverage", k=3.0),
        interest=Interest(debit=[[0.0, 0.06], [100_000.0, 0.05]]),
    )
    assert booked(outcome, "interest")[0] == -23.611111


@pytest.mark.parametrize(("proceeds", "daily"), [("locked", 3.5), ("free", 3.0)])
def test_locked_proceeds_earn_the_rebate_alone(proceeds: str, daily: float) -> None:
    # 10,000 and 5,000 of proceeds. Locked: 10,000 · 0.072 / 360 = 2, and 5,000 · 0.108 / 360 = 1.5;
    # free: 15,000 · 0.072 / 360 = 3.
    spec = week("A", 1, 2, 3, price=50.0)
    outcome = play(
        spec,
        [market(1, "A", -100)],
        10_000,
        Account(kind="gross_leverage", k=1.0, short_proceeds=proceeds),
        interest=Interest(credit=[[0.0, 0.072]], rebate=0.108),
    )
    # The first is that of the day before: 10,000 · 0.072 / 360 = 2.
    assert booked(outcome, "interest")[:2] == [2.0, pytest.approx(daily, abs=2e-3)]


def test_borrowed_shares_cost_every_day() -> None:
    # 100 short at 50 and 10 %: 5,000 · 0.1 / 365 = 1.369863.
    spec = week("A", 1, 2, 3, price=50.0)
    borrow = Borrow(rate=0.1, basis=365)
    account = Account(kind="gross_leverage", k=1.0)
    outcome = play(spec, [market(1, "A", -100)], 10_000, account, borrow=borrow)
    assert booked(outcome, "borrow") == [-1.369863, -1.369863]


def test_a_future_is_settled_every_day() -> None:
    # Long 2 at 100, multiplier 50. Close 103: +300. Sold at 101: −200.
    spec = instrument("A", FLAT, (100, 103, 100, 103), at(101), multiplier=50.0, is_margined=True)
    account = Account(kind="gross_leverage", k=2.0)
    outcome = play(spec, [market(0, "A", 2), market(1, "A", -2)], 10_000, account)
    assert booked(outcome, "variation") == [300.0, -200.0]
    assert [row.equity for row in outcome.equity] == [10_000, 10_300, 10_100]
    assert outcome.equity[1].cash == 10_300


# -------------------------------------------------------------------------------- how accounts fail


def test_a_short_is_closed_where_its_equity_ends() -> None:
    # Short 1 at 100 on 100: zero at 200, which the bar passes.
    spec = instrument("A", FLAT, (100, 205, 100, 150))
    outcome = play(spec, [market(0, "A", -1)], 100, Account(kind="gross_leverage", k=1.0))
    assert filled(outcome)[-1] == ("A", 1, 200.0, "liquidation")
    assert outcome.equity[-1].equity == 0
    assert (outcome.status, outcome.debt) == ("bankrupt", 0)


def test_a_call_closes_no_more_than_needed() -> None:
    # 20 at 100 on 1,000, maintenance 0.25. At 60 equity is 200, below 0.25 · 1,200 = 300. What is
    # left may need 200: 13 · 60 · 0.25 = 195; 7 are sold at the next open.
    spec = instrument("A", FLAT, FLAT, at(60), at(60))
    account = Account(kind="gross_leverage", k=2.0, maintenance=0.25)
    outcome = play(spec, [market(0, "A", 20)], 1_000, account)
    assert filled(outcome)[-1] == ("A", -7, 60.0, "market_open")
    assert [call.kind for call in outcome.calls] == ["margin_call"]


@pytest.mark.parametrize(
    ("order", "closed"),
    [("largest_first", "B"), ("smallest_first", "A"), ("losers_first", "A"), ("in_order", "A")],
)
def test_positions_are_closed_in_order(order: str, closed: str) -> None:
    # 5 A and 14 B at 100 on 1,000. A falls to 20: −400; B to 77: −322. Equity 278 is below a
    # quarter of 100 + 1,078 = 294.50. Values 100 and 1,078.
    specs = [
        instrument("A", FLAT, FLAT, at(20), at(20)),
        instrument("B", FLAT, FLAT, at(77), at(77)),
    ]
    account = Account(kind="gross_leverage", k=2.0, maintenance=0.25)
    outcome = play(specs, [market(0, "A", 5), market(0, "B", 14)], 1_000, account,
                   call=MarginCall(order=order))  # fmt: skip
    assert filled(outcome)[2][0] == closed


def test_a_line_inside_a_bar_closes_the_whole_position() -> None:
    # 20 at 100 on 1,000, maintenance 0.25: 1,000 − 20 · (100 − p) = 5 · p at p = 1,000 / 15.
    spec = instrument("A", FLAT, FLAT, (100, 100, 60, 90))
    account = Account(kind="gross_leverage", k=2.0, maintenance=0.25)
    outcome = play(spec, [market(0, "A", 20)], 1_000, account, call=MarginCall(at="inside_bar"))
    symbol, units, price, reason = filled(outcome)[-1]
    assert (symbol, units, reason) == ("A", -20, "liquidation")
    assert price == pytest.approx(1_000 / 15, rel=1e-15)


def test_bankruptcy_cancels_refuses_and_shows_the_debt() -> None:
    # 80 at 100 on 1,000; the next bar opens at 85: 1,000 − 80 · 15 = −200.
    spec = instrument("A", FLAT, FLAT, at(85), at(85), at(85))
    actions = [market(0, "A", 80), limit(1, "A", 1, 50, "GTC"), market(3, "A", 1)]
    outcome = play(spec, actions, 1_000, Account(kind="gross_leverage", k=10.0))
    assert outcome.debt == 200
    assert [(row.status, row.reason) for row in outcome.orders] == [
        ("FILLED", ""),
        ("CANCELED", "bankrupt"),
        ("FILLED", "bankrupt"),
        ("REJECTED", "bankrupt"),
    ]


def test_margin_in_money_and_a_leveraged_fund() -> None:
    # A fund of three times: to keep 0.75. 100 at 100 need 7,500 of 8,000; at 93 equity is 7,300 and
    # 6,975 keep them; at 90 7,000 and 6,750; at 75 5,500 are below 5,625.
    spec = instrument("A", FLAT, FLAT, at(93), at(90), at(75), margin=Margin(leverage_factor=3.0))
    outcome = play(spec, [market(0, "A", 100)], 8_000, REG_T, call=MarginCall(action="warn"))
    assert [call.ts for call in outcome.calls] == [T[4]]
    # 3 contracts with 500 of money to open need 1,500.
    money = Margin(initial_money=500.0, maintenance_money=400.0)
    spec = instrument("A", FLAT, FLAT, is_margined=True, multiplier=50.0, margin=money)
    account = Account(kind="margin", minimum_equity=0.0)
    assert len(play(spec, [market(0, "A", 3)], 1_500, account).fills) == 1
    assert not play(spec, [market(0, "A", 3)], 1_499, account).fills


def test_a_short_of_low_price_needs_more_to_keep() -> None:
    # Short 100: at 20 max(6, 5) = 6 a share, at 10 max(3, 5) = 5, at 4 all of it, at 2 2.50.
    from .allowed import to_keep
    from .reference import play as run

    spec = instrument("A", at(20))
    scenario = Scenario(
        cash=1.0, account=REG_T, execution=default_execution(), commission=Commission(kind="rate"),
        slippage=Slippage(kind="rate", rate=0.0), instruments=[spec], actions=[],
        session_closes=session_closes([spec]),
    )  # fmt: skip
    state = run(scenario)
    found = [to_keep(state, "A", -100, Decimal(price)) for price in (20, 10, 4, 2)]
    assert found == [pytest.approx(600), 500, 400, 250]
