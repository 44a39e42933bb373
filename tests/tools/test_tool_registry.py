"""Goal: a program gets plain JSON for every call, and an answer for every mistake.

Method: the standard tools on one saved run, against its tables; wrong calls of every kind; a clock
made by hand for the rate limit.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import quant as qt
from quant.engine.folder import RunFolder
from quant.errors import ConfigError, InvariantError
from quant.tools import (
    Argument,
    TokenBucket,
    Tool,
    ToolRegistry,
    answered,
    backtest_list_systems_tool,
    backtest_run_tool,
    standard_tools,
)

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    strategy = qt.MovingAverageCross(5, 20)
    run = qt.backtest(strategy, "sample:sp500", start="2010-01-04", end="2010-12-31")
    return run.save(tmp_path_factory.mktemp("tools") / "runs")


def free() -> ToolRegistry:
    """The standard tools without a limit that a test could meet."""
    return ToolRegistry(limit=TokenBucket(rate=1e9, burst=1e9))


@pytest.fixture
def call(folder: RunFolder) -> Call:
    """Calls a tool on the runs of ``folder``; the result must be an answer of plain JSON."""
    registry = free()
    takes_out = {tool.name for tool in standard_tools() if "out" in tool.schema["properties"]}

    def called(name: str, **arguments: Any) -> Any:
        more = {"out": str(folder.path.parent)} if name in takes_out else {}
        answer = registry.call(name, {**more, **arguments})
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer
        return answer

    return called


def test_every_tool_describes_itself() -> None:
    tools = ToolRegistry().describe()
    kinds = {tool["kind"] for tool in tools}
    assert kinds >= {"account", "data", "market_data", "orders", "positions", "diagnostics"}
    for tool in tools:
        schema = tool["parameters"]
        assert tool["description"].endswith(".")
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) <= set(schema["properties"])
        for one in schema["properties"].values():
            assert one["type"] in ("string", "integer", "object")
            assert one["description"]
    assert json.loads(json.dumps(tools)) == tools
    assert tools == sorted(tools, key=lambda tool: (tool["kind"], tool["name"]))


@pytest.mark.parametrize("table", ["equity", "orders", "fills", "positions", "trades", "ledger"])
def test_tables_come_by_pages(table: str, call: Call, folder: RunFolder) -> None:
    whole = folder.table(table).to_dicts()
    assert len(whole) > 3
    rows: list[Any] = []
    offset: int | None = 0
    while offset is not None:
        page = call(f"get_{table}", run=folder.run_id, limit=3, offset=offset)["result"]
        assert len(page["rows"]) <= 3
        assert page["total"] == len(whole)
        rows += page["rows"]
        offset = page["next_offset"]
    assert rows == whole
    assert call(f"get_{table}", offset=10**6)["result"]["rows"] == []


def test_the_account_is_the_last_row(call: Call, folder: RunFolder) -> None:
    account = call("get_account")["result"]
    last = folder.table("equity").row(-1, named=True)
    assert {name: account[name] for name in last} == last
    held = sum(one["market_value"] for one in account["positions"])
    assert held == pytest.approx(last["positions_value"])
    assert account["currency"] == "USD"


def test_an_account_without_positions(call: Call, tmp_path: Path) -> None:
    class Idle(qt.Strategy):
        pass

    run = qt.backtest(Idle, "sample:sp500", start="2010-01-04", end="2010-01-08")
    saved = run.save(tmp_path)
    answer = call("get_account", run=str(saved.path))["result"]
    assert (answer["positions"], answer["equity"]) == ([], 100_000.0)
    assert call("get_fills", run=str(saved.path))["result"]["rows"] == []


def test_figures_and_runs(call: Call, folder: RunFolder) -> None:
    metrics = call("get_metrics")["result"]["metrics"]
    assert metrics["sharpe"] == folder.metrics["sharpe"]["value"]
    (row,) = call("list_runs")["result"]["rows"]
    assert (row["run_id"], row["system"]) == (folder.run_id, None)


def test_bars_in_a_range(call: Call) -> None:
    answer = call("get_bars", data="sample:us20", symbol="KO", start="2019-01-02", end="2019-01-08",
                  limit=4)  # fmt: skip
    result = answer["result"]
    assert result["total"] == 5
    assert [row["session"] for row in result["rows"]] == [
        "2019-01-02", "2019-01-03", "2019-01-04", "2019-01-07"
    ]  # fmt: skip
    more = call("get_bars", data="sample:us20", symbol="KO", start="2019-01-02", end="2019-01-08",
                limit=4, offset=result["next_offset"])["result"]  # fmt: skip
    assert [row["session"] for row in more["rows"]] == ["2019-01-08"]
    assert more["next_offset"] is None
    alone = call("get_bars", data="sample:sp500", limit=1)["result"]
    assert alone["symbol"] == "SP500"
    nothing = call("get_bars", data="sample:sp500", start="2015-01-01", end="2014-01-01")["result"]
    assert (nothing["total"], nothing["rows"]) == (0, [])


def test_data_is_described(call: Call) -> None:
    told = call("describe_data", data="sample:sp500", options={"calendar": "XNYS"})["result"]
    assert list(told["symbols"]) == ["SP500"]
    assert told["rows"] == sum(told["symbols"].values())
    assert told["calendar"] == "XNYS"
    samples = {one["name"] for one in call("list_samples")["result"]}
    assert samples == {"sp500", "us20"}


def test_diagnostics(call: Call) -> None:
    told = call("doctor")["result"]
    assert told["sound"] is True
    assert {check["status"] for check in told["checks"]} <= {"ok", "note"}


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("get_order", {}, "Did you mean 'get_orders'?"),
        ("get_orders", {"lmit": 3}, "unknown argument 'lmit'"),
        ("get_orders", {"limit": 0}, "expected at least 1, found 0"),
        ("get_orders", {"limit": 1001}, "expected at most 1000, found 1001"),
        ("get_orders", {"limit": "3"}, "get_orders limit: expected integer, found '3'"),
        ("get_orders", {"limit": True}, "expected integer, found True"),
        ("get_orders", {"limit": 1.5}, "expected integer, found 1.5"),
        ("get_orders", {"run": "run-1999"}, "expected exactly one run"),
        ("get_orders", {"run": "a\0b"}, "expected string"),
        ("get_bars", {}, "get_bars: expected data, found none"),
        ("get_bars", {"data": "sample:sp50"}, "Did you mean 'sp500'?"),
        ("get_bars", {"data": "nothing.csv"}, "nothing.csv"),
        ("get_bars", {"data": "sample:us20"}, "get_bars symbol: expected one of the data's"),
        ("get_bars", {"data": "sample:us20", "symbol": "KOO"}, "Did you mean 'KO'?"),
        ("get_bars", {"data": "sample:sp500", "start": "soon"}, "expected a date"),
        ("describe_data", {"data": "sample:sp500", "options": {"tzz": 1}}, "Did you mean 'tz'?"),
        ("describe_data", {"data": "sample:sp500", "options": [1]}, "expected object"),
        ("describe_data", {"data": "sample:sp500", "options": {"allow_nonpositive": 5}}, "tuple"),
        ("backtest_run", {}, "expected system_id, found none"),
        ("backtest_run", {"system_id": "us20-clam"}, "Did you mean 'us20-calm'?"),
        ("backtest_run", {"system_id": "us20-calm"}, "expected --window"),
        ("backtest_run", {"system_id": "us20-calm", "window_name": "smk"}, "'smoke'"),
    ],
)
def test_a_mistake_is_an_answer(
    name: str, arguments: dict[str, Any], told: str, call: Call
) -> None:
    answer = call(name, **arguments)
    assert answer["ok"] is False
    assert told in answer["error"]
    assert "\n" not in answer["error"]
    assert answer["kind"].endswith("Error")


@pytest.mark.parametrize(("name", "arguments"), [(None, {}), ([], {}), ("get_fills", [1]), ("", 5)])
def test_a_call_that_is_no_call_is_an_answer(name: Any, arguments: Any) -> None:
    assert free().call(name, arguments)["ok"] is False


def test_a_damaged_run_is_an_answer(call: Call, tmp_path: Path) -> None:
    run = qt.backtest(qt.Breakout, "sample:sp500", start="2010-01-04", end="2010-01-08")
    path = run.save(tmp_path).path
    (path / "fills.csv").unlink()
    assert "damaged" in call("get_fills", run=str(path))["error"]
    (path / "metrics.json").unlink()
    assert "damaged" in call("get_metrics", run=str(path))["error"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=6,
)
QUICK = {tool.name: tool for tool in standard_tools() if tool.kind in ("orders", "data", "trades")}
OPTIONS = [field.name for field in dataclasses.fields(qt.DataOptions)]
quiet = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quiet
@given(name=st.sampled_from(sorted(QUICK)), data=st.data())
def test_no_argument_makes_a_tool_raise(
    name: str, data: st.DataObject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = {one.name: data.draw(anything) for one in QUICK[name].arguments}
    answer = free().call(name, arguments)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


@quiet
@given(options=st.dictionaries(st.sampled_from(OPTIONS), anything, max_size=2))
def test_no_data_option_makes_a_tool_raise(options: dict[str, Any]) -> None:
    answer = free().call("describe_data", {"data": "sample:sp500", "options": options})
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


# ---------------------------------------------------------------------- the rate limit


class Clock:
    """Seconds that move only when told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_bucket_refills_at_its_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(rate=2.0, burst=3.0, now=clock)
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    clock.seconds += 0.25
    assert bucket.take() == 0.25
    clock.seconds += 0.25
    assert [bucket.take(), bucket.take()] == [0.0, 0.5]
    clock.seconds += 1000.0
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.5)])
def test_a_bucket_that_never_gives_is_refused(rate: float, burst: float) -> None:
    with pytest.raises(ConfigError, match="rate limit"):
        TokenBucket(rate=rate, burst=burst)


def test_the_registry_applies_its_limit() -> None:
    clock = Clock()
    calls: list[int] = []
    tool = Tool(name="count", kind="test", description="Counts.", function=lambda: calls.append(1))
    registry = ToolRegistry([tool], TokenBucket(rate=1.0, burst=2.0, now=clock))
    answers = [registry.call("count") for _ in range(3)]
    assert [answer["ok"] for answer in answers] == [True, True, False]
    assert (answers[2]["kind"], answers[2]["retry_after"]) == ("RateLimit", 1.0)
    assert "call again in 1.00 s" in answers[2]["error"]
    assert len(calls) == 2
    clock.seconds += 1.0
    assert registry.call("count")["ok"]
    # an unknown name costs a call too
    assert registry.call("cuont")["kind"] == "RateLimit"


def test_tools_of_your_own() -> None:
    twice = Tool(
        name="twice", kind="own", description="Doubles.", function=lambda n: {"n": 2 * n},
        arguments=(Argument(name="n", type="integer", description="A number.", default=4),),
    )  # fmt: skip
    registry = free()
    registry.add(twice)
    assert registry.call("twice", {"n": 3}) == {"ok": True, "result": {"n": 6}}
    assert registry.call("twice")["result"] == {"n": 8}
    with pytest.raises(ConfigError, match="found it taken"):
        registry.add(twice)
    odd = Argument(name="n", type="number", description="A number.")
    with pytest.raises(ConfigError, match="expected a type among string, integer, object"):
        registry.add(Tool(name="o", kind="x", description="", function=print, arguments=(odd,)))


def test_bugs_are_not_answers() -> None:
    def books() -> None:
        raise InvariantError("ledger: …")

    def bug() -> None:
        raise ZeroDivisionError

    with pytest.raises(InvariantError):
        answered(books)
    with pytest.raises(ZeroDivisionError):
        answered(bug)


# ---------------------------------------------------------------------- systems as functions


def test_systems_are_listed_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = backtest_list_systems_tool()["result"]
    ids = [one["system_id"] for one in listed["systems"]]
    assert ids == ["sp500-weekly-trend", "us20-calm"]
    assert listed["systems"][1]["windows"]["smoke"]["start"] == "2019-01-02"
    answer = backtest_run_tool("us20-calm", "smoke", seed=5)
    assert answer["ok"], answer
    result = answer["result"]
    assert json.loads(json.dumps(answer)) == answer
    manifest = RunFolder(Path(result["path"])).manifest
    assert (manifest["system"]["id"], manifest["seed"]) == ("us20-calm", 5)
    assert result["metrics"]["total_trades"] > 0
    again = free().call("backtest_run", {"system_id": "us20-calm", "window_name": "smoke"})
    assert again["result"]["metrics"] == result["metrics"]


def test_a_strategy_that_raises_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    Path("systems").mkdir()
    Path("systems/bad.py").write_text(
        "import quant as qt\n\n\nclass Bad(qt.Strategy):\n"
        "    def on_bar(self, bar, ctx):\n        1 / 0\n"
    )
    Path("systems/bad.yaml").write_text(
        "system_id: bad\nstrategy: bad.py\ndata: sample:sp500\nwindows: {w: {}}\n"
    )
    answer = backtest_run_tool("bad")
    assert answer["kind"] == "StrategyError"
    assert "found ZeroDivisionError: division by zero; the run so far is in" in answer["error"]
    assert backtest_run_tool("bad", out="systems/bad.py")["kind"] == "RunError"
    assert backtest_list_systems_tool("systems/bad.py")["ok"] is False
