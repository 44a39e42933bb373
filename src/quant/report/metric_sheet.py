"""What all figures share: the `Metric`, the arrays of a run, and the sheet that figures are put on.

The modules of figures (:mod:`~quant.report.metrics` and those it names) each put one group of
metrics on a `Sheet`. Unit and formula come from the table of definitions, so that no figure can
be put without them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from quant.errors import DataError
from quant.report.definitions import DEFINITIONS
from quant.report.flows import profit_path, wealth_index
from quant.report.measures import DAYS_PER_YEAR, Figure, Undefined, mean, ratio
from quant.report.sessions import (
    DrawdownPeriods,
    Drawdowns,
    Sessions,
    find_drawdowns,
    fold_sessions,
    iso_date,
    list_drawdowns,
)
from quant.report.trades import FillArrays, FloatArray, IntArray, TradeArrays

__all__ = [
    "NOT_POSITIVE",
    "NO_BENCHMARK",
    "NO_FILLS",
    "NO_SESSIONS",
    "NO_TIME",
    "NO_TRADES",
    "JsonValue",
    "Metric",
    "PositionArrays",
    "Rows",
    "RunArrays",
    "Sheet",
    "check_rates",
    "per_year_of_equity",
]

JsonValue: TypeAlias = float | int | str | bool | None

NO_TRADES: Final = "There are no closed trades."
NO_SESSIONS: Final = "There is no session after the opening deposit."
NO_TIME: Final = "The run spans less than one calendar day."
NO_FILLS: Final = "No order was filled."
NOT_POSITIVE: Final = Undefined("Equity is not positive in every session.")
NO_BENCHMARK: Final = Undefined("The run has no benchmark.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure and what is needed to do the sum again.

    Attributes
    ----------
    value : float, int or None
        Finite, or None where the figure does not exist.
    unit : str
        ``fraction``, ``money``, ``count``, ``ratio``, ``days``, ``sessions``, ``bars``,
        ``per_year`` or ``bps``.
    definition : str
        The formula, in one sentence.
    n : int
        Observations used.
    inputs : dict
        Every choice and intermediate figure that the value hangs on; JSON values.
    why : str or None
        Why there is no value; set exactly when `value` is None.
    """

    value: float | int | None
    unit: str
    definition: str
    n: int
    inputs: dict[str, JsonValue]
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PositionArrays:
    """Positions at session closes and after changes, in order of time; shape (n_rows,).

    Attributes
    ----------
    session : int64
        Ordinal of the row's session in the base calendar.
    instrument : int64
        Index of the instrument.
    value : float64
        Signed market value, in money; 0 where flat.
    """

    session: IntArray
    instrument: IntArray
    value: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunArrays:
    """What the figures of a run are computed from; row 0 is the opening deposit.

    Attributes
    ----------
    ts : int64 array of shape (n_rows,)
        Nanoseconds UTC.
    session : int64 array of shape (n_rows,)
        Ordinal of the row's session in the base calendar; that of row 0 is not looked at.
    session_date : int64 array of shape (n_rows,)
        Date of the session, days since 1970-01-01; that of row 0 starts the calendar days.
    equity, gross, net : float64 arrays of shape (n_rows,)
        Equity, |long| + |short| and long - short notional, in money.
    periods_per_year : int
        Sessions in a year of the base calendar.
    risk_free : float
        Annual rate.
    currency : str
        Of all money.
    trades : TradeArrays
        From `round_trips` of the same fills.
    fills : FillArrays
        All fills.
    n_orders, orders_filled : int
        Orders sent, and those with at least one fill.
    multipliers : float64 array of shape (n_instruments,)
        Money per unit of quantity and of price.
    benchmark_equity : float64 array of shape (n_rows,), optional
        Equity of the benchmark at the same rows, from the same opening equity.
    leverage_limit : float, optional
        Most gross exposure over equity that the account allows; 1 for a cash account.
    positions : PositionArrays, optional
        Positions by session.
    flows : float64 array of shape (n_rows,), optional
        Deposits less withdrawals since the row before, in money; 0 in row 0.
    conversions : float64 array of shape (n_changes,), optional
        What each change of money between currencies cost, in money; None: there was none.
    """

    ts: IntArray
    session: IntArray
    session_date: IntArray
    equity: FloatArray
    gross: FloatArray
    net: FloatArray
    periods_per_year: int
    risk_free: float
    currency: str
    trades: TradeArrays
    fills: FillArrays
    n_orders: int
    orders_filled: int
    multipliers: FloatArray
    benchmark_equity: FloatArray | None = None
    leverage_limit: float | None = None
    positions: PositionArrays | None = None
    flows: FloatArray | None = None
    conversions: FloatArray | None = None

    def __post_init__(self) -> None:
        check_rates(self.periods_per_year, self.risk_free)
        n = len(self.equity)
        columns = {"ts": self.ts, "gross": self.gross, "net": self.net}
        if self.benchmark_equity is not None:
            columns["benchmark_equity"] = self.benchmark_equity
        if self.flows is not None:
            columns["flows"] = self.flows
        for name, column in columns.items():
            if len(column) != n or not np.isfinite(column).all():
                raise DataError(
                    f"The run's {name} needs {n} finite values, one per equity row, but has "
                    f"{int(np.isfinite(column).sum())} finite of {len(column)}; give every row."
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Equity rows, and their sessions and drawdowns, folded once.

    Returns, drawdowns and periods are those of `index`: the equity with deposits and withdrawals
    taken out. Without any, `index`, `profit` and `equity` are one array, and `ends` are those of
    `sessions`.
    """

    sessions: Sessions
    drawdowns: Drawdowns | None
    periods: DrawdownPeriods | None
    session_date: IntArray
    equity: FloatArray
    periods_per_year: int
    index: FloatArray
    profit: FloatArray
    ends: list[float]
    flows: FloatArray | None

    @classmethod
    def of(
        cls,
        session: IntArray,
        session_date: IntArray,
        equity: FloatArray,
        periods_per_year: int,
        flows: FloatArray | None = None,
    ) -> Rows:
        """Fold equity rows; arguments as in `fold_sessions` and `RunArrays`."""
        index, money = wealth_index(equity, flows), profit_path(equity, flows)
        sessions = fold_sessions(session, session_date, index)
        is_positive = sessions.equity[0] > 0
        place, has_flows = sessions.place, index is not equity
        return cls(
            sessions=sessions,
            drawdowns=find_drawdowns(place, session_date, index, money) if is_positive else None,
            periods=list_drawdowns(index, money if has_flows else None) if is_positive else None,
            session_date=session_date,
            equity=equity,
            periods_per_year=periods_per_year,
            index=index,
            profit=money,
            ends=[float(equity[0]), *equity[sessions.rows].tolist()],
            flows=flows if has_flows else None,
        )

    @property
    def net_flows(self) -> float:
        """Deposits less withdrawals after the opening deposit."""
        return 0.0 if self.flows is None else math.fsum(self.flows[1:].tolist())

    @property
    def n(self) -> int:
        """Number of sessions."""
        return len(self.sessions)

    @property
    def years(self) -> float:
        """Years of 365.25 days from the first date to the last."""
        return self.sessions.days / DAYS_PER_YEAR

    @property
    def dates(self) -> dict[str, JsonValue]:
        """First and last date, as inputs of a metric."""
        return {"start": iso_date(self.sessions.start), "end": iso_date(self.sessions.end)}

    @property
    def mean_equity(self) -> float | Undefined:
        """Mean equity of session ends."""
        return mean(self.ends[1:], NO_SESSIONS)


@dataclass(slots=True)
class Sheet:
    """The metrics found so far."""

    rows: Rows
    found: dict[str, Metric] = field(default_factory=dict)

    def put(self, name: str, figure: Figure, n: int, **inputs: JsonValue) -> None:
        """Add one metric; its unit and definition come from the table."""
        known = DEFINITIONS[name]
        if not isinstance(figure, Undefined) and not math.isfinite(figure):
            figure = Undefined("The result is too large for a float64.")
        self.found[name] = Metric(
            # The sum with 0 turns the float -0.0, which is no figure for people, into 0.0.
            value=None if isinstance(figure, Undefined) else figure + 0,
            unit=known.unit,
            definition=known.text,
            n=n,
            inputs=inputs,
            why=figure.why if isinstance(figure, Undefined) else None,
        )

    def lack(self, names: Iterable[str], why: str) -> None:
        """Add metrics that do not exist, all for one reason."""
        for name in names:
            self.put(name, Undefined(why), 0)

    def figure(self, name: str) -> Figure:
        """The value put under a name, or why there is none."""
        metric = self.found[name]
        return Undefined(metric.why or "") if metric.value is None else metric.value


def check_rates(periods_per_year: int, risk_free: float) -> None:
    """Refuse rates that no figure can be annualised with."""
    if periods_per_year < 1 or not math.isfinite(risk_free) or risk_free <= -1:
        raise DataError(
            "Metrics need at least 1 period per year and a finite risk-free rate above -1, but "
            f"have {periods_per_year} and {risk_free}; correct the calendar or risk_free."
        )


def per_year_of_equity(rows: Rows, money: float) -> Figure:
    """Money per year, as fraction of the mean equity of session ends."""
    average = rows.mean_equity
    if not isinstance(average, Undefined) and average <= 0:
        return Undefined("The mean equity of session ends is not positive.")
    return ratio(ratio(money, average, NO_SESSIONS), rows.years, NO_TIME)
