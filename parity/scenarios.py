"""Scenarios of one rule each, as plain data that any tool can be given as JSON.

A scenario has a few daily bars, in which one rule decides, and a script: what a strategy orders at
the close of which bar. It has no opinion about what is right; `parity.compare` runs it through a
peer and through quant under the peer's profile and sets the fills side by side.

Fields: ``name``, ``title``, ``rule`` (one sentence), ``cash``, ``commission`` (``rate``, or
``per_share`` with ``minimum``), ``slippage`` (fraction of the price), ``participation`` (fraction
of a bar's volume, or null), ``timing`` (null: each tool's own default; ``same_close``: the close of
the bar of decision), ``short`` (whether it sells what it does not have), ``bars`` (open, high, low,
close, volume by symbol), ``script`` (actions by bar).

Actions: ``order`` (symbol, signed qty, type market, limit, stop, stop_limit, trailing_stop,
market_if_touched or market_on_close, with limit, stop, trail or percent; tif GTC, or DAY: valid in
the next session only; name), ``weights`` (fractions of equity by symbol, the rest is left alone),
``bracket`` (symbol, qty, target, stop), ``oco`` (two orders of which one cancels the other),
``cancel`` (name).
"""

from __future__ import annotations

from typing import Any

Action = dict[str, Any]
Rows = list[list[float]]
VOLUME = 1_000_000.0
# Ten sessions of the New York Stock Exchange without a holiday between them.
SESSIONS = tuple(f"2023-06-{day:02d}" for day in (5, 6, 7, 8, 9, 12, 13, 14, 15, 16))


def order(symbol: str, qty: int, type: str = "market", **more: Any) -> Action:
    """One order; ``more`` are its prices, its name and how long it is valid."""
    return {"do": "order", "symbol": symbol, "qty": qty, "type": type, "tif": "GTC"} | more


def bracket(symbol: str, qty: int, target: float, stop: float) -> Action:
    """An entry at the market with a target and a stop of which one cancels the other."""
    return {"do": "bracket", "symbol": symbol, "qty": qty, "target": target, "stop": stop}


def weights(**by_symbol: float) -> Action:
    """Bring each symbol to a fraction of equity."""
    return {"do": "weights", "weights": by_symbol}


def bars(*rows: tuple[float, float, float, float]) -> Rows:
    """Bars of ample volume from open, high, low and close."""
    return [[*row, VOLUME] for row in rows]


def flat(*prices: float) -> Rows:
    """Bars that open at one price and close half a point higher, a point wide either way."""
    return bars(*((p, p + 1.0, p - 1.0, p + 0.5) for p in prices))


def scenario(
    name: str,
    title: str,
    rule: str,
    bars: dict[str, Rows],
    script: dict[int, list[Action]],
    **settings: Any,
) -> dict[str, Any]:
    """A scenario with every field, those not given at their defaults."""
    usual = {
        "cash": 100_000.0,
        "commission": None,
        "slippage": 0.0,
        "participation": None,
        "timing": None,
        "short": False,
    }
    unknown = set(settings) - set(usual)
    if unknown:
        raise ValueError(f"scenario {name}: unknown setting {', '.join(sorted(unknown))}.")
    steps = {str(bar): actions for bar, actions in script.items()}
    described = {"name": name, "title": title, "rule": rule}
    return described | usual | settings | {"bars": bars, "script": steps}


ENTRY = order("AAA", 100)
FLAT = {"AAA": flat(100, 102, 101, 104, 103, 105)}
TRAILED = {
    "AAA": flat(100, 100)
    + bars((101, 104, 100.5, 103), (103, 108, 102.5, 107), (106, 106.5, 102, 103))
    + bars((103, 104, 101, 102))
}

MARKET = [
    scenario(
        "market_order",
        "A market order",
        "A market order decided at a close fills at the first print the tool gives it.",
        FLAT,
        {0: [ENTRY], 3: [order("AAA", -100)]},
    ),
    scenario(
        "same_bar_close",
        "A market order at the close it was decided at",
        "Asked for, a market order fills at the very close it was decided at.",
        FLAT,
        {0: [ENTRY], 3: [order("AAA", -100)]},
        timing="same_close",
    ),
    scenario(
        "market_on_close",
        "A market order for the close of the next session",
        "Decided at a close, it fills at the next one.",
        FLAT,
        {0: [order("AAA", 100, "market_on_close")], 3: [order("AAA", -100, "market_on_close")]},
    ),
    scenario(
        "reversal",
        "Long to short in one order",
        "One order for twice the position closes it and opens the opposite one.",
        FLAT,
        {0: [ENTRY], 2: [order("AAA", -200)]},
        commission={"kind": "rate", "rate": 0.001},
        short=True,
    ),
    scenario(
        "scale_in_and_out",
        "Add to a position, then leave it in parts",
        "Entries add up at their own prices; each exit is one fill of its own.",
        FLAT,
        {
            0: [ENTRY],
            1: [order("AAA", 50)],
            2: [order("AAA", -60)],
            3: [order("AAA", -90)],
        },
        commission={"kind": "rate", "rate": 0.001},
    ),
]

MONEY = [
    scenario(
        "not_enough_cash",
        "An order larger than the account",
        "An order for 120 shares at about 100 meets an account of 10,000.",
        FLAT,
        {0: [order("AAA", 120)]},
        cash=10_000.0,
    ),
    scenario(
        "gap_beyond_cash",
        "Affordable when decided, too dear when filled",
        "99 shares cost 9,900 at the close of decision, 10,197 at the next open; cash is 10,000.",
        {"AAA": bars((100, 101, 99, 100), (103, 104, 102, 103.5), (103, 104, 102, 103))},
        {0: [order("AAA", 99)]},
        cash=10_000.0,
    ),
    scenario(
        "exits_before_entries",
        "A purchase paid by a sale of the same bar",
        "The purchase, sent first, can only be paid by the sale sent after it for the same print.",
        {"AAA": flat(100, 100, 100, 100, 103), "BBB": flat(50, 50, 50, 50, 50)},
        {0: [order("BBB", 190)], 2: [order("AAA", 90), order("BBB", -190)]},
        cash=10_000.0,
    ),
    scenario(
        "rebalance",
        "Several assets to weights",
        "Weights of equity become whole shares; later weights trade only the difference.",
        {
            "AAA": bars((100, 101, 99, 100), (100, 101, 99, 100), (110, 111, 109, 110))
            + flat(112, 113),
            "BBB": bars((50, 51, 49, 50), (50, 51, 49, 50), (47, 48, 46, 47)) + flat(48, 49),
            "CCC": bars((20, 21, 19, 20), (20, 21, 19, 20), (23, 24, 22, 23)) + flat(22, 24),
        },
        {0: [weights(AAA=0.4, BBB=0.3, CCC=0.2)], 2: [weights(AAA=0.1, BBB=0.6, CCC=0.2)]},
    ),
    scenario(
        "whole_equity_with_costs",
        "All of the equity into one asset, with a commission",
        "A weight of 1 and a commission of 1 %: the price and its commission cannot both be paid.",
        FLAT,
        {0: [weights(AAA=1.0)], 3: [weights(AAA=0.5)]},
        cash=10_000.0,
        commission={"kind": "rate", "rate": 0.01},
    ),
    scenario(
        "short_with_costs",
        "A short sale with commission and slippage",
        "Slippage moves each price against the order, the commission is taken of the moved price.",
        FLAT,
        {0: [order("AAA", -100)], 3: [order("AAA", 100)]},
        commission={"kind": "rate", "rate": 0.001},
        slippage=0.0005,
        short=True,
    ),
    scenario(
        "short_proceeds",
        "A purchase paid by the proceeds of a short sale",
        "9,000 of shares sold short bring the cash for a purchase larger than the account.",
        {"AAA": flat(100, 100, 100, 100, 103), "BBB": flat(100, 100, 100, 100, 98)},
        {0: [order("BBB", -90)], 2: [order("AAA", 150)]},
        cash=10_000.0,
        short=True,
    ),
    scenario(
        "minimum_commission",
        "A commission per share with a minimum per order",
        "Half a cent per share, at least one dollar per order.",
        FLAT,
        {0: [ENTRY], 1: [order("AAA", 400)], 3: [order("AAA", -500)]},
        commission={"kind": "per_share", "per_share": 0.005, "minimum": 1.0},
    ),
    scenario(
        "minimum_commission_on_reversal",
        "The minimum when one order closes and opens",
        "One order that reverses a position pays one minimum, or one for each of its halves.",
        FLAT,
        {0: [ENTRY], 2: [order("AAA", -200)]},
        commission={"kind": "per_share", "per_share": 0.005, "minimum": 1.0},
        short=True,
    ),
    scenario(
        "volume_cap",
        "No more than a tenth of the volume",
        "1,000 shares fill in parts of a tenth of 3,000, 2,000, 4,000, 1,000 or 5,000.",
        {
            "AAA": [
                [*row[:4], volume]
                for row, volume in zip(
                    flat(100, 102, 101, 104, 103, 105),
                    (3_000.0, 2_000.0, 4_000.0, 1_000.0, 5_000.0, 3_000.0),
                    strict=True,
                )
            ]
        },
        {0: [order("AAA", 1_000)]},
        cash=1_000_000.0,
        participation=0.1,
    ),
]

RESTING = [
    scenario(
        "stop_through_gap",
        "A stop that the market opens beyond",
        "A sell stop at 95 meets an open of 92.",
        {"AAA": flat(100, 100, 99) + bars((92, 94, 91, 93), (93, 94, 92, 93))},
        {0: [ENTRY], 1: [order("AAA", -100, "stop", stop=95.0)]},
    ),
    scenario(
        "stop_inside_bar",
        "A stop reached inside a bar",
        "A sell stop at 95 in a bar that opens at 98 and falls to 94.",
        {"AAA": flat(100, 100, 99) + bars((98, 99, 94, 96), (96, 97, 95, 96))},
        {0: [ENTRY], 1: [order("AAA", -100, "stop", stop=95.0)]},
    ),
    scenario(
        "limit_through_gap",
        "A limit that the market opens beyond",
        "A buy limit at 98 meets an open of 95.",
        {"AAA": flat(100, 101) + bars((95, 97, 94, 96), (96, 97, 95, 96))},
        {0: [order("AAA", 100, "limit", limit=98.0)]},
    ),
    scenario(
        "limit_touched",
        "A limit touched exactly",
        "A buy limit at 97 in a bar whose low is 97.",
        {"AAA": flat(100, 101) + bars((99, 100, 97, 99), (99, 100, 98, 99))},
        {0: [order("AAA", 100, "limit", limit=97.0)]},
    ),
    scenario(
        "stop_with_slippage",
        "A stop, with slippage",
        "A sell stop at 95 in a bar that falls to 94, with slippage of 0.1 %.",
        {"AAA": flat(100, 100, 99) + bars((98, 99, 94, 96), (96, 97, 95, 96))},
        {0: [ENTRY], 1: [order("AAA", -100, "stop", stop=95.0)]},
        slippage=0.001,
    ),
    scenario(
        "limit_with_slippage",
        "A resting limit that the market opens beyond, with slippage",
        "A buy limit at 98 has rested for a day when a bar opens at 95; slippage is 0.1 %.",
        {"AAA": flat(100, 101, 101) + bars((95, 97, 94, 96), (96, 97, 95, 96))},
        {0: [order("AAA", 100, "limit", limit=98.0)]},
        slippage=0.001,
    ),
    scenario(
        "market_if_touched",
        "An order that becomes a market order when the price falls to it",
        "A purchase if touched at 97 in a bar that falls from 99 to 96.",
        {"AAA": flat(100, 101) + bars((99, 100, 96, 98), (98, 99, 97, 98))},
        {0: [order("AAA", 100, "market_if_touched", stop=97.0)]},
    ),
    scenario(
        "stop_limit_inside_bar",
        "A stop-limit triggered inside a bar",
        "A buy stop at 105 with a limit of 106 in a bar that rises from 103 to 107.",
        {"AAA": flat(100, 101) + bars((103, 107, 102, 106.5), (106.5, 107, 106.2, 107))},
        {0: [order("AAA", 100, "stop_limit", stop=105.0, limit=106.0)]},
    ),
    scenario(
        "stop_limit_through_gap",
        "A stop-limit that the market opens beyond",
        "A buy stop at 105 with a limit of 106 meets an open of 108; the price is 105 a bar later.",
        {
            "AAA": flat(100, 101)
            + bars((108, 110, 107, 109), (107, 108, 104, 107), (107, 108, 106, 107))
        },
        {0: [order("AAA", 100, "stop_limit", stop=105.0, limit=106.0)]},
    ),
    scenario(
        "trailing_stop",
        "A stop that trails by an amount",
        "A sell stop trails the market by 4: it rises with it and does not fall with it.",
        TRAILED,
        {0: [ENTRY], 1: [order("AAA", -100, "trailing_stop", trail=4.0)]},
    ),
    scenario(
        "trailing_stop_percent",
        "A stop that trails by a percentage",
        "A sell stop trails the market by 4 %: it rises with it and does not fall with it.",
        TRAILED,
        {0: [ENTRY], 1: [order("AAA", -100, "trailing_stop", percent=4.0)]},
    ),
    scenario(
        "day_order",
        "An order valid for a day",
        "A buy limit at 97, valid in the next session only, is met a session too late.",
        {"AAA": flat(100, 101) + bars((99, 100, 96, 98), (98, 99, 97, 98))},
        {0: [order("AAA", 100, "limit", limit=97.0, tif="DAY")]},
    ),
    scenario(
        "cancel",
        "An order withdrawn before it is met",
        "A buy limit at 97 is cancelled at the close before the bar that would have met it.",
        {"AAA": flat(100, 101) + bars((99, 100, 96, 98), (98, 99, 97, 98))},
        {
            0: [order("AAA", 100, "limit", limit=97.0, name="bid")],
            1: [{"do": "cancel", "name": "bid"}],
        },
    ),
]

GROUPS = [
    scenario(
        "bracket_target",
        "A bracket whose target is met",
        "Target 105, stop 95; the third bar reaches 106.",
        {"AAA": flat(100, 100) + bars((102, 106, 101, 104), (104, 105, 103, 104))},
        {0: [bracket("AAA", 100, 105.0, 95.0)]},
    ),
    scenario(
        "bracket_stop",
        "A bracket whose stop is met",
        "Target 105, stop 95; the third bar falls to 94.",
        {"AAA": flat(100, 100) + bars((98, 99, 94, 96), (96, 97, 95, 96))},
        {0: [bracket("AAA", 100, 105.0, 95.0)]},
    ),
    scenario(
        "bracket_gap",
        "A bracket that the market opens beyond",
        "Target 105, stop 95; the third bar opens at 108.",
        {"AAA": flat(100, 100) + bars((108, 109, 107, 108), (108, 109, 107, 108))},
        {0: [bracket("AAA", 100, 105.0, 95.0)]},
    ),
    scenario(
        "bracket_both",
        "A bar that reaches target and stop",
        "Target 105, stop 95; the third bar opens at 101 and spans 94 to 106.",
        {"AAA": flat(100, 100) + bars((101, 106, 94, 100), (100, 101, 99, 100))},
        {0: [bracket("AAA", 100, 105.0, 95.0)]},
    ),
    scenario(
        "bracket_both_short",
        "A bar that reaches target and stop of a short position",
        "Target 95, stop 105; the third bar opens at 101 and spans 94 to 106.",
        {"AAA": flat(100, 100) + bars((101, 106, 94, 100), (100, 101, 99, 100))},
        {0: [bracket("AAA", -100, 95.0, 105.0)]},
        short=True,
    ),
    scenario(
        "bracket_in_entry_bar",
        "A target met in the bar of the entry",
        "Target 105, stop 95; the bar that the entry fills in reaches 106.",
        {
            "AAA": flat(100)
            + bars((100, 106, 99, 104), (104, 104.5, 103, 104), (104, 104.5, 103, 104))
        },
        {0: [bracket("AAA", 100, 105.0, 95.0)]},
    ),
    scenario(
        "oco",
        "One cancels the other",
        "A sale at 105 and a stop at 95 over one position: the first met ends the other.",
        {
            "AAA": flat(100, 100, 100)
            + bars((102, 106, 101, 104), (96, 97, 93, 95), (95, 96, 94, 95))
        },
        {
            0: [ENTRY],
            1: [
                {
                    "do": "oco",
                    "orders": [
                        order("AAA", -100, "limit", limit=105.0),
                        order("AAA", -100, "stop", stop=95.0),
                    ],
                }
            ],
        },
    ),
]

SCENARIOS = [*MARKET, *MONEY, *RESTING, *GROUPS]
