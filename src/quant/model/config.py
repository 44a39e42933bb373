"""Settings of a run: frozen records with a default for everything.

Choices are objects with names from the field. Every default is listed in docs/reference/defaults.md
and tested against it. A record checks itself when it is made, so a ``Config`` that exists is valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from quant.errors import ConfigError
from quant.model.accounts import (
    Account,
    CashAccount,
    GrossLeverage,
    MarginAccount,
    MarginCall,
    NetLeverage,
    UnlimitedAccount,
)
from quant.model.checks import choice, fraction_text, number, put, switch, whole_number
from quant.model.contradictions import check_together
from quant.model.costs import (
    Commission,
    Impact,
    NoImpact,
    PerOrderCommission,
    PerShareCommission,
    RangeSlippage,
    RateCommission,
    RateSlippage,
    ScheduleCommission,
    Slippage,
    SpreadSlippage,
    SquareRootImpact,
    TickSlippage,
    TieredCommission,
    VolumeShareSlippage,
)
from quant.model.currencies import Conversion, Rate, check_code
from quant.model.execution import (
    ConstantLatency,
    Execution,
    ExponentialLatency,
    Latency,
    UniformLatency,
)
from quant.model.financing import Borrow, Interest
from quant.model.flows import CashFlow, RepeatedCashFlow, cash_flows_of
from quant.model.limits import RiskLimits

__all__ = [
    "Account",
    "Borrow",
    "CashAccount",
    "CashFlow",
    "Commission",
    "Config",
    "Conversion",
    "ConstantLatency",
    "Execution",
    "ExponentialLatency",
    "GrossLeverage",
    "Impact",
    "InstrumentSettings",
    "Interest",
    "MarginAccount",
    "MarginCall",
    "NetLeverage",
    "Latency",
    "NoImpact",
    "PerOrderCommission",
    "PerShareCommission",
    "RangeSlippage",
    "Rate",
    "RateCommission",
    "RateSlippage",
    "RepeatedCashFlow",
    "RiskLimits",
    "ScheduleCommission",
    "Slippage",
    "SpreadSlippage",
    "SquareRootImpact",
    "TickSlippage",
    "TieredCommission",
    "UniformLatency",
    "UnlimitedAccount",
    "VolumeShareSlippage",
]


_RATES = ("initial", "maintenance", "short_initial", "short_maintenance")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentSettings:
    """What one instrument, or all (under the name ``default``), trades in.

    Attributes
    ----------
    increment : str
        Smallest quantity, as decimal text (a number is accepted). 1 for shares.
    tick : float or None
        Smallest price step; order prices must lie on it. None: any price.
    multiplier : float
        Money per price point and unit.
    allow_nonpositive : bool
        Whether prices of zero and below are legal.
    valuation : "paid" or "margined"
        Whether a purchase is paid for, or gains are settled every day, as futures' are.
    initial, maintenance, short_initial, short_maintenance : float or None
        Margin rates of its own in an account of kind ``margin``; None: the account's.
    initial_money, maintenance_money : float
        Margin in money a unit besides, as futures have it; with them the rates are 0 unless given.
    leverage_factor : float
        What a fund multiplies its index by: rates to keep are that many times as high, up to all
        of the value (FINRA Regulatory Notice 09-53, 2009).
    borrow_rate : float or None
        Yearly fee for a short of it; None: that of ``borrow``.
    currency : str or None
        What its prices are in; None: the base currency.
    commission : commission model or None
        What this instrument's orders pay; None: what the configuration says. Not under ``default``.
    sector : str or None
        What ``risk.max_sector`` counts it under. None: under nothing.
    """

    increment: str = "1"
    tick: float | None = None
    multiplier: float = 1.0
    allow_nonpositive: bool = False
    valuation: str = "paid"
    initial: float | None = None
    maintenance: float | None = None
    short_initial: float | None = None
    short_maintenance: float | None = None
    initial_money: float = 0.0
    maintenance_money: float = 0.0
    leverage_factor: float = 1.0
    borrow_rate: float | None = None
    currency: str | None = None
    commission: Commission | None = None
    sector: str | None = None

    def __post_init__(self) -> None:
        where = "config instruments"
        choice(f"{where} valuation", self.valuation, ("paid", "margined"))
        for name in (*_RATES, "borrow_rate"):
            rate = getattr(self, name)
            if rate is not None:
                put(self, name, number(f"{where} {name}", rate, low=0.0, high=10.0))
        for name in ("initial_money", "maintenance_money"):
            put(self, name, number(f"{where} {name}", getattr(self, name), low=0.0))
        if self.currency is not None:
            check_code(f"{where} currency", self.currency)
        factor = number(f"{where} leverage_factor", self.leverage_factor, low=1.0)
        put(self, "leverage_factor", factor)
        if self.maintenance_money > self.initial_money:
            raise ConfigError(
                f"{where} maintenance_money and initial_money: expected no more to keep than to "
                f"open, found {self.maintenance_money:g} and {self.initial_money:g}; correct them."
            )
        put(self, "increment", fraction_text(f"{where} increment", self.increment))
        if self.tick is not None:
            put(self, "tick", number(f"{where} tick", self.tick, above=0.0))
        put(self, "multiplier", number(f"{where} multiplier", self.multiplier, above=0.0))
        switch(f"{where} allow_nonpositive", self.allow_nonpositive)
        if self.commission is not None:
            _check_section("instruments commission", self.commission, _SECTIONS["commission"])
        if self.sector is not None and not (isinstance(self.sector, str) and self.sector.strip()):
            raise ConfigError(
                f"{where} sector: expected a name, found {self.sector!r}; write for example tech."
            )

    def margin_rate(self, name: str, account: MarginAccount) -> float:
        """The rate in force by its name (``initial``, ``short_maintenance`` …) in an account."""
        own: float | None = getattr(self, name)
        standard = 0.0 if self.initial_money > 0.0 else float(getattr(account, name))
        rate = standard if own is None else own
        if name.endswith("maintenance"):
            return max(rate, min(rate * self.leverage_factor, 1.0))
        return rate


def _default_instruments() -> Mapping[str, InstrumentSettings]:
    return {"default": InstrumentSettings()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a run may be told, each with a default.

    Attributes
    ----------
    cash : float
        Opening deposit, in ``currency``.
    cash_flows : tuple of CashFlow and RepeatedCashFlow
        Deposits and withdrawals after the opening one.
    currency : str
        Base currency, three letters.
    account : GrossLeverage, CashAccount, MarginAccount, NetLeverage or UnlimitedAccount
        The account kind.
    margin_call : MarginCall
        What happens when equity falls below the margin to keep, or to zero.
    interest : Interest
        What cash earns and debts cost.
    borrow : Borrow
        What borrowed shares cost.
    currencies : mapping of str to Rate
        What other currencies are worth, by their codes.
    conversion : Conversion
        When money changes between currencies, and what that costs.
    execution : Execution
        How orders meet bars.
    latency : ConstantLatency, UniformLatency or ExponentialLatency
        How long orders, requests and reports are under way.
    commission, slippage, impact
        Cost models; zero by default, which every report says in amber.
    risk : RiskLimits
        Limits before the order.
    instruments : mapping of str to InstrumentSettings
        By symbol; ``default`` serves the others.
    calendar : str
        ``auto``, or a calendar's name.
    benchmark : str
        ``buy_and_hold`` (all instruments of the data, equally), one symbol, or ``none``.
    risk_free : float
        Annual rate used by Sharpe.
    trades : "fifo", "lifo" or "average"
        Which lots a closing fill takes: the oldest, the newest, or all at their average price.
    seed : int
        Seed of ``ctx.random``.

    Examples
    --------
    >>> Config(commission=RateCommission(rate=0.001)).commission.rate
    0.001
    """

    cash: float = 100_000.0
    cash_flows: tuple[CashFlow | RepeatedCashFlow, ...] = ()
    currency: str = "USD"
    account: Account = field(default_factory=GrossLeverage)
    margin_call: MarginCall = field(default_factory=MarginCall)
    interest: Interest = field(default_factory=Interest)
    borrow: Borrow = field(default_factory=Borrow)
    currencies: Mapping[str, Rate] = field(default_factory=dict)
    conversion: Conversion = field(default_factory=Conversion)
    execution: Execution = field(default_factory=Execution)
    latency: Latency = field(default_factory=ConstantLatency)
    commission: Commission = field(default_factory=RateCommission)
    slippage: Slippage = field(default_factory=RateSlippage)
    impact: Impact = field(default_factory=NoImpact)
    risk: RiskLimits = field(default_factory=RiskLimits)
    instruments: Mapping[str, InstrumentSettings] = field(default_factory=_default_instruments)
    calendar: str = "auto"
    benchmark: str = "buy_and_hold"
    risk_free: float = 0.0
    trades: str = "fifo"
    seed: int = 0

    def __post_init__(self) -> None:
        put(self, "cash", number("config cash", self.cash, above=0.0))
        put(self, "cash_flows", cash_flows_of(self.cash_flows))
        put(self, "risk_free", number("config risk_free", self.risk_free, above=-1.0))
        choice("config trades", self.trades, ("fifo", "lifo", "average"))
        put(self, "seed", whole_number("config seed", self.seed))
        check_code("config currency", self.currency)
        for name, kinds in _SECTIONS.items():
            _check_section(name, getattr(self, name), kinds)
        _check_mapping("instruments", self.instruments, "SPY", "InstrumentSettings(tick=0.01)")
        _check_mapping("currencies", self.currencies, "EUR", "Rate(symbol='EURUSD')")
        for symbol, settings in self.instruments.items():
            _check_section(f"instruments.{symbol}", settings, (InstrumentSettings,))
            if symbol == "default" and settings.commission is not None:
                raise ConfigError(
                    "config instruments.default.commission and commission: expected one of them, "
                    "found the first; what all instruments pay is commission."
                )
        self._check_delays()
        self._check_currencies()
        self._check_instruments()
        complete = {"default": InstrumentSettings()} | dict(self.instruments)
        put(self, "instruments", MappingProxyType(complete))
        self._check_limits()
        check_together(self)

    def _check_limits(self) -> None:
        """Limits that the instruments' settings make meaningless."""
        settings = self.instruments.values()
        if self.risk.max_sector is not None and all(one.sector is None for one in settings):
            raise ConfigError(
                "config risk.max_sector and instruments: expected a sector of at least one "
                "instrument with max_sector, found none; set instruments.SYMBOL.sector or drop "
                "max_sector."
            )
        most = self.risk.max_order_qty
        for symbol, one in self.instruments.items():
            if most is not None and float(one.increment) > most:
                raise ConfigError(
                    f"config risk.max_order_qty and instruments.{symbol}.increment: expected an "
                    f"order of one increment to be allowed, found {most:g} and {one.increment}; "
                    "raise max_order_qty or lower the increment."
                )

    def _check_delays(self) -> None:
        """One place for delays, and none where orders fill as they are made."""
        short = self.execution.latency_ns
        if short > 0 and self.latency != ConstantLatency():
            raise ConfigError(
                f"config execution.latency_ns and latency: expected one of them, found {short} "
                "and a latency section; drop execution.latency_ns."
            )
        if self.execution.timing == "same_close" and self.delays.is_any:
            raise ConfigError(
                "config execution.timing and latency: same_close fills at the moment of decision, "
                "found a latency above zero; set it to 0 or use timing next_close."
            )

    def _check_currencies(self) -> None:
        """Every currency that is traded in has a rate."""
        for code, rate in self.currencies.items():
            check_code("config currencies", code)
            _check_section(f"currencies.{code}", rate, (Rate,))
            if code == self.currency:
                raise ConfigError(
                    f"config currencies.{code} and currency: expected rates of other currencies "
                    f"than the base, found {code} in both; drop one."
                )
        put(self, "currencies", MappingProxyType(dict(self.currencies)))
        for symbol, settings in self.instruments.items():
            code = settings.currency or self.currency
            if code != self.currency and code not in self.currencies:
                raise ConfigError(
                    f"config instruments.{symbol}.currency and currencies: expected a rate for "
                    f"{code}, found {', '.join(self.currencies) or 'none'}; add "
                    f"currencies: {{{code}: {{symbol: …}}}} or a value."
                )

    def currency_of(self, symbol: str) -> str:
        """The currency of a symbol's prices."""
        return self.settings_of(symbol).currency or self.currency

    @property
    def currency_codes(self) -> tuple[str, ...]:
        """The base currency, then the others by name."""
        return (self.currency, *sorted(self.currencies))

    def _check_instruments(self) -> None:
        """Instruments that the account's kind has no rule for."""
        for symbol, settings in self.instruments.items():
            if isinstance(self.account, CashAccount) and settings.valuation == "margined":
                raise ConfigError(
                    f"config account and instruments.{symbol}.valuation: expected instruments that "
                    "are paid for in a cash account, found margined; use account kind margin or "
                    "gross_leverage."
                )
            own = [name for name in _RATES if getattr(settings, name) is not None]
            if settings.initial_money > 0.0:
                own.append("initial_money")
            if settings.leverage_factor != 1.0:
                own.append("leverage_factor")
            if own and not isinstance(self.account, MarginAccount):
                raise ConfigError(
                    f"config instruments.{symbol}.{own[0]} and account: expected account kind "
                    f"margin for margin of an instrument's own, found {self.account.kind}; drop "
                    "one of them."
                )

    @property
    def delays(self) -> Latency:
        """The latency in force, wherever it was written."""
        short = self.execution.latency_ns
        if short == 0:
            return self.latency
        return ConstantLatency(submit_ns=short, amend_ns=short, cancel_ns=short)

    def settings_of(self, symbol: str) -> InstrumentSettings:
        """The settings of one symbol: its own, else the default ones."""
        return self.instruments.get(symbol, self.instruments["default"])

    def commission_of(self, symbol: str) -> Commission:
        """What orders of one symbol pay: its own commission, else that of all."""
        return self.settings_of(symbol).commission or self.commission

    def __reduce__(self) -> tuple[object, ...]:
        from quant.model.parse import config_from, to_mapping

        return config_from, (to_mapping(self),)


_SECTIONS: dict[str, tuple[type, ...]] = {
    "account": (GrossLeverage, CashAccount, MarginAccount, NetLeverage, UnlimitedAccount),
    "margin_call": (MarginCall,),
    "interest": (Interest,),
    "borrow": (Borrow,),
    "conversion": (Conversion,),
    "execution": (Execution,),
    "latency": (ConstantLatency, UniformLatency, ExponentialLatency),
    "commission": (
        RateCommission,
        PerShareCommission,
        PerOrderCommission,
        TieredCommission,
        ScheduleCommission,
    ),
    "slippage": (
        RateSlippage,
        TickSlippage,
        RangeSlippage,
        SpreadSlippage,
        VolumeShareSlippage,
    ),
    "impact": (NoImpact, SquareRootImpact),
    "risk": (RiskLimits,),
}


def _check_section(name: str, value: object, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise ConfigError(
            f"config {name}: expected {names}, found {value!r}; build it, or use config_from()."
        )


def _check_mapping(name: str, value: object, key: str, example: str) -> None:
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"config {name}: expected settings by name, found {value!r}; write for example "
            f"{{'{key}': qt.{example}}}."
        )
