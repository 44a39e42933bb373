"""The account as a strategy sees it, at the marks of now."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from quant.kernel.codes import ACCOUNT_KIND, ACCOUNT_STATUS, names
from quant.kernel.layout import word_of
from quant.strategy.market import symbol_index
from quant.strategy.views import StateViews, record_words

__all__ = ["Portfolio", "Position"]

_INSTRUMENT = record_words("instruments")
_POSITION = record_words("positions")
_UNITS = word_of("positions", "units")
_AVG = word_of("positions", "avg_price")
_REALIZED = word_of("positions", "realized")
_NUM = word_of("instruments", "unit_num")
_DEN = word_of("instruments", "unit_den")
_MULTIPLIER = word_of("instruments", "multiplier")
_MARK = word_of("instruments", "mark")
_KIND = word_of("accounts", "kind")
_K = word_of("accounts", "k")
_MAX_LEVERAGE = word_of("accounts", "max_leverage")
_EQUITY = word_of("accounts", "equity")
_CASH = word_of("accounts", "cash")
_GROSS = word_of("accounts", "gross")
_NET = word_of("accounts", "net")
_VALUE = word_of("accounts", "positions_value")
_UNSETTLED = word_of("accounts", "unsettled")
_CREDIT = word_of("accounts", "credit")
_SETTLES = word_of("accounts", "settles")
_SPENDS = word_of("accounts", "spends_unsettled")
_INITIAL = word_of("accounts", "initial")
_MAINTENANCE = word_of("accounts", "maintenance")
_STATUS = word_of("accounts", "status")
_STATUS_WORDS = names(ACCOUNT_STATUS)
_FLOWS = word_of("accounts", "flows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is held of one instrument.

    Attributes
    ----------
    symbol : str
    qty : float
        Signed quantity.
    avg_price : float
        Average price of the open quantity; 0 when flat.
    mark : float
        Last price, NaN before the first.
    market_value : float
        Signed, in the account's currency.
    pnl_unrealized, pnl_realized : float
        Before commissions.
    """

    symbol: str
    qty: float
    avg_price: float
    mark: float
    market_value: float
    pnl_unrealized: float
    pnl_realized: float


class Portfolio:
    """``ctx.portfolio``: cash, equity, exposure and positions."""

    def __init__(self, views: StateViews, symbols: tuple[str, ...]) -> None:
        self._views = views
        self._symbols = symbols
        self._lookup = {symbol: i for i, symbol in enumerate(symbols)}

    @property
    def equity(self) -> float:
        """Cash plus the value of positions at last marks."""
        return self._views.account_f[_EQUITY]

    @property
    def cash(self) -> float:
        """Cash, negative when borrowed."""
        return self._views.account_f[_CASH]

    @property
    def net_flows(self) -> float:
        """Deposits less withdrawals so far, the opening deposit left out: what of a change of
        equity was no profit."""
        return self._views.account_f[_FLOWS]

    @property
    def positions_value(self) -> float:
        """Signed value of all positions."""
        return self._views.account_f[_VALUE]

    @property
    def gross_exposure(self) -> float:
        """|long| + |short|."""
        return self._views.account_f[_GROSS]

    @property
    def net_exposure(self) -> float:
        """Long less short."""
        return self._views.account_f[_NET]

    @property
    def leverage(self) -> float:
        """Gross exposure over equity."""
        return self.gross_exposure / self.equity if self.equity else float("nan")

    @property
    def buying_power(self) -> float:
        """Notional that may still be opened, costs aside."""
        floats = self._views.account_f
        kind = self._views.account_q[_KIND]
        if kind == ACCOUNT_KIND.CASH:
            waits = self._views.account_q[_SETTLES] and not self._views.account_q[_SPENDS]
            return self.cash + floats[_CREDIT] - (floats[_UNSETTLED] if waits else 0.0)
        k = floats[_K]
        if kind == ACCOUNT_KIND.MARGIN:
            return k * (self.equity - floats[_INITIAL])
        if kind == ACCOUNT_KIND.NET_LEVERAGE:
            return k * self.equity - abs(self.net_exposure)
        if kind == ACCOUNT_KIND.UNLIMITED:
            return math.inf
        if floats[_MAX_LEVERAGE] < k:
            k = floats[_MAX_LEVERAGE]
        return k * self.equity - self.gross_exposure

    @property
    def unsettled_cash(self) -> float:
        """What sales have brought that has not settled yet; a part of ``cash``."""
        return self._views.account_f[_UNSETTLED]

    @property
    def settled_cash(self) -> float:
        """Cash without what has not settled yet."""
        return self.cash - self.unsettled_cash

    @property
    def initial_margin(self) -> float:
        """Margin to open what is held, at last marks; 0 without margin rates."""
        return self._views.account_f[_INITIAL]

    @property
    def maintenance_margin(self) -> float:
        """Margin to keep what is held, at last marks; 0 without margin rates."""
        return self._views.account_f[_MAINTENANCE]

    @property
    def excess_liquidity(self) -> float:
        """Equity above the margin to keep: below zero comes a margin call."""
        return self.equity - self.maintenance_margin

    @property
    def status(self) -> str:
        """``sound``, ``in_call`` or ``bankrupt``."""
        return _STATUS_WORDS[self._views.account_q[_STATUS]]

    def qty(self, symbol: str) -> float:
        """Signed quantity held of one symbol."""
        i = symbol_index(self._symbols, self._lookup, symbol)
        units = self._views.position_q[i * _POSITION + _UNITS]
        if units == 0:
            return 0.0
        floats = self._views.instrument_f
        return units * floats[i * _INSTRUMENT + _NUM] / floats[i * _INSTRUMENT + _DEN]

    def position(self, symbol: str) -> Position:
        """What is held of one symbol; a flat position if nothing is."""
        i = symbol_index(self._symbols, self._lookup, symbol)
        qty = self.qty(symbol)
        mark = self._views.instrument_f[i * _INSTRUMENT + _MARK]
        worth = qty * self._views.instrument_f[i * _INSTRUMENT + _MULTIPLIER]
        average = self._views.position_f[i * _POSITION + _AVG]
        return Position(
            symbol=symbol,
            qty=qty,
            avg_price=average,
            mark=mark,
            market_value=worth * mark if qty else 0.0,
            pnl_unrealized=worth * (mark - average) if qty else 0.0,
            pnl_realized=self._views.position_f[i * _POSITION + _REALIZED],
        )

    @property
    def positions(self) -> Mapping[str, Position]:
        """All positions that are not flat, by symbol, in order of symbols."""
        return {symbol: self.position(symbol) for symbol in self._held()}

    def _held(self) -> Iterator[str]:
        quantities = self._views.position_q
        for i, symbol in enumerate(self._symbols):
            if quantities[i * _POSITION + _UNITS] != 0:
                yield symbol
