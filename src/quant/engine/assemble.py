"""From bars and settings to the kernel's state."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.engine.accounts import (
    account_record,
    borrow_rows,
    interest_record,
    is_settling,
    set_account_policy,
    set_margins,
    settle_sessions,
)
from quant.engine.cross_impact import cross_records
from quant.engine.currencies import balance_records, currency_records
from quant.engine.fee_rows import check_fee_currencies, commissions, fee_arrays
from quant.engine.flows import flow_events
from quant.engine.liquidity import known_rows
from quant.engine.plan_install import no_plan
from quant.engine.timeline import Period, Timeline, next_rows
from quant.errors import ConfigError, nearest
from quant.kernel.blank import forced_template
from quant.kernel.codes import (
    BATCH,
    CAP_BY,
    INSUFFICIENT,
    LIMIT_RULE,
    MARKET_PRICE,
    NONE,
    OVER_CAP,
    PATH,
    ROUNDING,
    SIZE_AT,
    SLICE_FLAG,
    SLIPPAGE_KIND,
    TIMING,
    TRAILING,
    VERB,
    ZERO_VOLUME,
    names,
)
from quant.kernel.layout import ARRAYS, PER_WORKING_ORDER, State
from quant.lake import Bars
from quant.model.config import (
    Config,
    InstrumentSettings,
    SpreadSlippage,
    SquareRootImpact,
    TickSlippage,
    VolumeShareSlippage,
)

__all__ = ["assemble"]

_ORDERS_AT_FIRST = 256


def _code(kind: type, word: str) -> int:
    """The kernel's code of a word of the configuration."""
    return next(code for code, text in names(kind).items() if text == word)


def _policy(bars: Bars, config: Config) -> NDArray[np.void]:
    execution = config.execution
    record = np.zeros(1, ARRAYS["policy"])
    one = record[0]
    one["timing"] = _code(TIMING, execution.timing)
    one["path"] = _code(PATH, execution.path)
    one["limit_rule"] = _code(LIMIT_RULE, execution.limit)
    one["insufficient"] = _code(INSUFFICIENT, execution.insufficient)
    one["over_cap"] = _code(OVER_CAP, execution.over_cap)
    one["size_at"] = _code(SIZE_AT, execution.size_at)
    one["rounding"] = _code(ROUNDING, execution.rounding)
    one["gap_improvement"] = int(execution.gap_improvement)
    one["trailing"] = _code(TRAILING, execution.trailing)
    one["close_cutoff_ns"] = execution.close_cutoff_ns
    one["bar_slack_ns"] = execution.bar_slack_ns
    one["batch"] = _code(BATCH, execution.batch)
    one["market_price"] = _code(MARKET_PRICE, execution.market_price)
    one["zero_volume"] = _code(ZERO_VOLUME, execution.zero_volume)
    one["minimum_volume"] = execution.minimum_volume
    one["range_spread_fraction"] = execution.range_spread_fraction
    one["guardrail"] = execution.guardrail
    set_account_policy(one, bars, config)
    _set_caps(one, config)
    _set_impact(one, config)
    return record


def _set_caps(one: Any, config: Config) -> None:
    """How much of a bar our orders may take."""
    execution = config.execution
    inside = execution.participation
    at_open = inside if execution.participation_open is None else execution.participation_open
    caps_share = isinstance(config.slippage, VolumeShareSlippage) and config.slippage.cap
    one["has_participation"] = int(inside is not None or caps_share)
    one["participation"] = math.inf if inside is None else inside
    one["participation_open"] = math.inf if at_open is None else at_open
    one["cap_by"] = _code(CAP_BY, execution.cap_by)
    most = (execution.max_shares, execution.max_notional)
    one["has_caps"] = int(any(value is not None for value in most))
    for name, value in zip(("max_shares", "max_notional"), most, strict=True):
        one[name] = math.nan if value is None else value


def _set_impact(one: Any, config: Config) -> None:
    """How our orders move the price."""
    impact = config.impact
    if not isinstance(impact, SquareRootImpact):
        return
    one["has_impact"] = 1
    one["impact_alpha"] = impact.alpha
    one["impact_sigma"] = math.nan if impact.sigma is None else impact.sigma
    one["impact_adv"] = math.nan if impact.adv is None else impact.adv
    one["impact_permanent"] = impact.permanent
    one["impact_half_life"] = float(impact.half_life_ns)


def _risk() -> NDArray[np.void]:
    """No limit, and nothing judged yet."""
    record = np.zeros(1, ARRAYS["risks"])
    for name in ARRAYS["risks"].names or ():
        if ARRAYS["risks"][name].kind == "f":
            record[name] = math.nan
    record["session"] = NONE
    record["count_session"] = NONE
    return record


def _sectors(bars: Bars, config: Config) -> NDArray[np.int64]:
    """A number for each sector, in order of name; NONE where an instrument has none."""
    names_of = [config.settings_of(symbol).sector for symbol in bars.symbols]
    known = sorted({name for name in names_of if name is not None})
    return np.array([NONE if n is None else known.index(n) for n in names_of], np.int64)


def _instruments(bars: Bars, config: Config) -> NDArray[np.void]:
    for symbol in config.instruments:
        if symbol != "default" and symbol not in bars.symbols:
            raise ConfigError(
                f"config instruments: expected symbols of the data ({_some(bars.symbols)}), found "
                f"{symbol!r}; correct or remove it.{nearest(symbol, bars.symbols)}"
            )
    _check_ticks(bars, config)
    check_fee_currencies(bars.symbols, config)
    record = np.zeros(len(bars.symbols), ARRAYS["instruments"])
    record["mark"] = math.nan
    record["prev_volume"] = math.nan
    record["bar"] = NONE
    record["opened_at"] = NONE
    record["head"] = NONE
    record["counted"] = NONE
    record["working"] = NONE
    record["target_order"] = NONE
    record["last_order"] = NONE
    record["prev_spread"] = 0.0
    record["volume_before"] = math.nan
    record["closes_only"] = int(bars.closes_only)
    # symbols without settings of their own share a record
    alike: dict[str, list[int]] = {}
    for i, symbol in enumerate(bars.symbols):
        alike.setdefault(symbol if symbol in config.instruments else "default", []).append(i)
    models = commissions(bars.symbols, config)
    for name, places in alike.items():
        symbol = bars.symbols[places[0]]
        one = record[places[:1]].copy()
        _set_instrument(one[0], config.settings_of(symbol), config)
        one["commission"] = models.index(config.commission_of(symbol))
        one["currency"] = config.currency_codes.index(config.currency_of(name))
        record[places] = one
    return record


def _set_instrument(one: Any, settings: InstrumentSettings, config: Config) -> None:
    """What an instrument trades in, and what its positions require."""
    set_margins(one, settings, config)
    numerator, denominator = Decimal(settings.increment).as_integer_ratio()
    one["unit_num"] = float(numerator)
    one["unit_den"] = float(denominator)
    one["tick"] = settings.tick or 0.0
    one["multiplier"] = settings.multiplier


def _check_ticks(bars: Bars, config: Config) -> None:
    """Slippage in ticks needs a tick everywhere."""
    slippage = config.slippage
    if not isinstance(slippage, TickSlippage) or slippage.ticks == 0.0:
        return
    lacking = tuple(s for s in bars.symbols if config.settings_of(s).tick is None)
    if lacking:
        raise ConfigError(
            "config slippage: kind ticks expects a tick for every instrument, found none for "
            f"{_some(lacking)}; set instruments.default.tick."
        )


def _some(symbols: tuple[str, ...]) -> str:
    shown = ", ".join(symbols[:5])
    return shown if len(symbols) <= 5 else f"{shown}, … {len(symbols)} in all"


def _slippage(config: Config) -> NDArray[np.void]:
    record = np.zeros(1, ARRAYS["slippages"])
    model = config.slippage
    record["kind"] = _code(SLIPPAGE_KIND, model.kind)
    record["size"] = model.size
    record["cap_fraction"] = math.nan
    if isinstance(model, SpreadSlippage):
        record["k_stop"], record["k_auction"] = model.k_stop, model.k_auction
    if isinstance(model, VolumeShareSlippage):
        record["volume_limit"] = model.volume_limit
        record["cap_fraction"] = model.volume_limit if model.cap else math.nan
    return record


def _deposit(config: Config, start: int) -> NDArray[np.void]:
    record = np.zeros(1, ARRAYS["events"])
    one = record[0]
    one["ts"] = start
    one["verb"] = VERB.CASH
    one["instrument"] = NONE
    one["a"] = config.cash
    return record


def _positions(n: int) -> NDArray[np.void]:
    record = np.zeros(n, ARRAYS["positions"])
    record["instrument"] = np.arange(n)
    return record


def assemble(bars: Bars, config: Config, timeline: Timeline, period: Period) -> State:
    """The state in which a run on ``bars`` begins: one account, one book.

    Raises
    ------
    ConfigError
        If the settings name a symbol the data does not have.
    """
    n = len(bars.symbols)
    slices = timeline.slices
    closes = (slices["flags"] & SLICE_FLAG.SESSION_CLOSE) != 0
    n_rows = int(((slices["close_hi"] > slices["close_lo"]) | closes).sum())
    n_slices = len(timeline.slices)
    instruments = _instruments(bars, config)
    fixed = {
        "policy": _policy(bars, config),
        "accounts": account_record(config),
        "balances": balance_records(config),
        "currencies": currency_records(bars, config),
        "instruments": instruments,
        "crosses": cross_records(bars, config, instruments),
        "positions": _positions(n),
        "bars": timeline.bars,
        "open_rows": timeline.open_rows,
        "slices": timeline.slices,
        "session_closes": timeline.session_closes,
        "row_flags": np.zeros(0, np.int64),
        **known_rows(bars, config, timeline.rows),
        "events": np.concatenate(
            [_deposit(config, timeline.start), flow_events(config, bars, period)]
        ),
        "slippages": _slippage(config),
        "interests": interest_record(config),
        "settle_on": settle_sessions(bars, config),
        "next_rows": next_rows(timeline.bars)
        if is_settling(config.account)
        else np.zeros(0, np.int64),
        "forced_order": forced_template(),
        **no_plan(),
        **borrow_rows(bars, config, timeline.rows),
        **fee_arrays(commissions(bars.symbols, config), bars.calendar),
        "risks": _risk(),
        "sectors": _sectors(bars, config),
        "session_marks": np.zeros(0),
        "scenario_results": np.zeros(0),
    }
    sizes = {
        "sim": 1,
        "held": n,
        "equity": n_rows + 2,
        "saved_sim": 1,
        "saved_account": 1,
        "saved_balances": len(config.currency_codes),
        "saved_instrument": 1,
        "saved_position": 1,
        "saved_held": n,
        "saved_volume": 1,
    }
    arrays: dict[str, Any] = {
        name: fixed[name]
        if name in fixed
        else np.zeros(sizes.get(name, _ORDERS_AT_FIRST * PER_WORKING_ORDER.get(name, 1)), dtype)
        for name, dtype in ARRAYS.items()
    }
    sim = arrays["sim"][0]
    sim["n_slices"] = n_slices
    sim["trial"] = NONE
    sim["n_accounts"] = 1
    sim["n_books"] = 1
    sim["n_instruments"] = n
    sim["n_currencies"] = len(config.currency_codes)
    sim["n_events"] = len(arrays["events"])
    sim["now"] = timeline.start
    first = int((timeline.slices["flags"] & 1).argmin())
    sim["session"] = timeline.slices["session_next"][max(first - 1, 0)]
    return State(arrays)
