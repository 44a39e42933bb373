"""Goal: the folder of a run is complete, in the written form, and its books add up.

Method: one run with costs, long and short, market, limit and refused orders on 120 sessions; every
file of the contract (docs/reference/run-folder.md) is read as text and checked by rules that use
nothing of the code that wrote it.
"""

from __future__ import annotations

import csv
import json
import math
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shop import Shop, make_shop

COLUMNS = {
    "equity": "ts,session,equity,cash,accrued,debt,positions_value,gross_exposure,net_exposure,"
    "drawdown",
    "orders": "order_id,ts,session,symbol,side,type,qty,limit_price,stop_price,tif,tag,status,"
    "filled_qty,avg_price,reason",
    "fills": "fill_id,order_id,ts,session,symbol,side,qty,price,price_raw,commission,fees,slippage,"
    "impact,liquidity,reason",
    "positions": "ts,session,symbol,qty,avg_price,mark,market_value,unrealized_pnl,realized_pnl",
    "trades": "trade_id,symbol,side,entry_ts,entry_price,exit_ts,exit_price,qty,pnl_gross,pnl_net,"
    "return,bars_held,mae,mfe",
    "ledger": "ts,session,kind,symbol,amount,currency,balance,ref",
}
TEXT = {"session", "symbol", "side", "type", "tif", "tag", "status", "reason", "liquidity", "kind",
        "currency", "ref"}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{9})?Z")
OWED = [
    "net_profit",
    "total_pnl",
    "win_rate",
    "sharpe",
    "max_drawdown_abs",
    "max_drawdown_pct",
    "total_trades",
    "avg_trade_return_pct",
    "profit_factor",
    "total_return",
    "annual_return",
    "cagr",
    "volatility",
    "sortino",
    "calmar",
    "loss_rate",
    "expectancy",
    "turnover",
    "hit_rate",
]

BUSY = """
    import helper_of_busy
    import quant as qt

    class Busy(qt.Strategy):
        lots: int = 50
        def on_start(self, ctx):
            ctx.log("begun", lots=self.lots)
        def on_bar(self, bar, ctx):
            n = helper_of_busy.count(self)
            if n % 20 == 1:
                ctx.order("prices", self.lots, tag='a "quoted", tag')
            if n % 20 == 8:
                ctx.order("prices", -2 * self.lots, "limit", limit_price=bar.close, tif="GTC")
            if n % 20 == 15:
                ctx.order("prices", 10_000_000)
            if n % 20 == 17:
                ctx.order_target("prices", 0)
"""
HELPER = """
    def count(strategy):
        strategy.n = getattr(strategy, "n", 0) + 1
        return strategy.n
"""
COSTS = "commission: {kind: rate, rate: 0.001, minimum: 1}\nslippage: {kind: rate, rate: 0.0005}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of one busy run."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("busy")
        makes = make_shop(path, patch, _Deaf())  # type: ignore[arg-type]
        shop = next(makes)
        shop.file("busy.py", BUSY)
        shop.file("helper_of_busy.py", HELPER)
        shop.file("other.py", "raise SystemExit('no part of this strategy')")
        shop.file("run.yaml", COSTS)
        said = shop.backtest("busy.py", "--config", "run.yaml", "--param", "lots=70")
        assert said.status == 0
        yield shop.folder
        next(makes, None)


class _Deaf:
    """Takes the place of the capture of one test, in a fixture that serves many."""

    def readouterr(self) -> _Deaf:
        return self

    out = err = ""


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(folder: Path, name: str, column: str) -> list[float]:
    return [float(row[column]) for row in rows_of(folder, name)]


def test_every_file_is_there_and_nothing_else(folder: Path) -> None:
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {
        *(f"{name}.csv" for name in COLUMNS),
        "order_events.csv",
        "manifest.json",
        "metrics.json",
        "logs.jsonl",
        "report.html",
        "source/busy.py",
        "source/helper_of_busy.py",
    }
    assert list(folder.parent.iterdir()) == [folder]
    assert re.fullmatch(r"run-\d{8}T\d{6}Z-[0-9a-f]{6}", folder.name)


def test_files_are_read_only(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o444, path


@pytest.mark.parametrize("name", COLUMNS)
def test_form_of_the_tables(folder: Path, name: str) -> None:
    content = (folder / f"{name}.csv").read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert content.decode("utf-8").split("\n")[0] == COLUMNS[name]
    rows = rows_of(folder, name)
    assert rows
    for row in rows:
        for column, text in row.items():
            check_cell(column, text)


def check_cell(column: str, text: str) -> None:
    """Times, dates, whole numbers and shortest decimals; never nan, inf or null."""
    if column.endswith("ts"):
        assert TIME.fullmatch(text), text
        assert not text.endswith(".000000000Z")
    elif column == "session":
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", text)
    elif column.endswith("_id") or column == "bars_held":
        assert text == str(int(text))
    elif column not in TEXT and text:
        value = float(text)
        assert math.isfinite(value)
        assert float(repr(value)) == value
        assert len(text.lstrip("-")) <= len(repr(value).lstrip("-")), text


@pytest.mark.parametrize("name", ["orders", "fills", "trades"])
def test_ids_count_from_one(folder: Path, name: str) -> None:
    first = COLUMNS[name].split(",")[0]
    ids = [int(row[first]) for row in rows_of(folder, name)]
    assert ids == list(range(1, len(ids) + 1))


def test_words_of_orders_and_fills(folder: Path) -> None:
    orders, fills = rows_of(folder, "orders"), rows_of(folder, "fills")
    assert {row["side"] for row in orders + fills} == {"BUY", "SELL"}
    assert all(float(row["qty"]) > 0 for row in orders + fills)
    assert {row["status"] for row in orders} == {"FILLED", "CANCELED"}
    assert {row["type"] for row in orders} == {"market", "limit"}
    assert {row["tag"] for row in orders} == {"", 'a "quoted", tag'}
    # closing parts always fill; what they would have opened was refused
    cut = [row for row in orders if row["status"] == "CANCELED"]
    assert {(row["reason"], row["filled_qty"]) for row in cut} == {("insufficient_funds", "70.0")}
    assert {row["limit_price"] == "" for row in orders if row["type"] == "market"} == {True}


def test_books_add_up(folder: Path) -> None:
    equity, ledger = rows_of(folder, "equity"), rows_of(folder, "ledger")
    assert (ledger[0]["kind"], ledger[0]["amount"]) == ("deposit", "100000.0")
    assert (equity[0]["equity"], equity[0]["positions_value"]) == ("100000.0", "0.0")
    assert equity[0]["session"] == "2024-01-02"
    total = 0.0
    for row in ledger:
        total += float(row["amount"])
        assert math.isclose(total, float(row["balance"]), rel_tol=1e-12)
    assert math.isclose(total, float(equity[-1]["cash"]), rel_tol=1e-12)
    for row in equity:
        parts = float(row["cash"]) + float(row["accrued"]) - float(row["debt"])
        assert math.isclose(parts + float(row["positions_value"]), float(row["equity"]))


def test_fills_and_positions_belong_to_the_ledger(folder: Path) -> None:
    fills, ledger = rows_of(folder, "fills"), rows_of(folder, "ledger")
    ids = {f"fill:{row['fill_id']}" for row in fills}
    assert {row["ref"] for row in ledger if row["kind"] != "deposit"} == ids
    commissions = -sum(float(row["amount"]) for row in ledger if row["kind"] == "commission")
    assert math.isclose(commissions, sum(float(row["commission"]) for row in fills))
    assert all(float(row["commission"]) >= 1.0 for row in fills)
    held = sum(float(f["qty"]) * (1 if f["side"] == "BUY" else -1) for f in fills)
    assert math.isclose(held, numbers(folder, "positions", "qty")[-1], abs_tol=1e-9)


def test_metrics_say_what_they_are(folder: Path) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(OWED) <= set(metrics)
    for name, entry in metrics.items():
        assert set(entry) - {"why"} == {"value", "unit", "definition", "n", "inputs"}, name
        assert (entry["value"] is None) == ("why" in entry), name
        assert isinstance(entry["inputs"], dict)
        assert entry["n"] >= 0
    equity = numbers(folder, "equity", "equity")
    assert metrics["net_profit"]["value"] == pytest.approx(equity[-1] - 100_000)
    assert metrics["total_trades"]["value"] == len(rows_of(folder, "trades"))
    worst = max(numbers(folder, "equity", "drawdown"))
    assert metrics["max_drawdown_pct"]["value"] == pytest.approx(worst)


def test_manifest_is_complete(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest) == {
        *("run_id", "status", "error", "timestamp", "strategy", "params_hash", "git_sha"),
        *("git_dirty", "code_hash", "config", "slippage_model", "cost_models", "seed", "period"),
        *("data_versions", "calendar", "calendar_version", "versions", "platform", "warnings"),
        *("audit", "system", "account", "artifacts", "result_hash", "manifest_hash"),
    }
    assert manifest["run_id"] == folder.name
    assert manifest["strategy"] == {"name": "Busy", "file": "busy.py", "params": {"lots": 70}}
    assert manifest["config"]["commission"]["minimum"] == 1.0
    assert manifest["config"]["execution"]["path"] == "adverse"
    assert manifest["slippage_model"] == {"kind": "rate", "rate": 0.0005}
    assert manifest["calendar"] == "XNYS"
    assert manifest["calendar_version"].startswith("sha256:")
    assert set(manifest["versions"]) >= {"quant", "kernel", "numpy", "numba", "polars"}
    assert set(manifest["platform"]) >= {"machine", "cpu", "libc", "python"}
    (data,) = manifest["data_versions"]
    assert (data["kind"], data["rows"], data["symbols"]) == ("csv", 120, ["prices"])
    hashes = [*manifest["artifacts"].values(), manifest["result_hash"], manifest["code_hash"]]
    hashes.append(manifest["manifest_hash"])
    assert all(re.fullmatch(r"[0-9a-f]{64}", text) for text in hashes)


def test_log_lines(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "logs.jsonl").read_text().splitlines()]
    for line in lines:
        assert list(line)[:4] == ["ts", "level", "event", "run_id"]
        assert TIME.fullmatch(line["ts"])
        assert line["run_id"] == folder.name
    events = [line["event"] for line in lines]
    assert (events.count("start"), events[-1]) == (1, "end")
    assert {"lots": 70, "text": "begun"}.items() <= lines[events.index("strategy")].items()
    assert [line["ts"] for line in lines] == sorted(line["ts"] for line in lines)


def test_report_is_one_page_that_asks_nothing_of_anyone(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert folder.name in page
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert "@import" not in page


def test_days_without_hours_end_with_nine_decimals(shop: Shop) -> None:
    assert shop.backtest("cross.py", "--calendar", "weekdays").status == 0
    last = rows_of(shop.folder, "equity")[-1]["ts"]
    assert last.endswith("T23:59:59.999999999Z")
    assert f'"ts":"{last}"' in (shop.folder / "logs.jsonl").read_text()
