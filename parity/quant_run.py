"""Scenarios through quant, under the profile of the peer they are compared with.

python -m parity.quant_run PEER < scenarios.json

A peer's settings are quant's profile of its name. ``parity/profiles/PEER.yaml`` has ``bars``
(``ohlcv``, or ``close`` where the peer sees only closes), and perhaps ``long_only`` (what is set
besides where a scenario never sells short).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from ruamel.yaml import YAML

import quant as qt
from parity.environments import PEERS, ParityError
from parity.peers.common import Scenario, Unsupported, result, serve
from parity.scenarios import SESSIONS
from quant.errors import OrderError

PROFILES = Path(__file__).resolve().parent / "profiles"
MISSING = "unsupported by this version of quant"


@cache
def profile_of(peer: str) -> dict[str, Any]:
    """The profile of a peer, read from its file."""
    path = PROFILES / f"{peer}.yaml"
    if not path.is_file():
        raise ParityError(f"there is no profile {path.name}; the peers are {', '.join(PEERS)}.")
    return {"name": peer, **YAML(typ="safe").load(path)}


def settings_of(scenario: Scenario, profile: dict[str, Any]) -> dict[str, Any]:
    """The config of a scenario: the profile's, and what the scenario itself asks for."""
    config: dict[str, Any] = {"profile": profile["name"]}
    if not scenario["short"]:
        config |= profile.get("long_only", {})
    execution: dict[str, Any] = {"participation": scenario["participation"]}
    if scenario["timing"]:
        execution["timing"] = scenario["timing"]
    config |= {"cash": scenario["cash"], "calendar": "XNYS", "benchmark": "none"}
    if scenario["commission"]:
        config["commission"] = scenario["commission"]
    config["slippage"] = {"kind": "rate", "rate": scenario["slippage"] or 0.0}
    return config | {"execution": execution}


class Script(qt.Strategy):
    """Sends what the scenario's script says at each bar."""

    def __init__(self, script: dict[str, list[dict[str, Any]]]) -> None:
        self.script = script

    def on_slice(self, market: Any, ctx: Any) -> None:
        bar = SESSIONS.index(ctx.session.isoformat())
        for action in self.script.get(str(bar), ()):
            getattr(self, f"_{action['do']}")(action, ctx)

    def _order(self, action: dict[str, Any], ctx: Any) -> None:
        send(ctx.order, action["symbol"], action["qty"], **arguments_of(action))

    def _weights(self, action: dict[str, Any], ctx: Any) -> None:
        for symbol, weight in action["weights"].items():
            send(ctx.order_target, symbol, weight=weight)

    def _cancel(self, action: dict[str, Any], ctx: Any) -> None:
        send(ctx.cancel, action["name"])

    def _bracket(self, action: dict[str, Any], ctx: Any) -> None:
        prices = {"take_profit": action["target"], "stop_loss": action["stop"]}
        send(member(ctx, "bracket"), action["symbol"], action["qty"], **prices)

    def _oco(self, action: dict[str, Any], ctx: Any) -> None:
        one = member(qt, "OneCancelsOther")
        orders = [
            send(qt.Order, symbol=each["symbol"], qty=each["qty"], **arguments_of(each))
            for each in action["orders"]
        ]
        send(ctx.submit, one(orders=tuple(orders)))


def arguments_of(action: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments of an order, only those it has."""
    names = {
        "limit": "limit_price",
        "stop": "stop_price",
        "trail": "trail_amount",
        "percent": "trail_percent",
        "name": "tag",
    }
    given = {names[key]: value for key, value in action.items() if key in names}
    # an order for a close belongs to one session
    life = "DAY" if action["type"] == "market_on_close" else action["tif"]
    return given | {"type": action["type"], "tif": life}


def member(owner: Any, name: str) -> Any:
    """An attribute that later versions have."""
    found = getattr(owner, name, None)
    if found is None:
        raise Unsupported(f"{MISSING}: {name}")
    return found


def send(function: Callable[..., Any], *values: Any, **named: Any) -> Any:
    """Call with arguments of which some may not exist yet."""
    unknown = set(named) - set(inspect.signature(function).parameters)
    if unknown:
        raise Unsupported(f"{MISSING}: {', '.join(sorted(unknown))}")
    try:
        return function(*values, **named)
    except OrderError as error:
        if "expected type to be one of" in str(error):
            raise Unsupported(f"{MISSING}: orders of type {named['type']}") from None
        raise


def frame_of(scenario: Scenario, fields: str) -> pl.DataFrame:
    """The bars of a scenario, in long form."""
    names = ("open", "high", "low", "close", "volume")
    rows = [
        {"ts": date.fromisoformat(SESSIONS[t]), "symbol": symbol}
        | dict(zip(names, map(float, row), strict=True))
        for symbol, series in scenario["bars"].items()
        for t, row in enumerate(series)
    ]
    frame = pl.DataFrame(rows)
    return frame if fields == "ohlcv" else frame.drop("open", "high", "low")


def _fill(row: dict[str, Any]) -> tuple[int, str, float, float, float]:
    bar = SESSIONS.index(row["session"].isoformat())
    signed = row["qty"] if row["side"].lower() == "buy" else -row["qty"]
    return bar, row["symbol"], signed, row["price"], row["commission"]


def run_under(profile: dict[str, Any]) -> Callable[[Scenario], dict[str, Any]]:
    """A runner of scenarios under one profile."""

    def run(scenario: Scenario) -> dict[str, Any]:
        frame = frame_of(scenario, profile["bars"])
        config = settings_of(scenario, profile)
        done = qt.backtest(Script(scenario["script"]), frame, config=config)
        fills = [_fill(row) for row in done.fills.iter_rows(named=True)]
        last = done.equity.row(-1, named=True)
        return result(fills, last["cash"], last["equity"])

    return run


if __name__ == "__main__":
    serve(run_under(profile_of(sys.argv[1])))
