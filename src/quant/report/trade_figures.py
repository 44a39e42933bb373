"""Figures of the closed trades: results, sides, holding times, and prices met while held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quant.report import measures
from quant.report.measures import Figure, Undefined, mean, median, ratio
from quant.report.metric_sheet import NO_TIME, NO_TRADES, Sheet
from quant.report.trades import TradeArrays

__all__ = ["TradeColumns", "put_trades"]

_NS_PER_DAY = 86_400_000_000_000
_NO_WIN, _NO_LOSS = "There are no winning trades.", "There are no losing trades."


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeColumns:
    """Trades in order of exit, one value per trade; a column that is not known is None.

    Attributes
    ----------
    pnl_net : list of float
        Money.
    returns : list of float
        `pnl_net` over the entry notional.
    side : list of int
        +1 long, -1 short.
    held_ns : list of int
        Nanoseconds from entry to exit.
    bars_held : list of int
        Exit bar minus entry bar.
    mae, mfe : list of float
        Worst and best price while held, as fractions of the entry price.
    move : list of float
        Exit price minus entry price in the direction of the trade, over the entry price.
    """

    pnl_net: Sequence[float]
    returns: Sequence[float] | None = None
    side: Sequence[int] | None = None
    held_ns: Sequence[int] | None = None
    bars_held: Sequence[int] | None = None
    mae: Sequence[float] | None = None
    mfe: Sequence[float] | None = None
    move: Sequence[float] | None = None

    @classmethod
    def of(cls, trades: TradeArrays) -> TradeColumns:
        """All columns of the trades of a run."""
        apart = trades.side * (trades.exit_price - trades.entry_price)
        return cls(
            pnl_net=trades.pnl_net.tolist(),
            returns=trades.return_.tolist(),
            side=trades.side.tolist(),
            held_ns=(trades.exit_ts - trades.entry_ts).tolist(),
            bars_held=trades.bars_held.tolist(),
            mae=trades.mae.tolist(),
            mfe=trades.mfe.tolist(),
            move=(apart / np.abs(trades.entry_price)).tolist(),
        )


def put_trades(sheet: Sheet, trades: TradeColumns, currency: str) -> None:
    """All figures of the groups *Trades* and *While held*."""
    _put_counts(sheet, trades.pnl_net, currency)
    _put_quality(sheet, trades.pnl_net, currency)
    _put_returns(sheet, trades.returns)
    _put_sides(sheet, trades, currency)
    _put_holding(sheet, trades)
    _put_bars(sheet, trades.bars_held)
    _put_excursions(sheet, trades)
    _put_edge(sheet, trades)


def _lack(sheet: Sheet, column: str, *names: str) -> None:
    sheet.lack(names, f"The trades have no column {column}.")


def _put_counts(sheet: Sheet, net: Sequence[float], currency: str) -> None:
    n = len(net)
    wins, losses = [x for x in net if x > 0], [x for x in net if x < 0]
    for name, count in (
        ("total_trades", n),
        ("winning_trades", len(wins)),
        ("losing_trades", len(losses)),
    ):
        sheet.put(name, count, n)
    sheet.put("win_rate", ratio(len(wins), n, NO_TRADES), n)
    sheet.put("loss_rate", ratio(len(losses), n, NO_TRADES), n)
    won, lost = math.fsum(wins), math.fsum(losses)
    factor = ratio(won, -lost, _NO_LOSS if n else NO_TRADES)
    sheet.put("profit_factor", factor, n, sum_of_wins=won, sum_of_losses=lost)
    average = mean(net, NO_TRADES)
    sheet.put("expectancy", average, n, currency=currency)
    sheet.put("avg_trade_pnl", average, n, currency=currency)
    sheet.put("median_trade_pnl", median(net, NO_TRADES), n, currency=currency)
    sheet.put("avg_win", mean(wins, _NO_WIN), len(wins), currency=currency)
    sheet.put("avg_loss", mean(losses, _NO_LOSS), len(losses), currency=currency)
    sheet.put("largest_win", max(wins) if wins else Undefined(_NO_WIN), len(wins))
    sheet.put("largest_loss", min(losses) if losses else Undefined(_NO_LOSS), len(losses))


def _put_quality(sheet: Sheet, net: Sequence[float], currency: str) -> None:
    n, years = len(net), sheet.rows.years
    won, lost = sheet.figure("avg_win"), sheet.figure("avg_loss")
    size = lost if isinstance(lost, Undefined) else -lost
    payoff = ratio(won, size, _NO_LOSS)
    sheet.put("payoff_ratio", payoff, n)
    wins = sum(1 for x in net if x > 0)
    decided = wins + sum(1 for x in net if x < 0)
    share = ratio(wins, decided, NO_TRADES)
    lose = share if isinstance(share, Undefined) else 1.0 - share
    part = ratio(lose, payoff, _NO_WIN)
    kelly: Figure = part
    if not isinstance(share, Undefined) and not isinstance(part, Undefined):
        kelly = share - part
    sheet.put("kelly_fraction", kelly, decided)
    few = NO_TRADES if n == 0 else "There is one closed trade; it needs two."
    sheet.put("sqn", measures.system_quality(net, few), n, ddof=1)
    spread = measures.deviation(net) if n > 1 else Undefined(few)
    sheet.put("trade_pnl_deviation", spread, n, currency=currency, ddof=1)
    sheet.put("max_consecutive_wins", measures.longest_run([x > 0 for x in net]), n)
    sheet.put("max_consecutive_losses", measures.longest_run([x < 0 for x in net]), n)
    sheet.put("trades_per_year", ratio(n, years, NO_TIME), n, years=years)


def _put_returns(sheet: Sheet, found: Sequence[float] | None) -> None:
    names = ("avg_trade_return_pct", "best_trade_return_pct", "worst_trade_return_pct")
    if found is None:
        _lack(sheet, "return", *names)
        return
    n = len(found)
    sheet.put("avg_trade_return_pct", mean(found, NO_TRADES), n)
    sheet.put("best_trade_return_pct", max(found) if found else Undefined(NO_TRADES), n)
    sheet.put("worst_trade_return_pct", min(found) if found else Undefined(NO_TRADES), n)


def _put_sides(sheet: Sheet, trades: TradeColumns, currency: str) -> None:
    for word, sign in (("long", 1), ("short", -1)):
        names = (f"{word}_trades", f"{word}_win_rate", f"{word}_pnl")
        if trades.side is None:
            _lack(sheet, "side", *names)
            continue
        pairs = zip(trades.pnl_net, trades.side, strict=True)
        net = [pnl for pnl, side in pairs if side == sign]
        wins, n = sum(1 for x in net if x > 0), len(net)
        sheet.put(names[0], n, len(trades.pnl_net))
        sheet.put(names[1], ratio(wins, n, f"There are no closed {word} trades."), n)
        sheet.put(names[2], math.fsum(net), n, currency=currency)


def _put_holding(sheet: Sheet, trades: TradeColumns) -> None:
    names = ("avg_holding_days", "max_holding_days")
    if trades.held_ns is None:
        both = (*names, "avg_win_holding_days", "avg_loss_holding_days")
        _lack(sheet, "entry_ts and exit_ts", *both)
        return
    held, n = trades.held_ns, len(trades.held_ns)
    sheet.put("avg_holding_days", ratio(sum(held), n * _NS_PER_DAY, NO_TRADES), n)
    longest: Figure = max(held) / _NS_PER_DAY if held else Undefined(NO_TRADES)
    sheet.put("max_holding_days", longest, n)
    for name, sign, absent in (
        ("avg_win_holding_days", 1, _NO_WIN),
        ("avg_loss_holding_days", -1, _NO_LOSS),
    ):
        pairs = zip(held, trades.pnl_net, strict=True)
        part = [ns for ns, pnl in pairs if pnl * sign > 0]
        sheet.put(name, ratio(sum(part), len(part) * _NS_PER_DAY, absent), len(part))


def _put_bars(sheet: Sheet, held: Sequence[int] | None) -> None:
    if held is None:
        _lack(sheet, "bars_held", "avg_holding_bars")
        return
    sheet.put("avg_holding_bars", ratio(sum(held), len(held), NO_TRADES), len(held))


def _put_excursions(sheet: Sheet, trades: TradeColumns) -> None:
    for column, values, worst in (
        ("mae", trades.mae, "worst_mae"),
        ("mfe", trades.mfe, "best_mfe"),
    ):
        of_part = "avg_mae_wins" if column == "mae" else "avg_mfe_losses"
        if values is None:
            _lack(sheet, column, f"avg_{column}", f"median_{column}", worst, of_part)
            continue
        n, sign = len(values), 1 if column == "mae" else -1
        furthest = (min if column == "mae" else max)(values, default=0.0)
        sheet.put(f"avg_{column}", mean(values, NO_TRADES), n)
        sheet.put(f"median_{column}", median(values, NO_TRADES), n)
        sheet.put(worst, furthest if n else Undefined(NO_TRADES), n)
        pairs = zip(values, trades.pnl_net, strict=True)
        part = [value for value, pnl in pairs if pnl * sign > 0]
        sheet.put(of_part, mean(part, _NO_WIN if sign > 0 else _NO_LOSS), len(part))


def _put_edge(sheet: Sheet, trades: TradeColumns) -> None:
    if trades.mae is None or trades.mfe is None:
        _lack(sheet, "mae and mfe", "edge_ratio")
    else:
        best, worst = sheet.figure("avg_mfe"), sheet.figure("avg_mae")
        size = worst if isinstance(worst, Undefined) else -worst
        no_loss = "No trade was ever below its entry price."
        sheet.put("edge_ratio", ratio(best, size, no_loss), len(trades.mae))
    if trades.mfe is None or trades.move is None:
        _lack(sheet, "mfe, entry_price or exit_price", "mfe_captured")
        return
    kept, most = math.fsum(trades.move), math.fsum(trades.mfe)
    never = "No trade was ever above its entry price." if trades.mfe else NO_TRADES
    inputs = {"sum_of_moves": kept, "sum_of_mfe": most}
    sheet.put("mfe_captured", ratio(kept, most, never), len(trades.mfe), **inputs)
