"""Goal: runs are found, shown and compared as the options say.

Method: four small runs that differ in known ways; what is printed is read back.
"""

from __future__ import annotations

import json

import pytest
from cli_shop import Shop, check_sentence


@pytest.fixture
def four(shop: Shop) -> Shop:
    for fast, start in ((3, "2024-02-01"), (5, "2024-02-01"), (9, "2024-03-01")):
        shop.backtest("cross.py", "--param", f"fast={fast}", "--start", start)
    shop.backtest(shop.strategy("def on_bar(self, bar, ctx):\n    1 / 0"))
    return shop


def _fasts(shop: Shop, *options: str) -> list[int | None]:
    said = shop.quant("runs", "list", "--json", *options)
    assert said.status == 0, said.err
    return [row["params"].get("fast") for row in said.json]


def test_a_list_is_sorted_and_filtered(four: Shop) -> None:
    assert _fasts(four) == [3, 5, 9, None]
    assert _fasts(four, "--reverse") == [None, 9, 5, 3]
    assert _fasts(four, "--sort", "param.fast") == [9, 5, 3, None]
    assert _fasts(four, "--sort", "strategy")[-1] is None
    assert _fasts(four, "--filter", "status=done", "--filter", "param.fast>3") == [5, 9]
    assert _fasts(four, "--filter", "start>=2024-02-02") == [9]
    assert _fasts(four, "--filter", "strategy~CRO", "--limit", "2") == [3, 5]
    assert _fasts(four, "--filter", "status!=done") == [None]
    returns = [
        row["total_return"] for row in four.quant("runs", "list", "--sort", "total_return",
                                                  "--filter", "status=done", "--json").json
    ]  # fmt: skip
    assert returns == sorted(returns, reverse=True)
    assert "no run that passes" in four.quant("runs", "list", "--filter", "seed>5").out
    assert "sortino" in four.quant("runs", "list", "--sort", "sortino").out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sort", "sharp"), "Did you mean 'sharpe'?"),
        (("--filter", "sharp>1"), "Did you mean 'sharpe'?"),
        (("--filter", "sharpe"), "such as sharpe>1"),
        (("--filter", "sharpe>much"), "with a number"),
        (("--filter", "sharpe~1"), "with a number"),
        (("--limit", "0"), "expected 1 or more"),
        (("--sort", "params"), "expected a column"),
        (("--out", "cross.py"), "found a file"),
    ],
)
def test_a_wrong_condition_is_told(four: Shop, options: tuple[str, ...], words: str) -> None:
    check_sentence(four.quant("runs", "list", *options), words)


def test_a_run_is_shown_as_a_page(four: Shop) -> None:
    said = four.quant("runs", "show", four.folders()[0].name)
    assert "Cross(fast=3, slow=20)  done" in said.out
    curve = next(line for line in said.out.splitlines() if line.startswith("equity "))
    assert set(curve.split()[1]) <= set("▁▂▃▄▅▆▇█")
    assert len(curve.split()[1]) == 64
    assert "100,000.00 → " in curve
    assert "look-ahead: not audited" in said.out
    assert "ZeroDivisionError" in four.quant("runs", "show").out


def test_two_runs_are_compared(four: Shop) -> None:
    one, two = (folder.name for folder in four.folders()[:2])
    said = four.quant("runs", "diff", one, two, "--json")
    assert said.status == 0, said.err
    assert said.json["given"] == [{"name": "parameter fast", "one": 3, "other": 5}]
    sharpe = said.json["metrics"]["sharpe"]
    assert sharpe["change"] == sharpe["other"] - sharpe["one"]
    orders = next(file for file in said.json["files"] if file["file"] == "orders.csv")
    rows = [(four.runs / name / "orders.csv").read_text().splitlines() for name in (one, two)]
    first = next(i for i, (a, b) in enumerate(zip(*rows, strict=False)) if a != b)
    assert orders["first"].startswith(f"row {first}, ")
    shown = four.quant("runs", "diff", one, two).out
    assert "parameter fast" in shown
    assert orders["first"][:20] in shown
    assert "kurtosis" not in shown
    assert "kurtosis" in four.quant("runs", "diff", one, two, "--all").out


def test_equal_runs_are_told_so(shop: Shop) -> None:
    for _ in range(2):
        shop.backtest("cross.py", "--param", "fast=3")
    one, two = (folder.name for folder in shop.folders())
    said = shop.quant("runs", "diff", one, two)
    assert "the same strategy, settings, data and versions" in said.out
    assert "same to the byte" in said.out
    assert json.loads(shop.quant("runs", "diff", one, two, "--json").out)["same"] is True


def test_changed_settings_and_code_are_named(four: Shop) -> None:
    text = (four.path / "cross.py").read_text().replace("0.9", "0.8")
    (four.path / "cross.py").write_text(text)
    four.file("run.yaml", "cash: 50000\n")
    four.backtest("cross.py", "--config", "run.yaml", "--seed", "3")
    names = {
        change["name"]
        for change in four.quant("runs", "diff", four.folders()[0].name, "latest", "--json").json[
            "given"
        ]
    }
    assert names >= {"code", "seed", "config cash", "config seed", "first session"}


def test_a_bankrupt_run_says_so_everywhere(shop: Shop) -> None:
    file = shop.strategy(
        "def on_bar(self, bar, ctx):\n"
        "    if not ctx.portfolio.positions:\n"
        "        ctx.order_target(bar.symbol, weight=5.0)"
    )
    shop.file("lever.yaml", "account: {kind: gross_leverage, k: 5}\n")
    dates = ("--start", "2008-01-02", "--end", "2008-12-31")
    said = shop.backtest(file, "--config", "lever.yaml", *dates, data="sample:sp500")
    assert said.status == 0
    assert "the account was bankrupt on 2008-" in said.err
    assert shop.manifest()["account"]["status"] == "bankrupt"
    assert "the account was bankrupt on 2008-" in shop.quant("runs", "show", "latest").out
    listed = shop.quant("runs", "list", "--json").json
    assert [row["account"] for row in listed] == ["bankrupt"]
