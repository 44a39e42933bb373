"""Trading scenarios as text: one file per rule, readable by a trader.

A file is a title, a sentence about the rule, sections in brackets and lines ``Checked:`` with the
sum by hand. Sections:

``[setup]``     settings, ``key value``, dots for nesting; ``bar 1h`` makes intraday bars
``[bars]``      a table: bar, symbol, prices, volume; a bar is a day, or ``day@hh:mm`` (its begin)
``[orders]``    what the strategy does when a bar has ended: ``BAR buy 5 A limit 99 GTC``,
                ``BAR target A weight 0.5``, ``BAR cancel 2``; ``0-4`` means each of these days;
                ``BAR sell 5 A trailing_stop trail 2 GTC reduce_only``; ``GTD till 3`` is day 3;
                ``BAR bracket 10 A limit 99 profit 105 loss 95``; ``BAR amend 1 limit 98``;
                ``BAR oco / sell 5 A limit 105 GTC / sell 5 A stop 95 GTC``, ``BAR atomic / …``
``[fills]``     a table; only the columns in its header are compared; ``at`` is open or close
``[postings]``  a table of the ledger after the deposit
``[ends]``      a table: order, status, reason and so on, for every order
``[end]``       cash, equity and positions at the end

``-`` stands for nothing. Times are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from quant.kernel.codes import FILL_FLAG, POSTING_KIND, names
from quant.lake import Bars, DataOptions, load_bars
from quant.strategy import Context, OneCancelsOther, Order, Slice, Strategy
from quant.strategy.orders import TYPES

from .worlds import DAY_0, Played, play

__all__ = ["ScenarioText", "found_tables", "parse", "run"]

Row = dict[str, str]
ARGUMENTS = {
    "limit": "limit_price",
    "stop": "stop_price",
    "trail": "trail_amount",
    "percent": "trail_percent",
    "offset": "limit_offset",
    "profit": "take_profit",
    "loss": "stop_loss",
    "qty": "qty",
}


@dataclass
class ScenarioText:
    """One file, taken apart."""

    title: str
    setup: dict[str, Any] = field(default_factory=dict)
    bars: list[Row] = field(default_factory=list)
    orders: list[list[str]] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    end: dict[str, float] = field(default_factory=dict)
    checked: list[str] = field(default_factory=list)


def parse(path: Path) -> ScenarioText:
    """A scenario from its file."""
    lines = [line.rstrip() for line in path.read_text().splitlines()]
    scenario = ScenarioText(lines[0].removeprefix("# "))
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] | None = None
    for line in lines[1:]:
        if line.startswith("Checked:"):
            scenario.checked.append(line)
            current = None
        elif line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif current is not None and line.strip():
            current.append(line.split())
    for words in sections.pop("setup", []):
        _set(scenario.setup, words[0].split("."), " ".join(words[1:]))
    scenario.bars = _table(sections.pop("bars"))
    scenario.orders = sections.pop("orders")
    scenario.end = {" ".join(words[:-1]): _number(words[-1]) for words in sections.pop("end")}
    scenario.tables = {name: _table(rows) for name, rows in sections.items()}
    return scenario


def _table(rows: list[list[str]]) -> list[Row]:
    if not rows:
        return []
    header, *body = rows
    return [dict(zip(header, row, strict=True)) for row in body]


def _number(word: str) -> float:
    return float(word.replace(",", ""))


def _value(word: str) -> Any:
    if word in ("true", "false"):
        return word == "true"
    if word == "none":
        return None
    try:
        return int(word) if word.lstrip("-").isdigit() else _number(word)
    except ValueError:
        return word


def _set(tree: dict[str, Any], keys: list[str], word: str) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = _value(word)


# ------------------------------------------------------------------------------------------ the run


def _moment(bar: str) -> date | datetime:
    """The stamp of a bar."""
    day, _, clock = bar.partition("@")
    begin = DAY_0 + timedelta(days=int(day))
    return datetime.combine(begin, time.fromisoformat(clock), UTC) if clock else begin


def _bars(scenario: ScenarioText, step: str | None) -> tuple[Bars, dict[str, int]]:
    """The bars, and the end of each by its name."""
    lines: list[dict[str, Any]] = []
    for row in scenario.bars:
        numbers = {name: row[name] for name in row if name not in ("bar", "symbol")}
        values = {name: None if word == "-" else _number(word) for name, word in numbers.items()}
        lines.append({"ts": _moment(row["bar"]), "symbol": row["symbol"], **values})
    bars = load_bars(pl.DataFrame(lines), DataOptions(calendar="24/7", bar=step))
    by_symbol: dict[str, list[str]] = {}
    for row in scenario.bars:
        by_symbol.setdefault(row["symbol"], []).append(row["bar"])
    in_order = [bar for symbol in sorted(by_symbol) for bar in by_symbol[symbol]]
    return bars, dict(zip(in_order, bars.ts_close.tolist(), strict=True))


class Acts(Strategy):
    """Does what the lines of ``[orders]`` say."""

    def __init__(self, orders: list[list[str]], ends: dict[str, int]) -> None:
        self.due: dict[int, list[list[str]]] = {}
        for when, *words in orders:
            for bar in _each(when):
                self.due.setdefault(ends[bar], []).append(words)

    def on_slice(self, market: Slice, ctx: Context) -> None:
        for words in self.due.get(market.ts, []):
            _act(words, ctx)


def _each(when: str) -> list[str]:
    """The bars named by ``3``, ``3@10:00`` or ``0-14``."""
    first, dash, last = when.partition("-")
    return [str(day) for day in range(int(first), int(last) + 1)] if dash else [when]


def _act(words: list[str], ctx: Context) -> None:
    verb, *rest = words
    if verb == "cancel":
        ctx.cancel(int(rest[0]))
    elif verb == "amend":
        ctx.amend(int(rest[0]), **_terms(rest[1:]))
    elif verb == "target":
        symbol, kind, amount = rest
        goal: dict[str, Any] = {kind: float(amount)}
        ctx.order_target(symbol, **goal)
    elif verb == "bracket":
        qty, symbol, *more = rest
        ctx.bracket(symbol, float(qty), more[0] if more[0] in TYPES else "market", **_terms(more))
    elif verb in ("oco", "atomic"):
        members = tuple(_order(part) for part in _split(rest))
        if verb == "oco":
            ctx.submit(OneCancelsOther(orders=members))
        else:
            ctx.submit(list(members), atomic=True)
    else:
        ctx.submit(_order(words))


def _split(words: list[str]) -> list[list[str]]:
    """The parts between slashes."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "/":
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _order(words: list[str]) -> Order:
    """``buy 5 A``, a type where its prices do not say it, prices and conditions."""
    verb, qty, symbol, *more = words
    terms = _terms(more)
    kind = "_".join(name for name in ("stop", "limit") if f"{name}_price" in terms)
    kind = next((word for word in more if word in TYPES and "_" in word), kind) or "market"
    sign = 1 if verb == "buy" else -1
    return Order(symbol=symbol, qty=sign * float(qty), type=kind, **terms)


def _terms(words: list[str]) -> dict[str, Any]:
    """The arguments that words and the numbers after them stand for."""
    found: dict[str, Any] = {
        argument: float(words[words.index(word) + 1])
        for word, argument in ARGUMENTS.items()
        if word in words and words.index(word) + 1 < len(words)
        if words[words.index(word) + 1] not in TYPES
    }
    for life in ("GTC", "GTD", "IOC", "FOK"):
        if life in words:
            found["tif"] = life
    if "till" in words:
        found["good_till"] = DAY_0 + timedelta(days=int(words[words.index("till") + 1]))
    for flag in ("reduce_only", "post_only"):
        if flag in words:
            found[flag] = True
    return found


def run(scenario: ScenarioText) -> tuple[Played, dict[str, int]]:
    """The scenario through the event front, and the end of each bar by its name."""
    setup = dict(scenario.setup)
    bars, ends = _bars(scenario, setup.pop("bar", None))
    increment = setup.pop("increment", "1")
    instruments = {"default": {"increment": str(increment), **setup.pop("instrument", {})}}
    config = {"cash": 1_000, **setup, "instruments": instruments}
    return play(Acts(scenario.orders, ends), bars, config), ends


# --------------------------------------------------------------------------------------- the answer


def found_tables(played: Played, ends: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """Fills, postings, order ends and equity rows with every column a file may name."""
    state = played.simulation.state
    kinds = names(POSTING_KIND)
    postings = [
        {"kind": kinds[int(p["kind"])], "amount": float(p["amount"]), "ref": int(p["ref"])}
        for p in state.used("postings")[1:]
    ]
    orders = [
        {
            **row,
            "reason": row["reason"] or "-",
            "filled": row["filled_units"],
            "needed": float(record["needed"]),
            "available": float(record["available"]),
        }
        for row, record in zip(played.orders, state.used("orders"), strict=True)
    ]
    bar_of = {ts: bar for bar, ts in ends.items()}
    equity = [{"bar": bar_of[ts], "cash": cash, "equity": e} for ts, cash, e in played.equity]
    return {
        "fills": _fills(played, ends),
        "postings": postings,
        "ends": orders,
        "equity": equity,
    }


def _fills(played: Played, ends: dict[str, int]) -> list[dict[str, Any]]:
    """Fills with the bar they were made in, and at which end of it."""
    bars = played.simulation.bars
    words_of = names(FILL_FLAG)
    bar_of = {ts: bar for bar, ts in ends.items()}
    fills = []
    for row, record in zip(played.fills, played.simulation.state.used("fills"), strict=True):
        i = bars.symbols.index(row["symbol"])
        own = slice(int(bars.offsets[i]), int(bars.offsets[i + 1]))
        begun = bars.ts_open[own] <= row["ts"]
        ended = bars.ts_close[own] == row["ts"]
        # at a shared instant the reason says which of the two bars it was
        at_close = ended.any() and not (begun.sum() > ended.argmax() + 1 and _is_open(row))
        place = ended.argmax() if at_close else begun.sum() - 1
        words = [word for bit, word in words_of.items() if int(record["flags"]) & bit]
        fills.append(
            {
                **row,
                "bar": bar_of[int(bars.ts_close[own][place])],
                "at": "close" if at_close else "open",
                "qty": played.quantity(row),
                "raw": row["price_raw"],
                "flags": "+".join(words) or "-",
                "impact": float(record["impact"]),
                "fees": float(record["fees"]),
            }
        )
    return fills


def _is_open(row: dict[str, Any]) -> bool:
    return str(row["reason"]).endswith("_open")
