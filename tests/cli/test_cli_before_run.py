"""Goal: a mistake that can be seen before the run is one sentence, exit status 2, and no trace.

Method: each mistake a newcomer can make in data, dates, strategy file, parameters, settings and
options is made on a small file; the sentence must name where, what was found and what helps, and
the folder of runs must not exist afterwards.
"""

from __future__ import annotations

import os

import pytest
from cli_shop import HEADER, Shop, check_sentence, price_rows


def edited(row: int, column: int, text: str) -> list[list[str]]:
    """Good rows with one cell changed."""
    rows = price_rows(30)
    rows[row][column] = text
    return rows


def swapped() -> list[list[str]]:
    rows = price_rows(30)
    rows[10], rows[11] = rows[11], rows[10]
    return rows


def doubled() -> list[list[str]]:
    rows = price_rows(30)
    return [*rows[:11], *rows[10:]]


def nothing_left(shop: Shop) -> None:
    """No run, no half run, no folder for runs."""
    assert not shop.runs.exists()
    assert not list(shop.path.rglob(".quant-*"))


BAD_DATA = [
    ("nan close", edited(5, 4, "nan"), "line 7", "close nan", "--on-bad-rows drop"),
    ("zero", edited(5, 4, "0"), "line 7", "close 0.0 is not above zero", "allow_nonpositive"),
    ("negative", edited(5, 3, "-1"), "line 7", "low -1.0 is not above zero", "mend"),
    ("high below low", edited(5, 2, "1"), "line 7", "high 1.0 is below low", "mend"),
    ("close outside", edited(5, 4, "900"), "line 7", "close 900.0 is outside", "mend"),
    ("text", edited(5, 4, "abc"), "line 7", "'abc'", "write plain numbers"),
    ("unsorted", swapped(), "line 13", "ascend within each symbol", "sort the data"),
    ("duplicate", doubled(), "line 13", "repeats line 12", "keep one row"),
    ("header only", [], "no rows", "below the header", "export it again"),
]


@pytest.mark.parametrize(("rows", "words"), [(row[1], row[2:]) for row in BAD_DATA],
                         ids=[str(row[0]) for row in BAD_DATA])  # fmt: skip
def test_rows_that_cannot_be_true(shop: Shop, rows: list[list[str]], words: tuple[str]) -> None:
    shop.prices("bad.csv", rows)
    check_sentence(shop.backtest(data="bad.csv"), "bad.csv", *words)
    nothing_left(shop)


def test_all_bad_rows_are_counted_and_five_shown(shop: Shop) -> None:
    rows = price_rows(30)
    for row in rows[3:15]:
        row[4] = "nan"
    shop.prices("bad.csv", rows)
    said = shop.backtest(data="bad.csv")
    check_sentence(said, "found 12 rows", "line 5", "line 9", "and 7 more")
    assert "line 10" not in said.err


def test_bad_rows_are_dropped_on_request_and_recorded(shop: Shop) -> None:
    shop.prices("bad.csv", edited(5, 4, "nan"))
    said = shop.backtest("cross.py", "--on-bad-rows", "drop", data="bad.csv")
    assert said.status == 0
    assert "1 bad row was dropped" in said.err
    (data,) = shop.manifest()["data_versions"]
    assert (data["dropped_rows"], data["rows"]) == (1, 29)
    assert "line 7" in data["bad_rows"][0]
    assert any("dropped" in text for text in shop.manifest()["warnings"])


def test_a_missing_column_names_those_found(shop: Shop) -> None:
    shop.prices("bad.csv", [row[:4] for row in price_rows(5)], "date,open,high,low")
    check_sentence(shop.backtest(data="bad.csv"), "'close'", "'date', 'open', 'high', 'low'")
    nothing_left(shop)


def test_naive_intraday_times(shop: Shop) -> None:
    rows = [[f"2024-01-02 10:{i:02d}:00", "1", "2", "1", "1.5", "10"] for i in range(10)]
    shop.prices("bad.csv", rows)
    check_sentence(shop.backtest(data="bad.csv"), "2024-01-02T10:00:00", "line 2", "--tz")
    nothing_left(shop)


BAD_FILES: list[tuple[str, bytes | None, tuple[str, ...]]] = [
    ("prics.csv", None, ("no file of that name", "Did you mean 'prices.csv'?")),
    ("empty.csv", b"", ("an empty file",)),
    ("x.txt", b"a", ("the ending '.txt'",)),
    ("x.csv", bytes(range(256)) * 9, ("UTF-8",)),
    ("x.parquet", b"PAR1 not", ("a parquet file",)),
    ("x.csv", HEADER.replace(",", ";").encode() + b"\n1;2\n", ("separated by commas",)),
    ("sample:sp50", None, ("sp500, us20", "Did you mean 'sp500'?")),
]


@pytest.mark.parametrize(("name", "content", "words"), BAD_FILES)
def test_files_that_are_no_data(
    shop: Shop, name: str, content: bytes | None, words: tuple[str, ...]
) -> None:
    if content is not None:
        (shop.path / name).write_bytes(content)
    check_sentence(shop.backtest(data=name), *words)
    nothing_left(shop)


def test_a_folder_is_no_data(shop: Shop) -> None:
    (shop.path / "x.csv").mkdir()
    check_sentence(shop.backtest(data="x.csv"), "x.csv", "found a folder")
    nothing_left(shop)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--start", "2024-05-01", "--end", "2024-02-01"), ("start not after end", "2024-05-01")),
        (("--start", "2031-01-01"), ("found none", "2024-01-02 to 2024-06-24", "choose dates")),
        (("--start", "2024-01-06", "--end", "2024-01-07"), ("found none", "choose dates")),
        (("--start", "01/02/2024"), ("--start", "'01/02/2024'", "2010-01-04")),
        (("--end", ""), ("--end", "''")),
        (("--tz", "New York"), ("'America/New_York'",)),
        (("--bar", "5m"), ("'5m'", "Did you mean '5min'?")),
        (("--calendar", "NYSE"), ("'NYSE'", "'XNYS'")),
        (("--columns", "close"), ("--columns", "name=column")),
        (("--columns", "close=adj"), ("'adj'", "'volume'")),
        (("--on-bad-rows", "skip"), ("'skip'", "'drop'")),
        (("--ts-is", "end"), ("'end'", "'close'")),
        (("--seed", "-1"), ("seed", "-1")),
        (("--seed", "x"), ("--seed", '"x"')),
        (("--strat", "2024-01-02"), ("--strat", "--start")),
        (("--param", "fst=3"), ("fst", "fast, slow", "Did you mean 'fast'?")),
        (("--param", "fast=abc"), ("--param fast", "expected int", "'abc'")),
        (("--param", "fast="), ("--param fast", "expected int", "''")),
        (("--param", "fast"), ("--param fast", "name=value")),
        (("--param", "fast=3", "--param", "fast=4"), ("--param fast", "found several")),
        (("--config", "no.yaml"), ("no.yaml", "correct --config")),
        (("--config", "."), ("expected a YAML file", "correct --config")),
    ],
    ids=" ".join,
)
def test_options(shop: Shop, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    check_sentence(shop.backtest("cross.py", *options), *words)
    nothing_left(shop)


STRATEGY_FILES = [
    ("class A(qt.Strategy): ...\nclass B(qt.Strategy): ...", ("A, B", "own.py:A")),
    ("class A: ...", ("extends qt.Strategy", "found none")),
    ("class A(qt.Strategy)\n    pass", ("line 2", "'class A(qt.Strategy)'", "expected ':'")),
    ("x = '\0'", ("own.py", "null bytes")),
    ("x = 1\ny = 1 / 0", ("ZeroDivisionError: division by zero at own.py line 3",)),
    ("import no_such_library", ("No module named 'no_such_library'", "own.py line 2")),
    ("raise SystemExit(0)", ("SystemExit", "own.py line 2")),
    ("raise ValueError('two\\nlines')", ("two lines",)),
    ("import broken_helper", ("broken_helper.py (imported by own.py), line 1", "'def f(:'")),
]


@pytest.mark.parametrize(("text", "words"), STRATEGY_FILES)
def test_strategy_files(shop: Shop, text: str, words: tuple[str, ...]) -> None:
    shop.file("broken_helper.py", "def f(:\n")
    (shop.path / "own.py").write_text(f"import quant as qt\n{text}\n")
    check_sentence(shop.backtest("own.py"), *words)
    nothing_left(shop)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("crosss.py", ("expected a strategy file", "Did you mean 'cross.py'?")),
        ("cross.py:Cros", ("expected a strategy class Cros", "Did you mean 'Cross'?")),
        ("prices.csv", ("ending in .py",)),
        (".", ("expected a strategy file",)),
    ],
)
def test_strategy_names(shop: Shop, spec: str, words: tuple[str, ...]) -> None:
    check_sentence(shop.backtest(spec), *words)
    nothing_left(shop)


def test_two_names_of_one_class_are_one_strategy(shop: Shop) -> None:
    shop.strategy("def on_bar(self, bar, ctx): ...")
    with (shop.path / "own.py").open("a") as file:
        file.write("\n\nSame = Own\n")
    assert shop.backtest("own.py").status == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def on_bar(self, bar): ...", ("def on_bar(self, bar, ctx)", "found (self, bar)")),
        ("def on_start(self): ...", ("def on_start(self, ctx)", "found (self)")),
        ("def on_end(self, ctx, more): ...", ("found (self, ctx, more)",)),
        ("async def on_bar(self, bar, ctx): ...", ("async", "plain function")),
        ("def on_bar(self, bar, ctx):\n    yield", ("generator", "plain function")),
        ("on_bar = None", ("found None", "write that method")),
        ("def on_bars(self, bar, ctx): ...", ("never called", "Did you mean 'on_bar'?")),
        ("def __init__(self, n: int): ...", ("a value for n", "--param n=")),
        ("def __init__(self):\n    raise ValueError('no')", ("Own()", "no in __init__ at own.py")),
        ("def __init__(self):\n    raise SystemExit", ("Own()", "SystemExit")),
    ],
)
def test_classes_that_cannot_run(shop: Shop, body: str, words: tuple[str, ...]) -> None:
    check_sentence(shop.backtest(shop.strategy(body)), *words)
    nothing_left(shop)


def test_a_parameter_whose_type_no_text_can_become(shop: Shop) -> None:
    name = shop.strategy("def __init__(self, bar: qt.Bar): ...")
    check_sentence(shop.backtest(name, "--param", "bar=1"), "--param bar", "found Bar")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cash: 1\ncash: 2\n", ("line 2", 'duplicate key "cash"')),
        ("a:\n\t- b\n", ("line 2", "'\\t'")),
        ("cash: {\n", ("line 2", "mend that line")),
        ("- 1\n", ("expected settings by name", "[1]")),
        ("csh: 1\n", ("'csh'", "Did you mean 'cash'?")),
        ("execution: {timng: next_open}\n", ("execution", "Did you mean 'timing'?")),
        ("execution: {timing: next_opne}\n", ("Did you mean 'next_open'?",)),
        ("execution: {gap_improvement: 1}\n", ("true or false",)),
        ("cash: '1000'\n", ("config cash", "'1000'")),
        ("cash: true\n", ("config cash", "True")),
        ("cash: .inf\n", ("config cash", "inf")),
        ("account: cash\n", ("config account", "'cash'")),
        ("account: {kind: csh}\n", ("account.kind", "Did you mean 'cash'?")),
        ("commission: {kind: rate, rate: 5bps}\n", ("commission.rate", "'5bps'")),
        ("instruments: {SPX: {tick: 0.01}}\n", ("instruments", "'SPX'")),
        ("slippage: {kind: ticks, ticks: 1}\n", ("tick", "instruments.default.tick")),
        ("benchmark: SPX\n", ("benchmark", "'SPX'", "buy_and_hold, none, prices")),
        ("benchmark: 5\n", ("benchmark", "found 5")),
        ("calendar: NYSE\n", ("'NYSE'",)),
        ("seed: 1.5\n", ("config seed", "1.5")),
    ],
)
def test_settings(shop: Shop, text: str, words: tuple[str, ...]) -> None:
    shop.file("run.yaml", text)
    check_sentence(shop.backtest("cross.py", "--config", "run.yaml"), *words)
    nothing_left(shop)


def test_settings_that_are_no_text(shop: Shop) -> None:
    (shop.path / "run.yaml").write_bytes(b"\xff\xfe\x00")
    check_sentence(shop.backtest("cross.py", "--config", "run.yaml"), "run.yaml", "YAML")


@pytest.mark.parametrize("symbol", ["default", "cl"])
def test_prices_below_zero_where_the_instrument_allows_them(shop: Shop, symbol: str) -> None:
    shop.prices("cl.csv", edited(5, 3, "-1"))
    shop.file("run.yaml", f"instruments: {{{symbol}: {{allow_nonpositive: true}}}}\n")
    assert shop.backtest("cross.py", "--config", "run.yaml", data="cl.csv").status == 0


@pytest.mark.parametrize("out", ["prices.csv", "prices.csv/runs", "/proc/runs", "/dev/null/runs"])
def test_a_folder_that_cannot_be_written_is_told_before_the_run(shop: Shop, out: str) -> None:
    if out.startswith("/proc") and not os.path.isdir("/proc"):
        pytest.skip("no /proc on this system")
    name = shop.strategy("def on_start(self, ctx):\n    raise AssertionError('it ran')")
    check_sentence(shop.backtest(name, "--out", out), out, "another folder with --out")
