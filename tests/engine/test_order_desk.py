"""Goal: orders are made, replaced, cancelled and refused as written, and mistakes are named.

Method: scripted strategies on flat markets; ids, fills and fates are compared with lists by hand,
messages with the words that a user needs to mend the mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpers.worlds import Played, market, play
from quant.errors import ConfigError, OrderError
from quant.strategy import Context, OneCancelsOther, Order

TEN = [(10.0,) * 4] * 6
NAN, INF = float("nan"), float("inf")
Deed = Callable[[Context], Any]


def on_tens(*deeds: Deed, **config: Any) -> Played:
    """The n-th deed after the n-th close, on flat bars of two names at 10."""
    return play(dict(enumerate(deeds)), market(A=TEN, B=TEN), config)


def nothing(ctx: Context) -> None:
    """A day off."""


def ids(*deeds: Deed, **config: Any) -> list[Any]:
    """What the deeds return."""
    found: list[Any] = []
    on_tens(*((lambda ctx, deed=deed: found.append(deed(ctx))) for deed in deeds), **config)
    return found


# ---------------------------------------------------------------------- order_target


def test_a_target_that_is_held_or_on_its_way_does_nothing() -> None:
    found = ids(
        lambda ctx: [ctx.order_target("A", 5), ctx.order_target("A", 5)],
        lambda ctx: [ctx.order_target("A", 5), ctx.order_target("A", 5.4)],
        lambda ctx: ctx.order_target("A", 4.999999999999),
    )
    assert found == [[1, None], [None, None], None]


def test_a_newer_target_replaces_the_older_one() -> None:
    def changes_its_mind(ctx: Context) -> None:
        for goal in (5, 8, 3):
            ctx.order_target("A", goal)
        ctx.order_target("B", 2)

    played = on_tens(changes_its_mind, lambda ctx: ctx.order_target("A", 0))
    assert played.fates == [
        ("CANCELED", "replaced"),
        ("CANCELED", "replaced"),
        ("FILLED", ""),
        ("FILLED", ""),
        ("FILLED", ""),
    ]
    assert played.trades == [(3, 3, 10), (4, 2, 10), (5, -3, 10)]


def test_a_target_that_goes_back_to_what_is_held_only_cancels() -> None:
    def there_and_back(ctx: Context) -> None:
        ctx.order_target("A", 5)
        assert ctx.order_target("A", 0) is None

    played = on_tens(there_and_back)
    assert played.fates == [("CANCELED", "replaced")]
    assert played.fills == []


def test_a_target_counts_other_working_orders() -> None:
    def mixes(ctx: Context) -> list[int | None]:
        ctx.order("A", 4)
        ctx.order("A", -1, "limit", limit_price=30, tif="GTC")
        return [ctx.order_target("A", 3), ctx.order_target("A", 10)]

    found: list[list[int | None]] = []
    played = on_tens(lambda ctx: found.append(mixes(ctx)))
    assert found == [[None, 3]]
    assert played.trades == [(1, 4, 10), (3, 7, 10)]


def test_weights_and_values_replace_targets_of_every_kind() -> None:
    def mixes(ctx: Context) -> None:
        ctx.order_target("A", 5)
        ctx.order_target("A", weight=0.5)
        ctx.order_target("A", value=200)
        ctx.order_target("A", 7)

    played = on_tens(mixes, cash=1_000)
    assert played.fates == [("CANCELED", "replaced")] * 3 + [("FILLED", "")]
    assert played.position("A") == 7


def test_a_weight_that_is_held_does_nothing() -> None:
    weight: Deed = lambda ctx: ctx.order_target("A", weight=0.55)  # noqa: E731
    assert ids(weight, weight, weight, cash=1_000) == [1, None, None]


@pytest.mark.parametrize("goal", [{"qty": 0}, {"weight": 0}, {"value": 0}])
@pytest.mark.parametrize("held", [7, -7, 0.3])
def test_a_target_of_zero_closes_exactly(held: float, goal: dict[str, Any]) -> None:
    played = on_tens(
        lambda ctx: ctx.order("A", held),
        lambda ctx: ctx.order_target("A", **goal),
        instruments={"default": {"increment": "0.1"}},
    )
    assert played.position("A") == 0.0
    assert played.cash == pytest.approx(100_000)
    assert int(played.simulation.state["positions"][0]["units"]) == 0


def test_one_goal_at_a_time() -> None:
    several: list[dict[str, Any]] = [{}, {"qty": 1, "weight": 0.5}, {"weight": 0.5, "value": 3.0}]

    def tries(ctx: Context) -> None:
        for goals in several:
            with pytest.raises(OrderError, match="exactly one"):
                ctx.order_target("A", **goals)

    on_tens(tries)


# ---------------------------------------------------------------------- cancels


def two_limits(ctx: Context) -> None:
    for symbol in ("A", "B"):
        for tag in ("low", "high"):
            ctx.order(symbol, 1, "limit", limit_price=5, tif="GTC", tag=tag)


def test_cancel_by_tag_and_by_id() -> None:
    counts: list[int] = []

    def cancels(ctx: Context) -> None:
        counts.append(ctx.cancel("low"))
        counts.append(ctx.cancel(2))
        # what is asked for already is not asked for again
        counts.extend([ctx.cancel("low"), ctx.cancel(2), ctx.cancel("no such tag")])
        assert ctx.working_orders() == [4]
        assert ctx.working_orders("A") == []

    played = on_tens(two_limits, cancels)
    assert counts == [2, 1, 0, 0, 0]
    assert played.fates == [("CANCELED", "canceled")] * 3 + [("NEW", "")]


def test_an_order_can_be_cancelled_before_it_leaves() -> None:
    def regrets(ctx: Context) -> None:
        assert ctx.cancel(ctx.order("A", 1)) == 1

    played = on_tens(regrets)
    assert played.fates == [("CANCELED", "canceled")]
    assert played.fills == []


def test_what_is_over_cannot_be_cancelled() -> None:
    found = ids(
        lambda ctx: ctx.order("A", 1, tag="x"), lambda ctx: [ctx.cancel("x"), ctx.cancel(1)]
    )
    assert found == [1, [0, 0]]


@pytest.mark.parametrize("wrong", [0, 9, -1, 1.0, None, True])
def test_cancel_of_nothing_that_exists(wrong: Any) -> None:
    with pytest.raises(OrderError, match="cancel"):
        on_tens(two_limits, lambda ctx: ctx.cancel(wrong))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (None, "found None; use what ctx.order returned. order_target returns None where"),
        (1, "cancel: expected the id of an order, found 1 and no order made yet; use what"),
    ],
)
def test_cancel_says_what_to_do(wrong: Any, text: str) -> None:
    with pytest.raises(OrderError, match=text):
        on_tens(lambda ctx: ctx.cancel(wrong))


def test_a_switch_is_no_word() -> None:
    with pytest.raises(OrderError, match="found 'yes'; write reduce_only=True, or leave it out"):
        on_tens(lambda ctx: ctx.order("A", 1, reduce_only="yes"))  # type: ignore[arg-type]


# ---------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("arguments", "prices", "text"),
    [
        (("AA", 1), {}, "Did you mean 'A'"),
        ((None, 1), {}, "expected one of the data's"),
        (("A", NAN), {}, "finite"),
        (("A", INF), {}, "finite"),
        (("A", "5"), {}, "finite"),
        (("A", True), {}, "finite"),
        (("A", None), {}, "finite"),
        (("A", 1e30), {}, r"2\*\*62"),
        (("A", 1, "limits"), {}, "Did you mean 'limit'"),
        (("A", 1, "trailing"), {}, "market, limit, stop, stop_limit"),
        (("A", 1, "limit"), {}, "limit_price for a limit order"),
        (("A", 1, "stop"), {}, "stop_price for a stop order"),
        (("A", 1, "stop"), {"limit_price": 3.0, "stop_price": 3.0}, "no limit_price"),
        (("A", 1, "stop_limit"), {"stop_price": 3.0}, "limit_price for a stop_limit order"),
        (("A", 1), {"limit_price": 3.0}, "no limit_price"),
        (("A", 1), {"stop_price": 0.0}, "no stop_price"),
        (("A", 1, "limit"), {"limit_price": NAN}, "limit_price to be a finite number"),
        (("A", 1, "limit"), {"limit_price": 10.03}, "use 10.05"),
        (("A", 1, "limit"), {"limit_price": 0.0}, "above 0, found 0; .*allow_nonpositive"),
        (("A", 1, "stop"), {"stop_price": -5.0}, "above 0, found -5"),
        (("A", 1), {"tif": "GOOD"}, "DAY, GTC"),
        (("A", 1), {"tif": "day"}, "DAY, GTC"),
        (("A", 1, "trailing_stop"), {}, "one of trail_amount and trail_percent"),
        (("A", 1, "trailing_stop"), {"trail_amount": 1.0, "trail_percent": 1.0}, "found both"),
        (("A", 1, "trailing_stop"), {"trail_amount": 0.0}, "above 0, found 0"),
        (("A", 1, "trailing_stop"), {"trail_percent": 100.0}, "above 0 and below 100"),
        (("A", 1, "trailing_stop"), {"trail_amount": 1.0, "stop_price": 9.0}, "no stop_price"),
        (("A", 1, "trailing_stop_limit"), {"trail_amount": 1.0}, "limit_offset for a trailing"),
        (("A", 1), {"trail_amount": 1.0}, "no trail_amount for a market order"),
        (("A", 1, "stop"), {"stop_price": 9.0, "limit_offset": 1.0}, "no limit_offset"),
        (("A", 1, "market_on_open"), {"tif": "GTC"}, "tif DAY for a market_on_open"),
        (("A", 1, "stop"), {"stop_price": 9.0, "tif": "FOK"}, "market or limit order with tif"),
        (("A", 1), {"tif": "GTD"}, "good_till with tif GTD"),
        (("A", 1), {"good_till": "2030-01-01"}, "good_till with tif GTD"),
        (("A", 1), {"tif": "GTD", "good_till": "soon"}, "such as '2020-01-31'"),
        (("A", 1), {"tif": "GTD", "good_till": "2030-01-01T10:00"}, "a time with a zone"),
        (("A", 1), {"tif": "GTD", "good_till": "2020-01-01"}, "choose a later date"),
        (("A", 1), {"tif": "GTD", "good_till": "2020-01-01T10:00Z"}, "choose a later time"),
        (("A", 1), {"post_only": True}, "type limit with post_only"),
        (("A", 1, "limit"), {"limit_price": 9.0, "post_only": True, "tif": "IOC"}, "must fill at"),
        (("A", 1), {"reduce_only": 1}, "reduce_only as True or False"),
    ],
)
def test_mistakes_are_named(arguments: tuple[Any, ...], prices: dict[str, Any], text: str) -> None:
    with pytest.raises(OrderError, match=text):
        on_tens(
            lambda ctx: ctx.order(*arguments, **prices),
            instruments={"default": {"tick": 0.05}},
        )


@pytest.mark.parametrize("goal", [{"weight": NAN}, {"value": INF}, {"qty": "5"}, {"weight": True}])
def test_mistakes_in_targets_are_named(goal: dict[str, Any]) -> None:
    with pytest.raises(OrderError, match="finite"):
        on_tens(lambda ctx: ctx.order_target("A", **goal))


def test_a_refused_request_leaves_nothing_behind() -> None:
    def tries(ctx: Context) -> None:
        with pytest.raises(OrderError):
            ctx.order("A", 1, "limit")
        with pytest.raises(OrderError):
            ctx.order_target("A", weight=NAN)
        ctx.order("A", 2)

    played = on_tens(tries)
    assert played.trades == [(1, 2, 10)]


def test_a_target_that_is_a_mistake_does_not_replace() -> None:
    def tries(ctx: Context) -> None:
        ctx.order_target("A", 5)
        for wrong in (NAN, INF):
            with pytest.raises(OrderError):
                ctx.order_target("A", weight=wrong)
            with pytest.raises(OrderError):
                ctx.order_target("A", wrong)

    assert on_tens(tries).fates == [("FILLED", "")]


# ---------------------------------------------------------------------- sizes and refusals


def test_quantities_are_cut_to_increments_and_said_once() -> None:
    def fractions(ctx: Context) -> None:
        for qty in (2.7, 1.2, -0.4):
            ctx.order("A", qty)

    played = on_tens(fractions)
    assert played.trades == [(1, 2, 10), (2, 1, 10)]
    assert played.fates[2] == ("REJECTED", "zero_quantity")
    lines = [line for line in played.simulation.journal.lines if line["event"] == "quantity_cut"]
    assert [(line["symbol"], line["qty"], line["level"]) for line in lines] == [
        ("A", 2.7, "warning")
    ]


def test_several_orders_at_once() -> None:
    batch = [
        Order(symbol="A", qty=1),
        Order(symbol="B", qty=-2, type="limit", limit_price=9.0, tif="GTC", tag="b"),
    ]
    found: list[list[int]] = []

    def submits(ctx: Context) -> None:
        found.append(ctx.submit(batch))
        found.append(ctx.submit(Order(symbol="A", qty=3)))
        found.append(ctx.submit([]))

    played = on_tens(submits)
    assert found == [[1, 2], [3], []]
    assert sorted(played.trades) == [(1, 1, 10), (2, -2, 10), (3, 3, 10)]


@pytest.mark.parametrize(
    ("limits", "fates"),
    [
        ({"max_symbol": 0.5}, ["FILLED", "FILLED", "risk_max_symbol"]),
        ({"max_gross": 0.7}, ["FILLED", "risk_max_gross", "FILLED"]),
        ({"max_gross": 0.9}, ["FILLED", "FILLED", "risk_max_gross"]),
        ({"max_symbol": None}, ["FILLED", "FILLED", "FILLED"]),
    ],
)
def test_risk_limits_refuse_what_goes_beyond(
    limits: dict[str, float | None], fates: list[str]
) -> None:
    """40 % of A, 40 % of B, 20 % more of A; an order that only closes always passes."""

    def trades(ctx: Context) -> None:
        ctx.risk.set(**limits)
        for symbol, qty in (("A", 40), ("B", 40), ("A", 20)):
            ctx.order(symbol, qty)

    played = on_tens(trades, lambda ctx: ctx.order("A", -40), cash=1_000)
    assert [reason or status for status, reason in played.fates[:3]] == fates
    assert played.fates[3] == ("FILLED", "")


def test_leverage_of_the_strategy_s_own() -> None:
    def trades(ctx: Context) -> None:
        ctx.risk.set(max_leverage=0.5)
        ctx.order("A", 60)
        ctx.order("B", 50)

    played = on_tens(trades, cash=1_000)
    assert played.fates == [("REJECTED", "risk_max_leverage"), ("FILLED", "")]
    # 60·10 over 1000 of equity, against 0.5
    assert (played.order(1)["needed"], played.order(1)["available"]) == (0.6, 0.5)


def test_unknown_limits_are_named() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'max_gross'"):
        on_tens(lambda ctx: ctx.risk.set(max_grss=1.0))
    with pytest.raises(ConfigError):
        on_tens(lambda ctx: ctx.risk.set(max_gross=-1.0))


# ---------------------------------------------------------------------- portfolio


def test_the_portfolio_is_current_in_every_hook() -> None:
    def buys(ctx: Context) -> None:
        ctx.order("A", 30)
        ctx.order("B", -20)

    def looks(ctx: Context) -> None:
        book = ctx.portfolio
        assert (book.cash, book.equity) == (900, 1_000)
        assert (book.gross_exposure, book.net_exposure) == (500, 100)
        assert (book.positions_value, book.leverage, book.buying_power) == (100, 0.5, 500)
        assert list(book.positions) == ["A", "B"]
        short = book.positions["B"]
        assert (short.qty, short.avg_price, short.market_value) == (-20, 10, -200)
        assert (book.qty("A"), book.position("A").pnl_unrealized) == (30, 0)
        ctx.order_target("A", 0)
        ctx.order_target("B", 0)

    def flat(ctx: Context) -> None:
        assert ctx.portfolio.positions == {}
        assert ctx.portfolio.position("A").avg_price == 0

    on_tens(buys, looks, flat, nothing, cash=1_000)


def test_the_portfolio_knows_only_symbols_of_the_data() -> None:
    with pytest.raises(OrderError, match="AA"):
        on_tens(lambda ctx: ctx.portfolio.qty("AA"))


def _a(**terms: Any) -> Order:
    return Order(symbol="A", **terms)


@pytest.mark.parametrize(
    ("nodes", "atomic", "text"),
    [
        ([_a()], False, "expected qty, found none"),
        ([_a(qty=1, children=(_a(qty=-1, tif="IOC"),))], False, "DAY, GTC or GTD for a child"),
        ([_a(qty=1, children=(Order(symbol="B"),))], False, "only a child of the same symbol"),
        ([_a(qty=1)], True, "at least two orders"),
        ([_a(qty=1), _a(qty=1, children=(_a(),))], True, "at least two orders without children"),
        ([_a(qty=1), _a(qty=1, type="stop", stop_price=9.0)], True, "found market, stop"),
        ([_a(qty=1), _a(qty=1, tif="GTC")], True, "one tif .* found DAY, GTC"),
        ([_a(qty=1), _a(qty=1, reduce_only=True)], True, "without reduce_only"),
        (["A"], False, "qt.Order or qt.OneCancelsOther"),
    ],
)
def test_mistakes_in_groups_are_named(nodes: list[Any], atomic: bool, text: str) -> None:
    made: list[int] = []

    def ask(ctx: Context) -> None:
        with pytest.raises(OrderError, match=text):
            ctx.submit(nodes, atomic=atomic)
        made.extend(ctx.working_orders())

    on_tens(ask)
    assert made == []  # nothing of the call was sent


def test_legs_that_never_meet_one_print_are_refused() -> None:
    legs = [_a(qty=1), _a(qty=1, type="limit", limit_price=9.0)]
    with pytest.raises(OrderError, match=r"execution.timing"):
        on_tens(
            lambda ctx: ctx.submit(legs, atomic=True),
            execution={"timing": "next_close"},
        )


@pytest.mark.parametrize("given", [None, "A", _a(qty=1), (_a(qty=1),)])
def test_one_order_cannot_cancel_the_other(given: Any) -> None:
    with pytest.raises(OrderError, match="OneCancelsOther"):
        OneCancelsOther(orders=given)


def test_what_is_found_is_counted_and_not_shown_whole() -> None:
    with pytest.raises(OrderError, match=r"two qt.Order objects, found 1; give the orders"):
        OneCancelsOther(orders=(_a(qty=1),))
    with pytest.raises(OrderError, match=r"found 1 and 1 qt.OneCancelsOther; give the orders"):
        OneCancelsOther(orders=(_a(qty=1), OneCancelsOther(orders=(_a(), _a()))))  # type: ignore[arg-type]
    with pytest.raises(OrderError, match="objects, found 'B' among them; write"):
        OneCancelsOther(orders=(_a(qty=1), "B"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "at least one of qty"),
        ({"qty": -5}, "qty on the order's side, which buys, found -5; write 5, or cancel it"),
        ({"stop_price": 9.0}, "no stop_price for this limit order"),
        ({"trail_amount": 9.0}, "no trail_amount for this limit order"),
        ({"limit_price": 0.0}, "above 0"),
        ({"good_till": "2030-01-01"}, "tif GTD to change good_till"),
    ],
)
def test_mistakes_in_amendments_are_named(changes: dict[str, Any], text: str) -> None:
    def ask(ctx: Context) -> None:
        ctx.order("A", 1, "limit", limit_price=9.0)
        with pytest.raises(OrderError, match=text):
            ctx.amend(1, **changes)

    on_tens(ask)


def test_a_new_quantity_is_signed_as_the_order() -> None:
    def ask(ctx: Context) -> int:
        ctx.order("A", -5, "limit", limit_price=12.0)
        with pytest.raises(OrderError, match="side, which sells, found 4; write -4, or cancel it"):
            ctx.amend(1, qty=4)
        return ctx.amend(1, qty=-4)

    assert ids(ask) == [1]


BUY = {"take_profit": 12.0, "stop_loss": 8.0}
SELL = {"take_profit": 8.0, "stop_loss": 12.0}


@pytest.mark.parametrize(
    ("qty", "terms", "text"),
    [
        (5, SELL, "take_profit above stop_loss for a buy, found 8 and 12; exchange"),
        (-5, BUY, "take_profit below stop_loss for a sell, found 12 and 8; exchange"),
        (5, {"take_profit": 9.0, "stop_loss": 9.0}, "take_profit above stop_loss"),
        (
            5,
            {"type": "limit", "limit_price": 8.0, **BUY},
            "limit_price above stop_loss for a buy, found 8 and 8",
        ),
        (
            5,
            {"type": "limit", "limit_price": 12.5, **BUY},
            "take_profit above limit_price for a buy, found 12 and 12.5",
        ),
        (
            -5,
            {"type": "limit", "limit_price": 12.5, **SELL},
            "limit_price below stop_loss for a sell, found 12.5 and 12",
        ),
        (-5, {"type": "stop", "stop_price": 8.0, **SELL}, "take_profit below stop_price"),
        (5, {"type": "stop", "stop_price": 7.0, **BUY}, "stop_price above stop_loss"),
        (
            5,
            {"type": "stop_limit", "stop_price": 11.0, "limit_price": 12.5, **BUY},
            "take_profit above limit_price",
        ),
        (5, {"take_profit": None, "stop_loss": 8.0}, "take_profit to be a finite number"),
        (5, {"take_profit": 12.0, "stop_loss": NAN}, "stop_loss to be a finite number"),
    ],
)
def test_exits_on_the_wrong_side_are_named(qty: float, terms: dict[str, Any], text: str) -> None:
    made: list[int] = []

    def ask(ctx: Context) -> None:
        with pytest.raises(OrderError, match=text):
            ctx.bracket("A", qty, **terms)
        made.extend(ctx.working_orders())

    on_tens(ask)
    assert made == []


@pytest.mark.parametrize(
    ("qty", "terms"),
    [
        # a market entry has no price to hold them to: both lie above the market
        (5, {"take_profit": 30.0, "stop_loss": 20.0}),
        (5, {"type": "stop_limit", "stop_price": 11.0, "limit_price": 11.5, **BUY}),
        (-5, {"type": "limit", "limit_price": 11.0, **SELL}),
        (-5, SELL),
    ],
)
def test_exits_on_their_sides_are_sent(qty: float, terms: dict[str, Any]) -> None:
    assert ids(lambda ctx: ctx.bracket("A", qty, **terms)) == [[1, 2, 3]]


def test_a_target_cannot_be_amended() -> None:
    def ask(ctx: Context) -> None:
        ctx.order_target("A", 5)
        with pytest.raises(OrderError, match="give another target"):
            ctx.amend(1, qty=3)

    on_tens(ask)


def test_a_tag_amends_those_that_have_such_a_price() -> None:
    def ask(ctx: Context) -> int:
        ctx.bracket("A", 5, take_profit=12.0, stop_loss=8.0, tag="b")
        return ctx.amend("b", stop_price=8.5)

    assert ids(ask) == [1]


def test_a_protecting_order_does_not_count_towards_a_target() -> None:
    """Long 5 with a protective stop for 5: the target of 5 is held."""

    def protect(ctx: Context) -> Any:
        ctx.order("A", -5, "stop", stop_price=8.0, tif="GTC", reduce_only=True)
        return ctx.order_target("A", 5)

    assert ids(lambda ctx: ctx.order_target("A", 5), protect) == [1, None]
