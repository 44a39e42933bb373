"""What a report is made of: the arrays and texts of one run, checked once.

A `TearSheet` holds what every report has; its `Activity` adds what was traded, and the `Prices` it
was traded at. They know nothing of how the run came about, so that any source of equity rows can
have a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from quant.errors import DataError
from quant.report.flows import profit_path, wealth_index
from quant.report.metrics import Metric
from quant.report.trades import FillArrays, FloatArray, IntArray, TradeArrays

__all__ = ["Activity", "Assumption", "FlowRow", "Prices", "TearSheet"]

_NS_PER_DAY = 86_400_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One sentence on what the run takes for granted; ``amber`` where it may flatter the result."""

    text: str
    level: Literal["info", "amber"] = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow:
    """One deposit or withdrawal after the opening one.

    Attributes
    ----------
    day : int
        Date of its session, days since 1970-01-01.
    ts : int
        Nanoseconds UTC.
    asked, amount : float
        Money asked for and posted: in above zero, out below.
    available : float or None
        Of a withdrawal that was refused or paid in part: the free cash there was.
    """

    day: int
    ts: int
    asked: float
    amount: float
    available: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """The bars of every instrument, flat: bar `b` of `i` is row ``offsets[i] + b``.

    Attributes
    ----------
    symbols : sequence of str
        Name of each instrument.
    offsets : int64 array of shape (n_instruments + 1,)
        First row of each instrument, then the number of rows.
    ts : int64 array of shape (n_bars,)
        Where a bar stands on the time axis, nanoseconds UTC: midnight of the session's date for
        dated bars, the opening instant for others.
    open, high, low, close : float64 arrays of shape (n_bars,)
        Prices, in money per unit of quantity; NaN where the data has none.
    closes_only : bool
        All four prices are the close.
    is_dated : bool
        One bar per session.
    """

    symbols: Sequence[str]
    offsets: IntArray
    ts: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    closes_only: bool
    is_dated: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activity:
    """What a run traded.

    Attributes
    ----------
    prices : Prices
        Bars of every instrument.
    fills : FillArrays
        In order of execution.
    reasons, tags : sequence of str, and of str or None
        Of each fill: the rule that gave it its price, and the tag of its order.
    impact : float64 array of shape (n_fills,)
        Market impact in money, positive = cost; a part of ``fills.slippage``.
    trades : TradeArrays
        From `round_trips` of the same fills.
    multipliers : float64 array of shape (n_instruments,)
        Money per unit of quantity and of price.
    base_fills : FillArrays, optional
        The fills with their money in the base currency; None: they are in it.
    interest, borrowing, conversion : float
        Money paid for debts (less what cash earned), for borrowed shares, and for changing money.
    """

    prices: Prices
    fills: FillArrays
    reasons: Sequence[str]
    tags: Sequence[str | None]
    impact: FloatArray
    trades: TradeArrays
    multipliers: FloatArray
    base_fills: FillArrays | None = None
    interest: float = 0.0
    borrowing: float = 0.0
    conversion: float = 0.0

    @property
    def money(self) -> FillArrays:
        """The fills as sums of money count them."""
        return self.fills if self.base_fills is None else self.base_fills

    def __post_init__(self) -> None:
        n = len(self.fills)
        lengths: dict[str, Any] = {
            "reasons": self.reasons,
            "tags": self.tags,
            "impact": self.impact,
        }
        for name, column in lengths.items():
            if len(column) != n:
                raise DataError(
                    f"The tear sheet's {name} needs one entry per fill, but has {len(column)} "
                    f"for {n} fills; give one of each."
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TearSheet:
    """Everything the page shows.

    Attributes
    ----------
    title : str
        Name of the strategy.
    subtitle : str
        What it traded and when, in one line.
    run_id, status : str
        Of the run; a status other than completed is shown in amber.
    metrics : dict of str to Metric
        From `compute_metrics`; a name that is missing is left out.
    ts : int64 array of shape (n_rows,)
        Nanoseconds UTC, not decreasing; row 0 is the opening deposit.
    equity : float64 array of shape (n_rows,)
        Money.
    benchmark : float64 array of shape (n_rows,), optional
        Equity of the benchmark at the same rows.
    benchmark_name : str, optional
        As shown beside the figures; None where there is no benchmark.
    session : int64 array of shape (n_rows,), optional
        Ordinal of each row's session in the base calendar; each date is one session where absent.
    session_date : int64 array of shape (n_rows,), optional
        Days since 1970-01-01; the UTC dates of `ts` where absent.
    gross, net : float64 arrays of shape (n_rows,), optional
        |long| + |short| and long - short notional, in money.
    periods_per_year : int
        Sessions in a year of the base calendar.
    risk_free : float
        Annual rate.
    currency : str
        Of all money.
    activity : Activity, optional
        What was traded; without it the page has no prices, trades, turnover and costs.
    assumptions : sequence of Assumption
        What the run assumes; amber ones are shown first.
    facts : sequence of (str, str)
        Period, data, seed, versions and the like: name and text, shown as given.
    flows : float64 array of shape (n_rows,), optional
        Deposits less withdrawals since the row before, in money; 0 in row 0.
    flow_table : sequence of FlowRow
        Each of them, refused ones too.
    """

    title: str
    run_id: str
    status: str
    metrics: dict[str, Metric]
    ts: IntArray
    equity: FloatArray
    currency: str
    assumptions: Sequence[Assumption]
    facts: Sequence[tuple[str, str]] = ()
    subtitle: str = ""
    benchmark: FloatArray | None = None
    benchmark_name: str | None = None
    session: IntArray | None = None
    session_date: IntArray | None = None
    gross: FloatArray | None = None
    net: FloatArray | None = None
    periods_per_year: int = 252
    risk_free: float = 0.0
    activity: Activity | None = None
    flows: FloatArray | None = None
    flow_table: Sequence[FlowRow] = ()

    def __post_init__(self) -> None:
        n = len(self.ts)
        columns: dict[str, Any] = {"equity": self.equity}
        for name in ("benchmark", "session", "session_date", "gross", "net", "flows"):
            column = getattr(self, name)
            if column is not None:
                columns[name] = column
        for name, column in columns.items():
            if n == 0 or len(column) != n or not np.isfinite(column).all():
                raise DataError(
                    f"The tear sheet's {name} needs one finite value per row of ts, but has "
                    f"{int(np.isfinite(column).sum())} finite of {len(column)} for {n} rows; give "
                    "the equity rows of the run."
                )
        if (np.diff(self.ts) < 0).any():
            row = int(np.flatnonzero(np.diff(self.ts) < 0)[0]) + 1
            raise DataError(
                f"The tear sheet's ts must not go back, but row {row} is before row {row - 1}; "
                "sort the equity rows."
            )
        if (self.benchmark is None) != (self.benchmark_name is None):
            raise DataError(
                "A tear sheet's benchmark needs both a name and equity, but only one was given; "
                "give both or none."
            )

    @property
    def dates(self) -> IntArray:
        """Date of each row, days since 1970-01-01."""
        return self.ts // _NS_PER_DAY if self.session_date is None else self.session_date

    @property
    def sessions(self) -> IntArray:
        """Ordinal of each row's session; each date is one where the sheet names none."""
        if self.session is not None:
            return self.session
        return np.unique(self.dates, return_inverse=True)[1].astype(np.int64)

    @property
    def index(self) -> FloatArray:
        """Equity with deposits and withdrawals taken out: what curves and returns are made of."""
        return wealth_index(self.equity, self.flows)

    @property
    def has_flows(self) -> bool:
        """Whether money came in or went out after the opening deposit."""
        return self.index is not self.equity

    @property
    def profit(self) -> float:
        """What was earned: the change of equity less what came in from outside."""
        earned = profit_path(self.equity, self.flows)
        return float(earned[-1]) - float(earned[0])

    @property
    def is_daily(self) -> bool:
        """Whether no session has two rows, so that a date says all about a row's time."""
        return len(np.unique(self.dates[1:])) == len(self.ts) - 1

    @property
    def is_bankrupt(self) -> bool:
        """Whether equity was at some row not positive."""
        return float(self.equity.min()) <= 0.0
