"""A generator of small adversarial scenarios about costs and liquidity.

`random_cost_scenario(seed)` draws worlds as `random_scenario` does, with quotes, with bars without
volume and of unknown volume, and every model of slippage, impact and caps over them. Orders are
mostly simple; many are larger than what a bar lets through, so that they fill in slices over
several bars and pay for each.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from .scenarios import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Account,
    Action,
    BarRow,
    Execution,
    Impact,
    InstrumentSpec,
    Latency,
    OcoSpec,
    OrderSpec,
    Scenario,
    Slippage,
    Style,
    complicate,
    draw_cash,
    draw_commission,
    draw_count,
    draw_execution,
    draw_instrument,
    draw_level,
    draw_slippage,
    draw_style,
    draw_target,
    on_tick,
    quantity,
    session_closes,
)

TYPES = ("market", "market", "market", "limit", "limit", "stop", "stop_limit")
AT_CLOSE = ("market_on_close", "limit_on_close")
AT_OPEN = ("market_on_open", "limit_on_open")
TOUCHED = ("market_if_touched", "limit_if_touched")
LIMITS = ("limit", "stop_limit", "limit_if_touched", "limit_on_open", "limit_on_close")
TRIGGERS = ("stop", "stop_limit", *TOUCHED)


def random_cost_scenario(seed: int) -> Scenario:
    """One adversarial scenario about costs and liquidity; the same seed gives the same one."""
    rng = random.Random(f"costs {seed}")
    slippage = _slippage(rng)
    execution = draw_execution(rng)
    style = draw_style(rng, slippage["kind"], execution["limit"])
    style = replace(
        style,
        clock=rng.choice((style.clock, "daily", "minute")),
        n_bars=rng.randint(6, 16),
        bars_per_session=rng.randint(2, 4),
        volume=rng.choice(("plain", "zeros", "zeros", "mixed", "mixed", style.volume)),
    )
    impact = _impact(rng, style)
    _liquidity(rng, style, execution, 20 if impact is None else impact["window"])
    symbols = "ABC"[: rng.choice((1, 1, 1, 2, 2, 3))]
    if impact is not None and impact["permanent"] > 0.0 and rng.random() < 0.6:
        impact["cross"] = _cross(rng, symbols)
    instruments = [draw_instrument(rng, style, symbol) for symbol in symbols]
    columns = _columns(rng, slippage["kind"])
    for spec in instruments:
        _quote(rng, style, spec.bars, columns)
    rng.shuffle(instruments)
    kind = rng.choice(("gross_leverage", "gross_leverage", "gross_leverage", "cash"))
    scenario = Scenario(
        cash=draw_cash(rng, style) * rng.choice((1, 1, 10)),
        account=Account(kind=kind, k=rng.choice((1.0, 2.0, 100.0))),
        execution=execution,
        commission=draw_commission(rng, style),
        slippage=slippage,
        instruments=instruments,
        actions=[on_tick(a, instruments) for a in _actions(rng, style, instruments)],
        session_closes=session_closes(instruments),
        latency=_latency(rng, execution),
        impact=impact,
        columns=columns,
    )
    complicate(rng, scenario)
    return scenario


# ----------------------------------------------------------------------------------------- settings


def _slippage(rng: random.Random) -> Slippage:
    kind = rng.choice(("spread", "spread", "volume_share", "volume_share", "other"))
    if kind == "spread":
        # Of a whole spread, and of none, the price lies on the grid again.
        ks = (0.5, 0.5, 1.0, 0.0, 2.0, 0.3)
        return Slippage(
            kind=kind, k=rng.choice(ks), k_stop=rng.choice(ks), k_auction=rng.choice(ks)
        )
    if kind == "volume_share":
        return Slippage(
            kind=kind,
            price_impact=rng.choice((0.1, 1.0, 4.0)),
            volume_limit=rng.choice((0.025, 0.1, 0.25, 0.5)),
            cap=rng.random() < 0.6,
        )
    return draw_slippage(rng)


def _impact(rng: random.Random, style: Style) -> Impact | None:
    if rng.random() < 0.35:
        return None
    # Quantities of one, four, nine … parts of a hundred have whole roots.
    daily = float(Decimal(style.increment) * rng.choice((100, 400, 10_000)))
    return Impact(
        alpha=rng.choice((1.0, 1.0, 0.5, 0.1, 0.0)),
        sigma=rng.choice((None, None, 0.02, 0.1)),
        adv=rng.choice((None, None, daily)),
        window=rng.choice((2, 3, 3, 5, 20)),
        permanent=rng.choice((0.0, 0.0, 0.25, 0.5, 1.0)),
        half_life_ns=rng.choice((MINUTE, HOUR, DAY, DAY, 5 * DAY)),
    )


def _cross(rng: random.Random, symbols: str) -> dict[str, dict[str, float]]:
    """Factors for some of the ordered pairs of symbols."""
    pairs = [(a, b) for a in symbols for b in symbols if a != b and rng.random() < 0.7]
    factors: dict[str, dict[str, float]] = {}
    for mover, moved in pairs:
        factors.setdefault(mover, {})[moved] = rng.choice((0.5, 1.0, -0.5, 2.0, 0.0))
    return factors


def _liquidity(rng: random.Random, style: Style, execution: Execution, window: int) -> None:
    """Caps and what zero volumes mean; `window` is that of the impact."""
    if execution["participation"] is not None:
        execution["cap_by"] = rng.choice(("bar", "bar", "previous_bar", "adv"))
        execution["participation_open"] = rng.choice((None, None, None, 0.05, 0.1, 1.0))
    # There is one window of average volume.
    execution["adv_window"] = window
    if rng.random() < 0.2:
        count = rng.choice((1, 3, 7, 20))
        execution["max_shares"] = float(Decimal(style.increment) * count)
        if rng.random() < 0.3:
            execution["max_shares"] += float(Decimal(style.increment) / 2)
    if rng.random() < 0.2:
        count = rng.choice((1, 4, 10, 25))
        execution["max_notional"] = float(Decimal(style.base) * Decimal(style.increment) * count)
    policy = rng.choice(("reject", "last_price", "minimum_liquidity", "range_spread"))
    execution["zero_volume"] = policy
    volumes = [float(Decimal(style.increment) * count) for count in (1, 10, 30, 200)]
    if policy == "minimum_liquidity":
        execution["minimum_volume"] = rng.choice(volumes)
    elif policy != "reject":
        execution["minimum_volume"] = rng.choice((0.0, 0.0, *volumes))
    if policy == "range_spread":
        execution["range_spread_fraction"] = rng.choice((0.5, 1.0, 0.25, 0.0))


def _latency(rng: random.Random, execution: Execution) -> Latency | None:
    """Now and then orders are under way, so that fills of one print have times of their own."""
    if execution["timing"] == "same_close" or rng.random() < 0.9:
        return None
    submit = rng.choice((SECOND // 2, SECOND, 30 * SECOND))
    return Latency(submit_ns=submit, amend_ns=0, cancel_ns=0)


def _columns(rng: random.Random, slippage: str) -> tuple[str, ...]:
    columns = rng.choice((("spread",), ("bid", "ask"), ("spread", "bid", "ask")))
    return columns if slippage == "spread" or rng.random() < 0.1 else ()


def _quote(
    rng: random.Random, style: Style, bars: Sequence[BarRow], columns: tuple[str, ...]
) -> None:
    """Gives bars their columns; some are missing, at the start or in between."""
    p_missing = rng.choice((0.0, 0.2, 0.6))
    for bar in bars:
        if "spread" in columns and rng.random() >= p_missing:
            bar.spread = rng.choice((0.0, 0.5, 1.0, 2.0, 0.25)) * style.step
        width = rng.choice((0.0, 0.5, 1.0, 0.3)) * style.step
        if "bid" in columns and rng.random() >= p_missing:
            bar.bid = bar.close - width
        if "ask" in columns and rng.random() >= p_missing:
            bar.ask = bar.close + width


# ------------------------------------------------------------------------------------------- orders


def _actions(rng: random.Random, style: Style, instruments: list[InstrumentSpec]) -> list[Action]:
    """What the strategy does; `made` is a lower bound of the orders made so far."""
    times = sorted({bar.t_close for spec in instruments for bar in spec.bars})
    actions: list[Action] = []
    made = 0
    for at in times[:-1]:
        if rng.random() > 0.6:
            continue
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            spec = rng.choice(instruments)
            draw = rng.random()
            if draw < 0.05 and made:
                actions.append(Action(at, "cancel", cancel=rng.randint(1, made)))
            elif draw < 0.27:
                actions.append(draw_target(rng, style, spec, at))
            elif draw < 0.33:
                actions.append(_bracket(rng, style, spec, at))
                made += 3
            else:
                actions.append(_order(rng, style, spec, at))
                made += 1
    return actions


def _order(rng: random.Random, style: Style, spec: InstrumentSpec, at: int) -> Action:
    types = (*TYPES, *AT_CLOSE, *TOUCHED, "trailing_stop")
    kind = rng.choice(types if style.closes_only else (*types, *AT_OPEN))
    action = Action(at, "order", spec.symbol, type=kind)
    if kind not in (*AT_CLOSE, *AT_OPEN):
        action.tif = rng.choice(("DAY", "GTC", "GTC"))
        if kind in ("market", "limit") and rng.random() < 0.1:
            action.tif = rng.choice(("IOC",) if style.closes_only else ("IOC", "FOK"))
    count = draw_count(rng) * rng.choice((1, 1, 1, 5))
    action.qty = quantity(style, rng.choice((1, 1, 1, -1, -1)) * count)
    if kind in LIMITS:
        action.limit_price = draw_level(rng, style, spec, at)
    if kind in TRIGGERS:
        action.stop_price = draw_level(rng, style, spec, at)
    if kind == "trailing_stop":
        action.trail_amount = style.step * rng.randint(1, 3)
    action.reduce_only = rng.random() < 0.05
    return action


def _bracket(rng: random.Random, style: Style, spec: InstrumentSpec, at: int) -> Action:
    """An entry that its bars let in by and by, with exits that grow with it."""
    side = rng.choice((1, 1, -1))
    entry = OrderSpec(spec.symbol, quantity(style, side * draw_count(rng)), tif="GTC")
    low, high = sorted(_level(rng, style, spec, at) for _ in range(2))
    target, stop = (high, low) if side > 0 else (low, high)
    exits = [
        OrderSpec(spec.symbol, None, "limit", target, tif="GTC", reduce_only=True),
        OrderSpec(spec.symbol, None, "stop", None, stop, tif="GTC", reduce_only=True),
    ]
    entry.children.append(OcoSpec(exits))
    return Action(at, "submit", orders=[entry])


def _level(rng: random.Random, style: Style, spec: InstrumentSpec, at: int) -> float:
    level = draw_level(rng, style, spec, at)
    return round(level / spec.tick) * spec.tick if spec.tick else level
