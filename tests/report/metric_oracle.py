"""A second sum for every metric: from the files of a run folder, without the code under test.

Nothing of ``quant`` is imported. The tables are read with pandas and the sums are those of numpy
and pandas, or written out; speed and the last digit do not matter. `ORACLE` names one function per
metric; a figure that is NaN, infinite, or has no observations does not exist and is None.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["ORACLE", "Tables", "expected"]

YEAR_DAYS = 365.25
PERIODS = {"XNYS": 252, "24/7": 365, "weekdays": 261}


@dataclass(frozen=True, eq=False)
class Tables:
    """A run folder, and the benchmark's equity at its rows."""

    path: Path
    benchmark: np.ndarray | None

    def _read(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.path / f"{name}.csv")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.path / "manifest.json").read_text())

    @cached_property
    def equity(self) -> pd.DataFrame:
        table = self._read("equity")
        table["session"] = pd.to_datetime(table["session"])
        return table

    @cached_property
    def fills(self) -> pd.DataFrame:
        table = self._read("fills")
        table["multiplier"] = [self.multiplier(symbol) for symbol in table["symbol"]]
        return table

    @cached_property
    def trades(self) -> pd.DataFrame:
        table = self._read("trades")
        for name in ("entry_ts", "exit_ts"):
            table[name] = pd.to_datetime(table[name])
        table["days"] = (table["exit_ts"] - table["entry_ts"]) / pd.Timedelta(days=1)
        return table

    @cached_property
    def orders(self) -> pd.DataFrame:
        return self._read("orders")

    @cached_property
    def held(self) -> pd.DataFrame:
        """The last row of each symbol in each session, where it is not flat."""
        table = self._read("positions")
        table["session"] = pd.to_datetime(table["session"])
        last = table.groupby(["session", "symbol"], as_index=False).last()
        last = last[last["qty"] != 0].copy()
        last["weight"] = last["market_value"].abs() / self.ends.loc[last["session"]].to_numpy()
        return last

    def multiplier(self, symbol: str) -> float:
        settings = self.manifest["config"]["instruments"]
        return float(settings.get(symbol, settings["default"])["multiplier"])

    @cached_property
    def periods(self) -> int:
        return PERIODS[self.manifest["calendar"]]

    @cached_property
    def risk_free(self) -> float:
        return float(self.manifest["config"]["risk_free"])

    @cached_property
    def rate(self) -> float:
        return (1 + self.risk_free) ** (1 / self.periods) - 1

    @cached_property
    def limit(self) -> float:
        return float(self.manifest["config"]["account"].get("k", 1.0))

    @cached_property
    def value(self) -> np.ndarray:
        return self.equity["equity"].to_numpy()

    @cached_property
    def flow(self) -> np.ndarray:
        """Deposits less withdrawals by the row they first show in; the first posting opens."""
        table = self._read("ledger")[1:]
        table = table[table["kind"].isin(["deposit", "withdrawal"])]
        ends = pd.to_datetime(self.equity["ts"], format="ISO8601")
        found = np.zeros(len(ends))
        for when, amount in zip(
            pd.to_datetime(table["ts"], format="ISO8601"), table["amount"], strict=True
        ):
            found[int((ends > when).to_numpy().argmax())] += amount
        return found

    @cached_property
    def index(self) -> np.ndarray:
        """Value of one unit of a fund: flows buy and redeem units at the value before them."""
        units, worth = 1.0, []
        for row, equity in enumerate(self.value):
            if self.flow[row]:
                units += self.flow[row] / worth[-1]
            worth.append(round(equity / units, 9))  # a flat account is flat
        return np.array(worth)

    @cached_property
    def profit(self) -> np.ndarray:
        return self.value - np.cumsum(self.flow)

    @cached_property
    def opening(self) -> float:
        return float(self.value[0])

    def _sessions(self, column: np.ndarray) -> pd.Series:
        """A column at the end of every session; one without a row keeps what was."""
        table = pd.Series(column[1:], index=self.equity["session"].to_numpy()[1:])
        if table.empty:
            return table
        last = table.groupby(level=0).last()
        calendar = self.manifest["calendar"]
        if calendar == "XNYS":
            return last
        make = pd.bdate_range if calendar == "weekdays" else pd.date_range
        return last.reindex(make(last.index[0], last.index[-1])).ffill()

    @cached_property
    def ends(self) -> pd.Series:
        return self._sessions(self.value)

    @cached_property
    def index_ends(self) -> pd.Series:
        return self._sessions(self.index)

    def session_column(self, name: str) -> pd.Series:
        return self._sessions(self.equity[name].to_numpy())

    @cached_property
    def returns(self) -> np.ndarray:
        return _returns(self.opening, self.index_ends)

    @cached_property
    def bench(self) -> np.ndarray:
        if self.benchmark is None:
            return np.full(len(self.returns), math.nan)
        return _returns(float(self.benchmark[0]), self._sessions(self.benchmark))

    @cached_property
    def days(self) -> int:
        dates = self.equity["session"]
        return int((dates.iloc[-1] - dates.iloc[0]).days)

    @cached_property
    def years(self) -> float:
        return self.days / YEAR_DAYS

    def by(self, rule: str) -> np.ndarray:
        """Returns by month (``M``) or year (``Y``)."""
        if self.ends.empty:
            return np.zeros(0)
        ends = self.index_ends
        return _returns(self.opening, ends.groupby(ends.index.to_period(rule)).last())

    @cached_property
    def falls(self) -> list[dict[str, Any]]:
        """Every drawdown, by a walk over the rows."""
        dates = self.equity["session"].to_list()
        found: list[dict[str, Any]] = []
        peak, at, now = self.opening, 0, None
        for row, equity in enumerate(self.index):
            if equity >= peak:
                if now is not None:
                    found.append({**now, "end": dates[row], "back": True, "end_row": row})
                    now = None
                peak, at = equity, row
                continue
            if now is None:
                now = {"peak": dates[at], "top": peak, "low": equity, "trough": dates[row]}
                now["peak_row"] = at
            if equity < now["low"]:
                now["low"], now["trough"] = equity, dates[row]
        if now is not None:
            found.append({**now, "end": dates[-1], "back": False, "end_row": len(dates) - 1})
        for one in found:
            one["depth"] = (one["top"] - one["low"]) / one["top"]
            one["days"] = (one["end"] - one["peak"]).days
        return found

    @cached_property
    def underwater(self) -> np.ndarray:
        peak = pd.Series(self.index).cummax().to_numpy()
        return (peak - self.index) / peak

    @cached_property
    def before_costs(self) -> float:
        return float(self.profit[-1] - self.opening + self.costs)

    @cached_property
    def fees(self) -> float:
        return float(self.fills["commission"].sum() + self.fills["fees"].sum())

    @cached_property
    def costs(self) -> float:
        return self.fees + self.slipped + self.changed

    @cached_property
    def slipped(self) -> float:
        return float(self.fills["slippage"].sum())

    @cached_property
    def changed(self) -> float:
        """What changing money took: of what came the part that is missing, of what went the part
        on top."""
        config = self.manifest["config"]
        cost, table = float(config["conversion"]["cost"]), self._read("ledger")
        is_ours = (table["kind"] == "conversion") & (table["currency"] == config["currency"])
        amount = table[is_ours]["amount"].to_numpy()
        return float((np.abs(amount) * cost / (1 - np.sign(amount) * cost)).sum())

    @cached_property
    def traded(self) -> pd.Series:
        fills = self.fills
        return (fills["price"] * fills["qty"] * fills["multiplier"]).abs()

    @cached_property
    def mean_equity(self) -> float:
        return float(self.ends.mean()) if len(self.ends) else math.nan


def _returns(opening: float, ends: pd.Series) -> np.ndarray:
    """Simple returns; NaN all over where one would start from nothing."""
    chain = np.concatenate(([opening], ends.to_numpy()))
    if (chain[:-1] <= 0).any():
        return np.full(len(ends), math.nan)
    return np.diff(chain) / chain[:-1]


ORACLE: dict[str, Callable[[Tables], Any]] = {}


def expected(name: str, tables: Tables) -> float | None:
    """The second sum of one metric."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ORACLE[name](tables)
    except (ZeroDivisionError, OverflowError, IndexError, ValueError):
        return None
    if value is None or not math.isfinite(value):
        return None
    return float(value)


def _plain(table: dict[str, Callable[[Tables], Any]]) -> None:
    assert not table.keys() & ORACLE.keys()
    ORACLE.update(table)


def _sharpe(returns: np.ndarray, t: Tables) -> float:
    excess = returns - t.rate
    spread = np.std(excess, ddof=1)
    return float(np.mean(excess) / spread * np.sqrt(t.periods)) if spread > 1e-15 else math.nan


def _cagr(start: float, end: float, t: Tables) -> float:
    if end <= 0 or t.days < 1:
        return math.nan
    return float(np.exp(np.log(end / start) / t.years) - 1)


def _moment(x: np.ndarray, order: int) -> float:
    apart = x - x.mean()
    spread = np.sqrt((apart**2).mean())
    return float((apart**order).mean() / spread**order) if spread > 1e-15 else math.nan


def _own_cagr(t: Tables) -> float:
    return _cagr(t.opening, t.index[-1], t)


def _volatility(t: Tables) -> float:
    return float(pd.Series(t.returns).std() * math.sqrt(t.periods))


def _chained(t: Tables) -> float:
    """The product of the returns between rows, each flow counted into what a return starts from."""
    return float(np.prod(t.value[1:] / (t.value[:-1] + t.flow[1:])) - 1)


def _internal_rate(t: Tables) -> float:
    """The rate at which what was paid in is worth the last equity, by halving."""
    if t.days < 1 or t.value[-1] <= 0:
        return math.nan
    dates = t.equity["session"]
    paid = np.where(np.arange(len(t.flow)) == 0, t.opening, t.flow)
    years = np.array([(dates.iloc[-1] - day).days / YEAR_DAYS for day in dates])

    low, high = -20.0 / t.years, 20.0 / t.years
    for _ in range(200):
        middle = (low + high) / 2
        is_enough = (paid * np.exp(middle * years)).sum() > t.value[-1]
        low, high = (low, middle) if is_enough else (middle, high)
    return math.expm1(low)


def _deepest(t: Tables) -> float:
    return float(t.underwater.max())


def _ulcer(t: Tables) -> float:
    drawdown = t.session_column("drawdown").to_numpy()
    return float(np.sqrt(np.mean(drawdown**2)))


_plain(
    {
        "total_return": lambda t: t.index[-1] / t.opening - 1,
        "time_weighted_return": _chained,
        "money_weighted_return": _internal_rate,
        "net_flows": lambda t: t.flow.sum(),
        "net_profit": lambda t: t.profit[-1] - t.opening,
        "total_pnl": lambda t: t.profit[-1] - t.opening,
        "cagr": _own_cagr,
        "annual_return": _own_cagr,
        "start_equity": lambda t: t.opening,
        "end_equity": lambda t: t.value[-1],
        "min_equity": lambda t: t.value.min(),
        "min_equity_pct": lambda t: t.value.min() / t.opening,
        "n_sessions": lambda t: len(t.ends),
        "hit_rate": lambda t: (t.returns > 0).mean() if np.isfinite(t.returns).all() else None,
        "best_session": lambda t: t.returns.max(),
        "worst_session": lambda t: t.returns.min(),
        "avg_session": lambda t: t.returns.mean(),
        "avg_session_up": lambda t: t.returns[t.returns > 0].mean(),
        "avg_session_down": lambda t: t.returns[t.returns < 0].mean(),
    }
)


def _period(rule: str, what: Callable[[np.ndarray], Any]) -> Callable[[Tables], Any]:
    def figure(t: Tables) -> Any:
        returns = t.by(rule)
        return what(returns) if np.isfinite(returns).all() else None

    return figure


_plain(
    {
        "n_months": _period("M", len),
        "best_month": _period("M", np.max),
        "worst_month": _period("M", np.min),
        "avg_month": _period("M", np.mean),
        "positive_months": _period("M", lambda r: (r > 0).mean()),
        "n_years": _period("Y", len),
        "best_year": _period("Y", np.max),
        "worst_year": _period("Y", np.min),
        "positive_years": _period("Y", lambda r: (r > 0).mean()),
    }
)


def _downside(t: Tables) -> float:
    return float(np.sqrt(np.mean(np.where(t.returns < 0, t.returns, 0.0) ** 2)))


def _few(t: Tables, figure: Callable[[np.ndarray], Any]) -> Any:
    finite = np.isfinite(t.returns).all()
    return figure(t.returns) if finite and len(t.returns) > 1 else None


_plain(
    {
        "volatility": _volatility,
        "downside_deviation": lambda t: (
            _downside(t) * math.sqrt(t.periods) if np.isfinite(t.returns).all() else None
        ),
        "var_95": lambda t: _few(t, lambda r: np.percentile(r, 5)),
        "cvar_95": lambda t: _few(t, lambda r: r[r <= np.percentile(r, 5)].mean()),
        # The quantile of a normal is 1.6448…, its density there 0.1031….
        "var_95_normal": lambda t: _few(t, lambda r: r.mean() - 1.6448536269514722 * r.std(ddof=1)),
        "cvar_95_normal": lambda t: _few(
            t, lambda r: r.mean() - 0.10313564037537140 / 0.05 * r.std(ddof=1)
        ),
        "tail_ratio": lambda t: _few(t, lambda r: abs(np.percentile(r, 95) / np.percentile(r, 5))),
        "skewness": lambda t: _few(t, lambda r: _moment(r, 3)),
        "kurtosis": lambda t: _few(t, lambda r: _moment(r, 4)),
    }
)


def _psr(t: Tables) -> float:
    s = _sharpe(t.returns, t) / math.sqrt(t.periods)
    skew, tail = _moment(t.returns, 3), _moment(t.returns, 4)
    z = s * math.sqrt(len(t.returns) - 1) / math.sqrt(1 - skew * s + (tail - 1) / 4 * s * s)
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _most_lost(t: Tables) -> float:
    return float((pd.Series(t.profit).cummax() - t.profit).max())


def _stability(t: Tables) -> float:
    logs = np.log(t.index_ends.to_numpy())
    if len(logs) < 2 or np.ptp(logs) < 1e-15:
        return math.nan
    return float(np.corrcoef(np.arange(len(logs)), logs)[0, 1] ** 2)


def _omega(t: Tables) -> float:
    return float(t.returns[t.returns > 0].sum() / -t.returns[t.returns < 0].sum())


def _gain_to_pain(t: Tables) -> float:
    months = t.by("M")
    return float(months.sum() / -months[months < 0].sum())


_plain(
    {
        "sharpe": lambda t: _few(t, lambda r: _sharpe(r, t)),
        "sortino": lambda t: _few(t, lambda r: r.mean() / _downside(t) * math.sqrt(t.periods)),
        "calmar": lambda t: _own_cagr(t) / _deepest(t),
        "omega": _omega,
        "gain_to_pain": _gain_to_pain,
        "common_sense_ratio": lambda t: (
            _omega(t) * abs(np.percentile(t.returns, 95) / np.percentile(t.returns, 5))
        ),
        "cagr_over_volatility": lambda t: _own_cagr(t) / _volatility(t),
        "martin_ratio": lambda t: (_own_cagr(t) - t.risk_free) / _ulcer(t),
        "recovery_factor": lambda t: (t.profit[-1] - t.opening) / _most_lost(t),
        "stability": _stability,
        "probabilistic_sharpe": _psr,
    }
)


def _of_deepest(t: Tables) -> dict[str, Any]:
    return max(t.falls, key=lambda one: one["depth"])


def _recovery_days(one: dict[str, Any]) -> float:
    return float((one["end"] - one["trough"]).days) if one["back"] else math.nan


def _session_number(t: Tables) -> list[int]:
    """Sessions from the first one on to that of each row; 0 for the opening row."""
    place = {date: k + 1 for k, date in enumerate(t.ends.index)}
    return [0, *(place[date] for date in t.equity["session"].to_list()[1:])]


def _longest_sessions(t: Tables) -> int:
    number = _session_number(t)
    return max((number[one["end_row"]] - number[one["peak_row"]] for one in t.falls), default=0)


_plain(
    {
        "max_drawdown_pct": _deepest,
        "max_drawdown_abs": _most_lost,
        "longest_drawdown_days": lambda t: max((one["days"] for one in t.falls), default=0),
        "longest_drawdown_sessions": _longest_sessions,
        "n_drawdowns": lambda t: len(t.falls),
        "avg_drawdown_pct": lambda t: np.mean([o["depth"] for o in t.falls]) if t.falls else None,
        "avg_drawdown_days": lambda t: np.mean([o["days"] for o in t.falls]) if t.falls else None,
        "max_drawdown_fall_days": lambda t: (
            (_of_deepest(t)["trough"] - _of_deepest(t)["peak"]).days
        ),
        "max_drawdown_recovery_days": lambda t: _recovery_days(_of_deepest(t)),
        "avg_recovery_days": lambda t: pd.Series([_recovery_days(o) for o in t.falls]).mean(),
        "current_drawdown_pct": lambda t: t.underwater[-1],
        "underwater_share": lambda t: (t.session_column("drawdown") > 0).mean(),
        "ulcer_index": _ulcer,
    }
)


def _won(t: Tables) -> pd.DataFrame:
    return t.trades[t.trades["pnl_net"] > 0]


def _lost(t: Tables) -> pd.DataFrame:
    return t.trades[t.trades["pnl_net"] < 0]


def _payoff(t: Tables) -> float:
    return float(_won(t)["pnl_net"].mean() / -_lost(t)["pnl_net"].mean())


def _kelly(t: Tables) -> float:
    wins = len(_won(t)) / (len(_won(t)) + len(_lost(t)))
    return wins - (1 - wins) / _payoff(t)


def _run_of(facts: list[bool]) -> int:
    longest = now = 0
    for fact in facts:
        now = now + 1 if fact else 0
        longest = max(longest, now)
    return longest


def _side(t: Tables, word: str) -> pd.DataFrame:
    return t.trades[t.trades["side"] == word]


def _pnl(t: Tables) -> pd.Series:
    return t.trades["pnl_net"]


_plain(
    {
        "total_trades": lambda t: len(t.trades),
        "winning_trades": lambda t: len(_won(t)),
        "losing_trades": lambda t: len(_lost(t)),
        "win_rate": lambda t: len(_won(t)) / len(t.trades),
        "loss_rate": lambda t: len(_lost(t)) / len(t.trades),
        "profit_factor": lambda t: _won(t)["pnl_net"].sum() / -_lost(t)["pnl_net"].sum(),
        "expectancy": lambda t: _pnl(t).mean(),
        "avg_trade_pnl": lambda t: _pnl(t).mean(),
        "median_trade_pnl": lambda t: _pnl(t).median(),
        "trade_pnl_deviation": lambda t: _pnl(t).std(),
        "sqn": lambda t: math.sqrt(len(t.trades)) * _pnl(t).mean() / _pnl(t).std(),
        "avg_trade_return_pct": lambda t: t.trades["return"].mean(),
        "best_trade_return_pct": lambda t: t.trades["return"].max(),
        "worst_trade_return_pct": lambda t: t.trades["return"].min(),
        "avg_win": lambda t: _won(t)["pnl_net"].mean(),
        "avg_loss": lambda t: _lost(t)["pnl_net"].mean(),
        "largest_win": lambda t: _won(t)["pnl_net"].max(),
        "largest_loss": lambda t: _lost(t)["pnl_net"].min(),
        "payoff_ratio": _payoff,
        "kelly_fraction": _kelly,
        "max_consecutive_wins": lambda t: _run_of([x > 0 for x in _pnl(t)]),
        "max_consecutive_losses": lambda t: _run_of([x < 0 for x in _pnl(t)]),
        "trades_per_year": lambda t: len(t.trades) / t.years,
        "long_trades": lambda t: len(_side(t, "LONG")),
        "long_win_rate": lambda t: (_side(t, "LONG")["pnl_net"] > 0).mean(),
        "long_pnl": lambda t: _side(t, "LONG")["pnl_net"].sum(),
        "short_trades": lambda t: len(_side(t, "SHORT")),
        "short_win_rate": lambda t: (_side(t, "SHORT")["pnl_net"] > 0).mean(),
        "short_pnl": lambda t: _side(t, "SHORT")["pnl_net"].sum(),
        "avg_holding_days": lambda t: t.trades["days"].mean(),
        "avg_holding_bars": lambda t: t.trades["bars_held"].mean(),
        "max_holding_days": lambda t: t.trades["days"].max(),
        "avg_win_holding_days": lambda t: _won(t)["days"].mean(),
        "avg_loss_holding_days": lambda t: _lost(t)["days"].mean(),
    }
)


def _captured(t: Tables) -> float:
    sign = t.trades["side"].map({"LONG": 1, "SHORT": -1})
    move = sign * (t.trades["exit_price"] / t.trades["entry_price"] - 1)
    return float(move.sum() / t.trades["mfe"].sum())


_plain(
    {
        "avg_mae": lambda t: t.trades["mae"].mean(),
        "median_mae": lambda t: t.trades["mae"].median(),
        "worst_mae": lambda t: t.trades["mae"].min(),
        "avg_mae_wins": lambda t: _won(t)["mae"].mean(),
        "avg_mfe": lambda t: t.trades["mfe"].mean(),
        "median_mfe": lambda t: t.trades["mfe"].median(),
        "best_mfe": lambda t: t.trades["mfe"].max(),
        "avg_mfe_losses": lambda t: _lost(t)["mfe"].mean(),
        "edge_ratio": lambda t: t.trades["mfe"].mean() / -t.trades["mae"].mean(),
        "mfe_captured": _captured,
    }
)


def _share(t: Tables, column: Callable[[pd.DataFrame], Any]) -> pd.Series:
    """A column over equity, of every row; NaN all over where equity is not positive once."""
    share = column(t.equity) / t.equity["equity"]
    return share if (t.value > 0).all() else share * math.nan


def _mean_share(t: Tables, column: Callable[[pd.DataFrame], Any]) -> float:
    if t.ends.empty or (t.ends <= 0).any():
        return math.nan
    return float((t._sessions(column(t.equity).to_numpy()) / t.ends).mean())


def _long(table: pd.DataFrame) -> pd.Series:
    return (table["gross_exposure"] + table["net_exposure"]) / 2


def _short(table: pd.DataFrame) -> pd.Series:
    return (table["gross_exposure"] - table["net_exposure"]) / 2


def _per_year(t: Tables, money: float) -> float:
    return money / t.mean_equity / t.years if t.mean_equity > 0 else math.nan


def _turnover(t: Tables) -> float:
    by_side = [t.traded[t.fills["side"] == side].sum() for side in ("BUY", "SELL")]
    return _per_year(t, min(by_side))


def _weights(t: Tables) -> pd.Series:
    held = t.ends.loc[t.held["session"]]
    return t.held["weight"] if (held > 0).all() else pd.Series(dtype=float)


_plain(
    {
        "exposure_gross": lambda t: _mean_share(t, lambda e: e["gross_exposure"]),
        "exposure_net": lambda t: _mean_share(t, lambda e: e["net_exposure"]),
        "exposure_long": lambda t: _mean_share(t, _long),
        "exposure_short": lambda t: _mean_share(t, _short),
        "max_gross_exposure": lambda t: _share(t, lambda e: e["gross_exposure"]).max(),
        "max_net_exposure": lambda t: _share(t, lambda e: e["net_exposure"]).max(),
        "min_net_exposure": lambda t: _share(t, lambda e: e["net_exposure"]).min(),
        "time_in_market": lambda t: (t.equity["gross_exposure"][1:] > 0).mean(),
        "turnover": _turnover,
        "traded_notional": lambda t: t.traded.sum(),
        "n_orders": lambda t: len(t.orders),
        "orders_filled": lambda t: (t.orders["filled_qty"] > 0).sum(),
        "n_fills": lambda t: len(t.fills),
        "avg_positions": lambda t: len(t.held) / len(t.ends),
        "max_positions": lambda t: t.held.groupby("session").size().max() if len(t.held) else 0,
        "avg_position_pct": lambda t: _weights(t).mean(),
        "max_position_pct": lambda t: _weights(t).max(),
    }
)


def _room(t: Tables) -> pd.Series:
    return t.limit * t.equity["equity"] - t.equity["gross_exposure"]


def _distance(t: Tables) -> pd.Series:
    held = t.equity[t.equity["gross_exposure"] > 0]
    return held["equity"] / held["gross_exposure"]


def _end_distance(t: Tables) -> float:
    gross = t.session_column("gross_exposure")
    return float((t.ends / gross)[gross > 0].mean())


_plain(
    {
        "avg_margin_utilisation": lambda t: _mean_share(t, lambda e: e["gross_exposure"]) / t.limit,
        "max_margin_utilisation": lambda t: (
            _share(t, lambda e: e["gross_exposure"]).max() / t.limit
        ),
        "min_margin_headroom": lambda t: _room(t).min(),
        "rows_over_limit": lambda t: (_room(t) < -1e-9 * t.equity["gross_exposure"]).sum(),
        "min_distance_to_liquidation": lambda t: _distance(t).min(),
        "avg_distance_to_liquidation": _end_distance,
        "rows_without_equity": lambda t: (t.value <= 0).sum(),
    }
)


def _raw(t: Tables) -> float:
    fills = t.fills
    return float((fills["price_raw"] * fills["qty"] * fills["multiplier"]).abs().sum())


_plain(
    {
        "total_commission": lambda t: t.fills["commission"].sum(),
        "total_fees": lambda t: t.fills["fees"].sum(),
        "total_slippage": lambda t: (t.fills["slippage"] + t.fills["impact"]).sum(),
        "conversion_costs": lambda t: t.changed,
        "total_costs": lambda t: t.costs,
        "cost_share_of_gross": lambda t: t.costs / abs(t.before_costs),
        "fee_share_of_gross": lambda t: t.fees / abs(t.before_costs),
        "slippage_share_of_gross": lambda t: t.slipped / abs(t.before_costs),
        "cost_per_year_pct": lambda t: _per_year(t, t.costs),
        "fee_per_year_pct": lambda t: _per_year(t, t.fees),
        "slippage_per_year_pct": lambda t: _per_year(t, t.slipped),
        "slippage_per_order": lambda t: t.slipped / int((t.orders["filled_qty"] > 0).sum()),
        "slippage_per_order_bps": lambda t: 1e4 * t.slipped / _raw(t),
        "fee_bps": lambda t: 1e4 * t.fees / t.traded.sum(),
        "break_even_cost_bps": lambda t: 1e4 * t.before_costs / t.traded.sum(),
    }
)


def _beside(figure: Callable[[Tables, np.ndarray], Any]) -> Callable[[Tables], Any]:
    def found(t: Tables) -> Any:
        return None if t.benchmark is None else figure(t, t.benchmark)

    return found


def _pair(
    figure: Callable[[Tables, np.ndarray, np.ndarray], Any], least: int = 2
) -> Callable[[Tables], Any]:
    def found(t: Tables) -> Any:
        finite = np.isfinite(t.returns).all() and np.isfinite(t.bench).all()
        return figure(t, t.returns, t.bench) if finite and len(t.returns) >= least else None

    return found


def _slope(r: np.ndarray, b: np.ndarray) -> float:
    return float(np.polyfit(b, r, 1)[0]) if np.ptp(b) > 1e-15 else math.nan


def _correlation(r: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(r, b)[0, 1]) if min(np.ptp(r), np.ptp(b)) > 1e-15 else math.nan


def _alpha(t: Tables, r: np.ndarray, b: np.ndarray) -> float:
    return (np.mean(r - t.rate) - _slope(r, b) * np.mean(b - t.rate)) * t.periods


def _treynor(t: Tables, r: np.ndarray, b: np.ndarray) -> float:
    slope = _slope(r, b)
    return np.mean(r - t.rate) * t.periods / slope if abs(slope) > 1e-15 else math.nan


def _capture(r: np.ndarray, b: np.ndarray, chosen: np.ndarray) -> float:
    def geometric(x: np.ndarray) -> float:
        return float(np.prod(1 + x) ** (1 / len(x)) - 1)

    return geometric(r[chosen]) / geometric(b[chosen])


def _benchmark_fall(t: Tables, b: np.ndarray) -> float:
    peak = np.maximum.accumulate(b)
    return float(((peak - b) / peak).max())


_plain(
    {
        "benchmark_total_return": _beside(lambda t, b: b[-1] / b[0] - 1),
        "benchmark_cagr": _beside(lambda t, b: _cagr(b[0], b[-1], t)),
        "benchmark_volatility": lambda t: pd.Series(t.bench).std() * math.sqrt(t.periods),
        "benchmark_sharpe": lambda t: _sharpe(t.bench, t) if len(t.bench) > 1 else None,
        "benchmark_max_drawdown_pct": _beside(_benchmark_fall),
        "excess_cagr": _beside(lambda t, b: _own_cagr(t) - _cagr(b[0], b[-1], t)),
        "alpha": _pair(_alpha),
        "beta": _pair(lambda t, r, b: _slope(r, b)),
        "correlation": _pair(lambda t, r, b: _correlation(r, b)),
        "r_squared": _pair(lambda t, r, b: _correlation(r, b) ** 2),
        "tracking_error": _pair(lambda t, r, b: (r - b).std(ddof=1) * math.sqrt(t.periods)),
        "information_ratio": _pair(
            lambda t, r, b: (r - b).mean() / (r - b).std(ddof=1) * math.sqrt(t.periods)
        ),
        "treynor": _pair(_treynor),
        "up_capture": _pair(lambda t, r, b: _capture(r, b, b > 0), 1),
        "down_capture": _pair(lambda t, r, b: _capture(r, b, b < 0), 1),
        "batting_average": lambda t: (
            (t.returns > t.bench).mean()
            if len(t.returns) and np.isfinite(t.returns).all() and t.benchmark is not None
            else None
        ),
    }
)
