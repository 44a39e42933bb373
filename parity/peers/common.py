"""What the runners of all peers share: scenarios in on stdin, fills out on stdout.

A runner gives ``run(scenario)``, which returns the fills as ``(bar, symbol, signed quantity, price,
commission)``, the final cash and the final equity, or raises `Unsupported` with the reason why the
peer cannot express the scenario.
"""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from typing import Any

Scenario = dict[str, Any]
Fill = tuple[int, str, float, float, float]
FIELDS = ("bar", "symbol", "qty", "price", "commission")


class Unsupported(Exception):
    """The peer cannot express the scenario; the text says which part."""


def result(fills: Iterable[Fill], cash: float, equity: float) -> dict[str, Any]:
    """What a runner gives back, as JSON types."""
    rows = [
        dict(zip(FIELDS, (int(b), s, float(q), float(p), float(c)), strict=True))
        for b, s, q, p, c in fills
    ]
    return {"fills": rows, "cash": float(cash), "equity": float(equity)}


def serve(run: Callable[[Scenario], dict[str, Any]]) -> None:
    """Read one scenario or a list of them, run each, write a list of results."""
    job = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenarios = job if isinstance(job, list) else [job]
        results = [{"scenario": s["name"]} | _one(run, s) for s in scenarios]
    json.dump(results, sys.stdout)


def _one(run: Callable[[Scenario], dict[str, Any]], scenario: Scenario) -> dict[str, Any]:
    try:
        return run(scenario)
    except Unsupported as reason:
        return {"unsupported": str(reason)}
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return {"error": f"{type(error).__name__}: {error}"}


def actions_of(scenario: Scenario) -> list[dict[str, Any]]:
    """All actions of a scenario, those of groups included."""
    flat: list[dict[str, Any]] = []
    for actions in scenario["script"].values():
        for action in actions:
            flat.append(action)
            flat.extend(action.get("orders", ()))
    return flat


def refuse(scenario: Scenario, **reasons: str) -> None:
    """Raise `Unsupported` for the first thing in a scenario that has a reason against it.

    A reason is given by action (``bracket``), by order type (``stop_limit``), by ``day``, by
    setting (``participation``, ``slippage``), by kind of commission, or by ``timing``.
    """
    found = []
    for action in actions_of(scenario):
        found += [action["do"], action.get("type", "")]
        if action.get("tif") == "DAY":
            found.append("day")
    found += [name for name in ("participation", "slippage", "timing") if scenario[name]]
    if scenario["commission"]:
        found.append(scenario["commission"]["kind"])
    for name in found:
        if name in reasons:
            raise Unsupported(reasons[name])
