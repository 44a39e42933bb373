"""The tools that come with quant, by kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from quant.engine.assumptions import data_warnings
from quant.engine.folder import RunFolder, find_run, list_runs
from quant.engine.timeline import period_of
from quant.engine.writing import time_text
from quant.errors import ConfigError, RunError, nearest
from quant.lake import Bars, DataOptions, find_sample, load_bars, sample_names
from quant.model.config import Config
from quant.model.parse import check_keys
from quant.ops.doctor import examine
from quant.tools.backtests import list_systems, run_window
from quant.tools.tool import Argument, Tool

__all__ = ["MOST_ROWS", "standard_tools"]

MOST_ROWS: Final = 1000
_FAR: Final = 1 << 40

_RUN = Argument(
    name="run", description="Path, id, unique prefix of an id, or latest.", default="latest"
)
_OUT = Argument(name="out", description="Folder of the runs.", default="runs")
_LIMIT = Argument(
    name="limit",
    type="integer",
    description="Most rows to give.",
    default=100,
    minimum=1,
    maximum=MOST_ROWS,
)
_OFFSET = Argument(
    name="offset",
    type="integer",
    description="Rows to pass over.",
    default=0,
    minimum=0,
    maximum=_FAR,
)
_PAGE = (_RUN, _OUT, _LIMIT, _OFFSET)
_DATA = Argument(
    name="data", description="A CSV or parquet file, or sample:NAME.", is_required=True
)
_OPTIONS = Argument(
    name="options",
    type="object",
    description="How to read it: tz, ts_is, bar, calendar, columns, symbol, on_bad_rows.",
)


def _page(table: pl.DataFrame, limit: int, offset: int) -> dict[str, Any]:
    """Some rows of a table, and whether there are more."""
    rows = table.slice(offset, limit).to_dicts()
    more = offset + len(rows) < len(table)
    return {"total": len(table), "rows": rows, "next_offset": offset + len(rows) if more else None}


def _table(folder: RunFolder, name: str) -> pl.DataFrame:
    """One of the CSV tables of a run."""
    try:
        return folder.table(name)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RunError(
            f"{folder.path / name}.csv: expected a readable table, found {error}; the run folder "
            "is damaged: run the backtest again."
        ) from None


def _table_tool(name: str, description: str) -> Tool:
    """One CSV table of a run, by pages."""

    def rows(run: str, out: str, limit: int, offset: int) -> dict[str, Any]:
        folder = find_run(run, out)
        return {"run_id": folder.run_id, **_page(_table(folder, name), limit, offset)}

    return Tool(
        name=f"get_{name}",
        kind="account" if name in ("equity", "ledger") else name,
        description=description,
        function=rows,
        arguments=_PAGE,
    )


def _account(run: str, out: str) -> dict[str, Any]:
    folder = find_run(run, out)
    last = _table(folder, "equity").row(-1, named=True)
    rows = _table(folder, "positions").group_by("symbol", maintain_order=True).last().to_dicts()
    held = [row for row in rows if row["qty"] != 0]
    currency = folder.manifest["config"]["currency"]
    return {"run_id": folder.run_id, "currency": currency, **last, "positions": held}


def _metrics(run: str, out: str) -> dict[str, Any]:
    folder = find_run(run, out)
    values = {name: entry["value"] for name, entry in folder.metrics.items()}
    return {"run_id": folder.run_id, "status": folder.manifest["status"], "metrics": values}


def _runs(out: str, limit: int, offset: int) -> dict[str, Any]:
    folders = list_runs(Path(out))
    shown = folders[offset : offset + limit]
    more = offset + len(shown) < len(folders)
    return {
        "total": len(folders),
        "rows": [_run_row(folder) for folder in shown],
        "next_offset": offset + len(shown) if more else None,
    }


def _run_row(folder: RunFolder) -> dict[str, Any]:
    manifest = folder.manifest
    return {
        "run_id": folder.run_id,
        "status": manifest["status"],
        "strategy": manifest["strategy"],
        "system": manifest.get("system"),
        "period": manifest["period"],
    }


def _samples() -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "title": one.title,
            "symbols": one.symbols,
            "first": one.first,
            "last": one.last,
            "rows": one.n_rows,
            "notes": one.notes,
        }
        for one in map(find_sample, sample_names())
    ]


def _bars(data: str, options: Mapping[str, Any] | None) -> Bars:
    given = dict(options or {})
    check_keys("options", given, [field.name for field in dataclasses.fields(DataOptions)])
    return load_bars(data, DataOptions(**given))


def _describe(data: str, options: Mapping[str, Any] | None) -> dict[str, Any]:
    bars = _bars(data, options)
    counts = np.diff(bars.offsets).tolist()
    return {
        "name": bars.source.name,
        "sha256": bars.source.sha256,
        "rows": bars.source.n_rows,
        "dropped_rows": bars.source.dropped_rows,
        "symbols": dict(zip(bars.symbols, counts, strict=True)),
        "columns": list(bars.columns),
        "first": time_text(int(bars.ts_close.min())),
        "last": time_text(int(bars.ts_close.max())),
        "calendar": bars.calendar.name,
        "warnings": data_warnings(bars, period_of(bars, None, None), Config()),
        "notes": list(bars.source.notes),
    }


def _market(
    data: str,
    options: Mapping[str, Any] | None,
    symbol: str | None,
    start: str | None,
    end: str | None,
    limit: int,
    offset: int,
) -> dict[str, Any]:
    bars = _bars(data, options)
    name = bars.symbols[0] if symbol is None and len(bars.symbols) == 1 else symbol
    if name not in bars.symbols:
        shown = ", ".join(bars.symbols[:8]) + (", …" if len(bars.symbols) > 8 else "")
        raise ConfigError(
            f"get_bars symbol: expected one of the data's ({shown}), found {name!r}; correct it."
            f"{nearest(str(name), bars.symbols)}"
        )
    i = bars.symbols.index(name)
    low, high = int(bars.offsets[i]), int(bars.offsets[i + 1])
    days = bars.calendar.days[bars.session[low:high]]
    first = low + (0 if start is None else int(np.searchsorted(days, _day("start", start))))
    last = high if end is None else low + int(np.searchsorted(days, _day("end", end), side="right"))
    total = max(last - first, 0)
    rows = range(min(first + offset, last), min(first + offset + limit, last))
    more = offset + len(rows) < total
    return {
        "symbol": name,
        "total": total,
        "rows": [_bar_row(bars, row) for row in rows],
        "next_offset": offset + len(rows) if more else None,
    }


def _bar_row(bars: Bars, row: int) -> dict[str, Any]:
    session = date(1970, 1, 1) + timedelta(days=int(bars.calendar.days[bars.session[row]]))
    head = {
        "ts_open": time_text(int(bars.ts_open[row])),
        "ts_close": time_text(int(bars.ts_close[row])),
        "session": str(session),
    }
    return head | {name: float(column[row]) for name, column in bars.columns.items()}


def _day(name: str, text: str) -> int:
    try:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError:
        raise ConfigError(
            f"get_bars {name}: expected a date such as 2010-01-04, found {text!r}; correct it."
        ) from None


def _doctor(out: str) -> dict[str, Any]:
    checks = examine(out)
    sound = all(check.status != "problem" for check in checks)
    return {"sound": sound, "checks": [dataclasses.asdict(check) for check in checks]}


_SYSTEMS = Argument(name="systems", description="Folder of your own systems.", default="systems")

_TABLES = {
    "equity": "The account after each timestamp at which a bar ended.",
    "ledger": "Every movement of cash.",
    "orders": "All orders as they stood at the end, with the reason why each ended.",
    "fills": "All fills, in order of execution.",
    "positions": "Positions at session closes and after changes.",
    "trades": "Round trips, first in, first out.",
}

_OTHERS = (
    Tool(
        name="get_account",
        kind="account",
        description="Equity, cash, exposure and open positions at the end of a run.",
        function=_account,
        arguments=(_RUN, _OUT),
    ),
    Tool(
        name="list_samples",
        kind="data",
        description="Data sets that come with quant.",
        function=_samples,
    ),
    Tool(
        name="describe_data",
        kind="data",
        description="Symbols, rows, period, calendar and oddities of a data file.",
        function=_describe,
        arguments=(_DATA, _OPTIONS),
    ),
    Tool(
        name="get_bars",
        kind="market_data",
        description="Bars of one symbol in a range of sessions.",
        function=_market,
        arguments=(
            _DATA,
            _OPTIONS,
            Argument(name="symbol", description="One of the data's; not needed if it has one."),
            Argument(name="start", description="First session, YYYY-MM-DD."),
            Argument(name="end", description="Last session, inclusive."),
            _LIMIT,
            _OFFSET,
        ),
    ),
    Tool(
        name="doctor",
        kind="diagnostics",
        description="Check this installation, with one small run whose result is known.",
        function=_doctor,
        arguments=(_OUT,),
    ),
    Tool(
        name="list_runs",
        kind="backtests",
        description="Finished runs, oldest first.",
        function=_runs,
        arguments=(_OUT, _LIMIT, _OFFSET),
    ),
    Tool(
        name="get_metrics",
        kind="backtests",
        description="Every figure of a run.",
        function=_metrics,
        arguments=(_RUN, _OUT),
    ),
    Tool(
        name="backtest_list_systems",
        kind="backtests",
        description="Configured systems with their windows.",
        function=list_systems,
        arguments=(_SYSTEMS,),
    ),
    Tool(
        name="backtest_run",
        kind="backtests",
        description="Run one window of a system and write its run folder.",
        function=lambda system_id, window_name, systems, out, seed: run_window(
            system_id, window_name, systems, out, seed
        ),
        arguments=(
            Argument(name="system_id", description="Id of a system.", is_required=True),
            Argument(name="window_name", description="One of its windows."),
            _SYSTEMS,
            _OUT,
            Argument(
                name="seed", type="integer", description="In place of the system's.", minimum=0
            ),
        ),
    ),
)


def standard_tools() -> tuple[Tool, ...]:
    """Every tool that comes with quant.

    Examples
    --------
    >>> sorted({tool.kind for tool in standard_tools()})  # doctest: +NORMALIZE_WHITESPACE
    ['account', 'backtests', 'data', 'diagnostics', 'fills', 'market_data', 'orders', 'positions',
     'trades']
    """
    return (*_OTHERS, *(_table_tool(name, text) for name, text in _TABLES.items()))
