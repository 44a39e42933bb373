"""What a limit of money does to a result: one long-short strategy, four ways to treat its cash.

python -m parity.cash_limits [--page FILE]

250 assets, 252 days of random prices; every day 25 assets long and 25 short at 20,000 each, a
million in all. First with ample cash, where no limit is ever reached, then with 100,000. What each
tool does with the same orders then depends on its rule for money and on nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import quant as qt
from parity import environments
from parity.environments import CHECKOUT, ParityError

ASSETS, DAYS, EACH_SIDE, VALUE, SEED = 250, 252, 25, 20_000.0, 20240607
AMPLE, SMALL = 10_000_000.0, 100_000.0
WORDS = """
Where money is ample all tools agree to the cent: backtrader, vectorbt and quant at the next open,
vectorbt and quant at the close of decision. Random prices earn nothing: of the loss, 674,000 are
the cost of 22,345 orders of about 20,000 at 0.15 % each.

With 100,000 the same orders meet different rules for money:

- **backtrader** asks only that cash stays at or above zero, and a short sale adds its proceeds to
  the cash. What finds too little ends with Margin: without `checksubmit` when it fills, and only
  what opens; with it also when it is sent, purchases that cover a short among them, and an order
  that fails there takes the later purchases of that moment with it. So which orders fill hangs on
  that switch and on the order in which the strategy sends its lines: the three runs are one
  strategy. The account loses more than it had and trades on.
- **vectorbt** has the same rule, fills as many shares as the cash pays for, and takes sales first
  (`call_seq="auto"`). With `lock_cash` a short sale needs free cash too: the account holds a small
  part of the positions and the loss shrinks with them. With `lock_cash`, fractions of shares and
  an equal part of the cash for each asset in place of one account, nearly every trade of the
  unlimited run is there, at about a fiftieth of its size: 98 % less loss.
- **quant** limits long and short together to `k` times equity at every fill. With `k: 1` at most
  100,000 of the million is held, and no order opens anything once equity is gone. `reject` refuses
  whole what does not fit, `partial` fills what fits.

A table in which one tool loses 98 % less than another on the same strategy and prices says that
their accounts differ, not that one of them computes better. Which account is right is a question to
the broker: `k: 1` is an account that borrows nothing, `k: 2` a margin account in the United States
overnight. No limit at all is no account: it tells what a strategy does, not what anybody could have
done.

The table has no seconds, which published tables of this kind have. They hang on the machine, on its
load, and on what is compiled already. The figures above come out the same everywhere, and a page
that is compared with the next run keeps to those. Speed is measured apart, by `make bench`.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    tool: str
    cash: float
    pnl: float
    fills: int
    trades: int


def panel(seed: int = SEED) -> dict[str, Any]:
    """Random bars (days, assets) and the share targets of each day."""
    rng = np.random.default_rng(seed)
    shape = (DAYS, ASSETS)
    moves, gaps = rng.normal(0.0, 0.015, shape), rng.normal(0.0, 0.004, shape)
    opens, closes = np.empty(shape), np.empty(shape)
    last = rng.uniform(40.0, 200.0, ASSETS)
    for day in range(DAYS):
        opens[day] = np.maximum(np.round(last * np.exp(gaps[day]), 2), 1.0)
        last = closes[day] = np.maximum(np.round(opens[day] * np.exp(moves[day]), 2), 1.0)
    above, below = np.abs(rng.normal(0.0, 0.004, (2, *shape)))
    highs = np.round(np.maximum(opens, closes) * np.exp(above), 2)
    lows = np.round(np.minimum(opens, closes) * np.exp(-below), 2)
    volume = rng.integers(1_000_000, 5_000_000, shape).astype(float)
    order = np.argsort(rng.random(shape), axis=1)
    shares = np.floor(VALUE / closes).astype(np.int64)
    target = np.zeros(shape, np.int64)
    for day in range(DAYS):
        for sign, chosen in ((-1, order[day, :EACH_SIDE]), (1, order[day, -EACH_SIDE:])):
            target[day, chosen] = sign * shares[day, chosen]
    names = ("open", "high", "low", "close", "volume", "target")
    return dict(zip(names, (opens, highs, lows, closes, volume, target), strict=True))


class Panel(qt.Strategy):
    """Orders for the difference to the day's target, sales sent before purchases."""

    def __init__(self, target: np.ndarray) -> None:
        self.target = target.tolist()
        self.day = 0

    def on_slice(self, market: Any, ctx: Any) -> None:
        if self.day < len(self.target) - 1:
            held = [ctx.portfolio.qty(symbol) for symbol in ctx.symbols]
            change = [t - h for t, h in zip(self.target[self.day], held, strict=True)]
            for sign in (-1, 1):
                for symbol, qty in zip(ctx.symbols, change, strict=True):
                    if qty * sign > 0:
                        ctx.order(symbol, qty)
        self.day += 1


def through_quant(data: dict[str, Any], cash: float, **settings: Any) -> Row:
    """One run of quant."""
    first = date(2015, 1, 1)
    days = [first + timedelta(days=k) for k in range(2 * DAYS)]
    days = [day for day in days if day.weekday() < 5][:DAYS]
    columns = {n: data[n].reshape(-1) for n in ("open", "high", "low", "close", "volume")}
    symbols = [f"A{i:03d}" for i in range(ASSETS)] * DAYS
    keys = {"ts": [day for day in days for _ in range(ASSETS)], "symbol": symbols}
    config = {
        "cash": cash,
        "account": {"kind": "gross_leverage", "k": settings.pop("k")},
        "execution": {"participation": None} | settings,
        "commission": {"kind": "rate", "rate": 0.001},
        "slippage": {"kind": "rate", "rate": 0.0005},
        "calendar": "weekdays",
        "benchmark": "none",
    }
    run = qt.backtest(Panel(data["target"]), pl.DataFrame(keys | columns), config=config)
    pnl = run.equity["equity"][-1] - cash
    return Row("", cash, pnl, len(run.fills), len(run.trades))


def through_peer(peer: str, path: Path, cash: float, **settings: Any) -> Row:
    """One run of a peer."""
    environments.make(peer)
    command = [str(environments.python_of(peer)), "-m", "parity.peers.cash_limits_run"]
    given = json.dumps({"cash": cash} | settings)
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [*command, peer, str(path), given],
        capture_output=True,
        text=True,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    if done.returncode:
        raise ParityError(f"{peer} failed: {' '.join(done.stderr.strip().splitlines()[-1:])}")
    return Row("", cash, **json.loads(done.stdout.strip().splitlines()[-1]))


def table() -> list[Row]:
    """All runs, named."""
    data = panel()
    path = environments.home() / "data" / "cash_limits.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **data)
    rows: list[Row] = []

    def add(tool: str, row: Row) -> None:
        named = Row(tool, row.cash, row.pnl, row.fills, row.trades)
        print(_text(named), flush=True)
        rows.append(named)

    free, tight = {"k": 1e6}, {"k": 1.0}
    loose = {"lock_cash": False}
    add("backtrader", through_peer("backtrader", path, AMPLE, checksubmit=False))
    add("quant, next bar", through_quant(data, AMPLE, **free))
    add("vectorbt, next bar", through_peer("vectorbt", path, AMPLE, same_bar=False, **loose))
    add("vectorbt, same bar", through_peer("vectorbt", path, AMPLE, same_bar=True, **loose))
    add("quant, same bar", through_quant(data, AMPLE, timing="same_close", **free))
    for check in (False, True):
        name = f"backtrader, checksubmit {'on' if check else 'off'}"
        add(name, through_peer("backtrader", path, SMALL, checksubmit=check))
    unsorted = through_peer("backtrader", path, SMALL, checksubmit=True, sales_first=False)
    add("backtrader, orders by asset", unsorted)
    add("vectorbt", through_peer("vectorbt", path, SMALL, same_bar=False, **loose))
    locked = through_peer("vectorbt", path, SMALL, same_bar=False, lock_cash=True)
    add("vectorbt, lock_cash", locked)
    apart = {"same_bar": False, "lock_cash": True, "sharing": False}
    add("vectorbt, cash per asset", through_peer("vectorbt", path, SMALL, **apart))
    add("quant, k 1, reject", through_quant(data, SMALL, insufficient="reject", **tight))
    add("quant, k 1, partial", through_quant(data, SMALL, insufficient="partial", **tight))
    same = {"timing": "same_close", "insufficient": "partial"}
    add("quant, k 1, partial, same bar", through_quant(data, SMALL, **same, **tight))
    return rows


def _text(row: Row) -> str:
    money = f"{row.cash:>12,.0f} {row.pnl:>14,.2f}"
    return f"{row.tool:<32} {money} {row.fills:>8,} {row.trades:>8,}"


def page(rows: Sequence[Row]) -> str:
    """The table and what it says, as Markdown."""
    lines = [
        "## What a limit of money does",
        "",
        f"{ASSETS} assets, {DAYS} days of random prices; every day {EACH_SIDE} long and",
        f"{EACH_SIDE} short at {VALUE:,.0f} each. `trades` is each tool's own count: one reversal,",
        "or one position left in parts, is one trade in some and two in others.",
        "",
        "| tool | cash | profit and loss | fills | trades |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.tool} | {row.cash:,.0f} | {row.pnl:,.2f} | {row.fills:,} | {row.trades:,} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n" + WORDS


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="parity.cash_limits", description="One strategy, many cashes."
    )
    parser.add_argument("--page", help="write the table as Markdown to this file")
    given = parser.parse_args(arguments)
    print(f"{'tool':<32} {'cash':>12} {'pnl':>14} {'fills':>8} {'trades':>8}")
    try:
        rows = table()
    except ParityError as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2
    print(WORDS)
    if given.page:
        Path(given.page).write_text(page(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
