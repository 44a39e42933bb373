"""Builds docs/reference/metrics.md from the definitions that the program itself prints.

The words on conventions are those of ``metric_conventions.md``, the comparison with other libraries
that of ``metric_peers.json``, which the tests hold against the libraries. Run it after a change::

    python tools/build_metrics_reference.py            # writes the page
    python tools/build_metrics_reference.py --check    # exit status 1 if the page would change
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from quant.report.definitions import DEFINITIONS, GROUPS, Definition

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "metrics.md"
WORDS = Path(__file__).resolve().parent / "metric_conventions.md"
PEERS = Path(__file__).resolve().parent / "metric_peers.json"

_HEAD = """\
# Metrics

Every figure of a run, by the key it has in `metrics.json` and in `run.metrics`. The table is made
from the program's own definitions by `tools/build_metrics_reference.py`; do not edit it.

In `metrics.json` each key holds `value`, `unit`, `definition`, `n` (observations used) and `inputs`
(choices and intermediate figures, beyond the run's tables and its other metrics, that the value
hangs on; empty where the formula needs none). A figure that does not exist has the value `null` and
a further key `why`; none is ever NaN or infinite.

The same figures elsewhere: `run.metrics_v2` sorts them into eight frozen groups of attributes,
`run.drawdowns` lists every drawdown, and `qt.compute_backtest_metrics` takes trades and an equity
curve from anywhere, see [Use the metrics](../how-to/use-the-metrics.md).

Units: `fraction` (0.1 is ten percent; keys that end in `_pct` too), `money` (of the run's
currency), `count`, `ratio`, `days`, `sessions`, `bars`, `per_year`, `bps` (1/10,000).

Words:

- *Row*: a line of `equity.csv`; row 0 is the opening deposit.
- *Session end*: the last row of a session. A session without a row keeps the equity of the one
  before. A *session return* `r` is simple, from one session end to the next; the first starts at
  row 0.
- *Equity* in returns, growth, drawdowns, months and years: with deposits or withdrawals the index
  from which they are taken out, see
  [Accounting](../concepts/accounting.md#deposits-and-withdrawals); without any the equity itself.
  In figures of money, exposure, turnover and margin it is always the account's.
- *periods_per_year*: 252 for XNYS, 365 for 24/7, 261 for weekdays.
- *rf*: the risk-free rate per session, `(1 + risk_free) ^ (1 / periods_per_year) - 1`.
- *b*: a session return of the benchmark.
- *k*: the most leverage the account allows, from `config.account`; 1 for a cash account.
- *Trade*: an opening lot and the fill that closes it, first in, first out (or as the setting
  `trades` says); one sale of two purchases is two trades.
"""


def _peers() -> str:
    """The tables of figures that other libraries have too."""
    table = json.loads(PEERS.read_text(encoding="utf-8"))
    versions = " and ".join(f"{tool} {version}" for tool, version in table["versions"].items())
    lines = [
        "",
        f"## Compared with {versions}",
        "",
        "Both libraries take a series of returns. Given the session returns of the index run of",
        "`quant demo`, the following figures are equal to 1e-9, a drawdown apart from its sign.",
        "`tests/report/test_report_peers.py` asks the libraries for every number of this section.",
        "",
        "| ours | theirs |",
        "|---|---|",
    ]
    same: dict[str, list[str]] = {}
    for row in table["same"]:
        same.setdefault(row["ours"], []).append(f"{row['tool']} `{row['figure']}`")
    lines += [f"| `{ours}` | {', '.join(names)} |" for ours, names in same.items()]
    lines += [
        "",
        "These differ. Their number was made from our returns by the convention told, to 1e-9; the",
        "sizes are those of that run.",
        "",
        "| theirs | ours | their convention | our convention | their value | our value |",
        "|---|---|---|---|---|---|",
    ]
    for row in table["different"]:
        lines.append(
            f"| {row['tool']} `{row['figure']}` | `{row['ours']}` | {row['their_convention']} | "
            f"{row['our_convention']} | {row['their_value']:g} | {row['our_value']:g} |"
        )
    return "\n".join(lines) + "\n"


def page_text() -> str:
    """The whole page."""
    parts = [_HEAD]
    for group in GROUPS:
        chosen = {key: one for key, one in DEFINITIONS.items() if one.group == group}
        parts.append(_table(group, chosen))
    return "\n".join(parts) + "\n" + WORDS.read_text(encoding="utf-8") + _peers()


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
