"""What is known of an instrument when a session begins: its daily volume and volatility.

Follows `Impact` and `How much fills` of `docs/concepts/fills.md`. Only sessions before the one
asked for count, and of them only those in which the instrument has bars. Where the written rule
leaves room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from .world import ZERO, Bar, State


def adv(state: State, symbol: str, session: int, window: int) -> Decimal | None:
    """The mean volume of the last sessions; None if there are none, or one is unknown."""
    rows = _sessions_before(state, symbol, session)[-window:]
    if not rows:
        return None
    total = ZERO
    for bars in rows:
        for bar in bars:
            if bar.volume is None:
                return None
            total += bar.volume
    return total / len(rows)


def volatility(state: State, symbol: str, session: int, window: int) -> Decimal | None:
    """The standard deviation (ddof 1) of the last daily log returns; None with fewer than two."""
    key = symbol, session, window
    if key not in state.volatilities:
        state.volatilities[key] = _volatility(state, symbol, session, window)
    return state.volatilities[key]


def _volatility(state: State, symbol: str, session: int, window: int) -> Decimal | None:
    closes = [bars[-1].close for bars in _sessions_before(state, symbol, session)]
    returns = [(after / before).ln() for before, after in pairwise(closes)][-window:]
    if len(returns) < 2:
        return None
    mean = sum(returns, ZERO) / len(returns)
    squares = sum(((one - mean) ** 2 for one in returns), ZERO)
    return (squares / (len(returns) - 1)).sqrt()


def _sessions_before(state: State, symbol: str, session: int) -> list[list[Bar]]:
    """The bars of every earlier session in which the instrument has some, in order of time."""
    rows: dict[int, list[Bar]] = {}
    for bar in state.bars[symbol]:
        if bar.session < session:
            rows.setdefault(bar.session, []).append(bar)
    return [rows[label] for label in sorted(rows)]
