"""What each metric is called, its unit and its formula in one sentence: the table of all metrics.

The order of the table, group after group, is the order of metrics.json and of the tear sheet. Units
are ``fraction`` (0.1 is ten percent), ``money`` (of the run's currency), ``count``, ``ratio``,
``days``, ``sessions``, ``bars``, ``per_year`` and ``bps`` (1/10,000). Names that end in ``_pct``
hold fractions like all others. *Session ends* are the last equity rows of the sessions; a session
without a row keeps the equity of the one before. ``r`` are simple session returns, ``rf`` is the
risk-free rate per session.
"""

from __future__ import annotations

from typing import Final

from quant.report.definitions_equity import EQUITY_DEFINITIONS
from quant.report.definitions_trading import TRADING_DEFINITIONS
from quant.report.groups import GROUPS, Definition

__all__ = ["DEFINITIONS", "GROUPS", "Definition"]

_ALL: Final = {**EQUITY_DEFINITIONS, **TRADING_DEFINITIONS}

DEFINITIONS: Final[dict[str, Definition]] = {
    name: known for group in GROUPS for name, known in _ALL.items() if known.group == group
}
