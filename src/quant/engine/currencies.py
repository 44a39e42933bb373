"""Currencies, from settings to the kernel's records, and what they did to a result."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.errors import ConfigError, nearest
from quant.kernel.codes import NONE, POSTING_KIND, VALUATION
from quant.kernel.layout import ARRAYS, State
from quant.lake import Bars
from quant.model.config import Config
from quant.report.trades import FillArrays, TradeArrays

__all__ = [
    "balance_records",
    "conversion_costs",
    "currency_records",
    "currency_split",
    "in_base",
    "rates_now",
    "revaluation",
    "variation_gains",
    "with_base_results",
]

FloatArray = NDArray[np.float64]
# Minor units per unit of money, where not 100 (ISO 4217, 2024).
_MINOR_UNITS = {"JPY": 1.0, "KRW": 1.0, "VND": 1.0, "CLP": 1.0, "KWD": 1000.0, "BHD": 1000.0}


def balance_records(config: Config) -> NDArray[np.void]:
    """A balance for every currency, the base first."""
    codes = config.currency_codes
    record = np.zeros(len(codes), ARRAYS["balances"])
    record["currency"] = np.arange(len(codes))
    record["fx"] = math.nan
    record["fx"][0] = 1.0
    record["minor_unit"] = [_MINOR_UNITS.get(code, 100.0) for code in codes]
    return record


def currency_records(bars: Bars, config: Config) -> NDArray[np.void]:
    """Where the rate of every currency comes from.

    Raises
    ------
    ConfigError
        If a rate is the price of a symbol that the data does not have, or that is itself in
        another currency than its rate says.
    """
    codes = config.currency_codes
    record = np.zeros(len(codes), ARRAYS["currencies"])
    record["instrument"] = NONE
    record["value"] = 1.0
    for one, code in zip(record[1:], codes[1:], strict=True):
        rate = config.currencies[code]
        if rate.symbol is None:
            one["value"] = rate.fixed
            continue
        one["is_inverted"] = int(rate.inverted)
        if rate.symbol not in bars.symbols:
            shown, near = ", ".join(bars.symbols[:8]), nearest(rate.symbol, bars.symbols)
            raise ConfigError(
                f"config currencies.{code}.symbol: expected a symbol of the data ({shown}), found "
                f"{rate.symbol!r}; add its prices or set a value.{near}"
            )
        own = config.currency_of(rate.symbol)
        wanted = code if rate.inverted else config.currency
        if own != wanted:
            raise ConfigError(
                f"config currencies.{code}.inverted and instruments.{rate.symbol}.currency: "
                f"expected prices in {wanted}, found {own}; set instruments.{rate.symbol}."
                f"currency, or change inverted."
            )
        one["instrument"] = bars.symbols.index(rate.symbol)
    return record


def rates_now(state: State) -> FloatArray:
    """What a unit of each instrument's currency is worth at the last marks."""
    fx: FloatArray = state["balances"]["fx"][state["instruments"]["currency"]]
    return np.ascontiguousarray(fx)


def in_base(fills: FillArrays, fx: FloatArray) -> FillArrays:
    """Fills with all money in the base currency, at the rates of the fills."""
    return replace(
        fills,
        price=fills.price * fx,
        price_raw=fills.price_raw * fx,
        commission=fills.commission * fx,
        fees=fills.fees * fx,
        slippage=fills.slippage * fx,
    )


def with_base_results(state: State, local: TradeArrays, base: TradeArrays) -> TradeArrays:
    """Trades with the prices of their instruments and results in the base currency.

    What is paid for has gained the difference of its values in the base; a future its gain in its
    own currency, at the rate of the exit, or of now.
    """
    ins = state["instruments"]
    is_future = ins["valuation"] != VALUATION.PAID
    futures = is_future[local.instrument]
    fx = np.ascontiguousarray(state.used("fills")["fx"])[local.exit_fill]
    gross = np.where(futures, local.pnl_gross * fx, base.pnl_gross)
    lots = base.open_lots
    now = rates_now(state)[lots.instrument]
    price = np.where(is_future[lots.instrument], local.open_lots.price * now, lots.price)
    entry = np.abs(base.entry_price) * local.qty * ins["multiplier"][local.instrument]
    net = gross - base.costs
    return replace(
        local,
        pnl_gross=gross,
        costs=base.costs,
        pnl_net=net,
        return_=net / entry,
        open_lots=replace(lots, price=price),
    )


def variation_gains(state: State, trades: TradeArrays) -> float:
    """What futures brought beyond the results of their trades, because each day's gain came home
    at the rate of its day."""
    ins = state["instruments"]
    is_future = ins["valuation"] != VALUATION.PAID
    rows = state.used("postings")
    rows = rows[rows["kind"] == POSTING_KIND.VARIATION]
    total = [math.fsum((rows["amount"] * rows["fx"]).tolist())]
    fx = rates_now(state)
    for position in state["positions"]:
        i = int(position["instrument"])
        if position["units"] != 0 and is_future[i]:
            size = position["units"] * ins["unit_num"][i] / ins["unit_den"][i]
            gain = ins["mark"][i] - position["reference"]
            total.append(float(size * ins["multiplier"][i] * gain * fx[i]))
    futures = is_future[trades.instrument]
    total += (-trades.pnl_gross[futures]).tolist()
    lots = trades.open_lots
    for k in np.flatnonzero(is_future[lots.instrument]).tolist():
        i = int(lots.instrument[k])
        gain = float(ins["mark"][i] * fx[i] - lots.price[k])
        total.append(-float(lots.side[k] * gain * lots.qty[k] * ins["multiplier"][i]))
    return math.fsum(total)


def revaluation(state: State) -> float:
    """What balances of other currencies have gained since they came in, and what changing cost."""
    rows = state.used("postings")
    now = state["balances"]["fx"][rows["currency"]]
    other = rows["currency"] > 0
    gains = rows["amount"][other] * (now[other] - rows["fx"][other])
    changed = rows["kind"] == POSTING_KIND.CONVERSION
    spent = rows["amount"][changed] * rows["fx"][changed]
    return math.fsum(gains.tolist()) + math.fsum(spent.tolist())


def conversion_costs(state: State) -> FloatArray:
    """What each change between another currency and the base cost, in the base, not rounded."""
    rows = state.used("postings")
    # the half of a pair that leaves the other currency is the whole amount, its cost not taken off
    rows = rows[(rows["kind"] == POSTING_KIND.CONVERSION) & (rows["currency"] > 0)]
    worth: FloatArray = np.abs(rows["amount"] * rows["fx"])
    return worth * float(state["policy"][0]["conversion_cost"])


def currency_split(
    state: State, bars: Bars, config: Config, local: TradeArrays, base: TradeArrays
) -> pl.DataFrame:
    """The result of each symbol in the base currency, by prices and by currencies.

    ``price_pnl`` is what prices gained, at the rate of the entry; ``currency_pnl`` what the rate
    gained on the value at the exit, or at the last mark. A future has a price part alone. A last
    row ``cash`` has the gains of balances in other currencies, those of futures that came home at
    the rates of their days, and what changing money cost.

    Parameters
    ----------
    local, base : TradeArrays
        Results in the instruments' currencies, and in the base.
    """
    ins = state["instruments"]
    is_future = ins["valuation"] != VALUATION.PAID
    fx = np.ascontiguousarray(state.used("fills")["fx"])
    now = rates_now(state)
    n = len(bars.symbols)
    price, whole = np.zeros(n), np.zeros(n)
    np.add.at(whole, base.instrument, base.pnl_gross)
    np.add.at(price, local.instrument, local.pnl_gross * fx[local.entry_fill])
    lots, own = base.open_lots, local.open_lots
    size = lots.side * lots.qty * ins["multiplier"][lots.instrument]
    marks = ins["mark"][lots.instrument]
    np.add.at(whole, lots.instrument, size * (marks * now[lots.instrument] - lots.price))
    np.add.at(price, lots.instrument, size * (marks - own.price) * fx[own.fill])
    price = np.where(is_future, whole, price)
    traded = np.flatnonzero((price != 0.0) | (whole != 0.0)).tolist()
    rows: list[dict[str, Any]] = [
        {
            "symbol": bars.symbols[i],
            "currency": config.currency_of(bars.symbols[i]),
            "price_pnl": float(price[i]),
            "currency_pnl": float(whole[i] - price[i]),
        }
        for i in traded
    ]
    if len(config.currency_codes) > 1:
        gained = revaluation(state) + variation_gains(state, base)
        rows.append({"symbol": "cash", "currency": None, "price_pnl": 0.0, "currency_pnl": gained})
    schema = {"symbol": pl.String, "currency": pl.String,
              "price_pnl": pl.Float64, "currency_pnl": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema)
