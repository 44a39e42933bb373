"""Builds docs/reference/metrics.md from the definitions that the program itself prints.

Run it after a change of ``quant.report.definitions``::

    python tools/build_metrics_reference.py            # writes the page
    python tools/build_metrics_reference.py --check    # exit status 1 if the page would change
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quant.report.definitions import DEFINITIONS, GROUPS, Definition

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "metrics.md"

_HEAD = """\
# Metrics

Every figure of a run, by the key it has in `metrics.json` and in `run.metrics`. The table is made
from the program's own definitions by `tools/build_metrics_reference.py`; do not edit it.

In `metrics.json` each key holds `value`, `unit`, `definition`, `n` (observations used) and `inputs`
(every choice and intermediate figure the value hangs on). A figure that does not exist has the
value `null` and a further key `why`; none is ever NaN or infinite.

Units: `fraction` (0.1 is ten percent; keys that end in `_pct` too), `money` (of the run's
currency), `count`, `ratio`, `days`, `sessions`, `bars`, `per_year`, `bps` (1/10,000).

Words:

- *Row*: a line of `equity.csv`; row 0 is the opening deposit.
- *Session end*: the last row of a session. A session without a row keeps the equity of the one
  before. A *session return* `r` is simple, from one session end to the next; the first starts at
  row 0.
- *periods_per_year*: 252 for XNYS, 365 for 24/7, 261 for weekdays.
- *Trade*: an opening lot and the fill that closes it, first in, first out; one sale of two
  purchases is two trades.
"""

_TAIL = """
## Where other tools differ

- Sharpe here is arithmetic: mean over standard deviation (ddof 1) of session returns. Tools that
  divide CAGR by volatility give another number.
- Sortino divides by the downside deviation over *all* sessions, not over the losing ones.
- Drawdown looks at every row, also inside a session, and starts at the deposit. Volatility and
  Sharpe look at session ends only.
- CAGR counts calendar days (365.25 to the year), not bars.
- Turnover takes the smaller of bought and sold: a portfolio bought once and held has none.
- Kurtosis is not excess: a normal distribution has 3.
- The benchmark pays no costs and no dividends are added to it.
"""


def page_text() -> str:
    """The whole page."""
    parts = [_HEAD]
    for group in GROUPS:
        chosen = {key: one for key, one in DEFINITIONS.items() if one.group == group}
        parts.append(_table(group, chosen))
    return "\n".join(parts) + _TAIL


def _table(group: str, definitions: dict[str, Definition]) -> str:
    """One group as a heading and a table."""
    lines = [f"## {group}", "", "| key | label | unit | formula |", "|---|---|---|---|"]
    for key, one in definitions.items():
        text = one.text.replace("|", "\\|")
        lines.append(f"| `{key}` | {one.label} | {one.unit} | {text} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or compare it with what is there."""
    parser = argparse.ArgumentParser(description="Build the page of metrics.")
    parser.add_argument("--check", action="store_true", help="compare only")
    text = page_text()
    same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
    if parser.parse_args().check:
        print(f"{PAGE.name}: {'unchanged' if same else 'changed'}")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.name}: {len(DEFINITIONS)} metrics")
    return 0


if __name__ == "__main__":
    sys.exit(main())
