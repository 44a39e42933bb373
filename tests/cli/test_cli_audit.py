"""Goal: `quant audit lookahead`, `--certify` and `quant run signal` say what they found.

Method: an honest, a peeking and a failing strategy on small files; output, exit status, folder and
report are read.
"""

from __future__ import annotations

import json

import pytest
from cli_shop import Shop, check_sentence

from quant.engine.lookahead.confine import landlock_abi

PEEK = """
def on_start(self, ctx):
    self.top = max(ctx._bars.columns["high"])

def on_bar(self, bar, ctx):
    ctx.order_target(bar.symbol, weight=1.0 if bar.close < 0.9 * self.top else 0.0)
"""
SPEAKS = """
def on_bar(self, bar, ctx):
    print('noise')
    ctx.risk.set(max_symbol=0.5)
    if bar.close > bar.open:
        ctx.order_target(bar.symbol, weight=0.4, why="it rose")
    else:
        ctx.order(bar.symbol, -3, "limit", limit_price=200.0, tag="high")
"""

pytestmark = pytest.mark.skipif(
    landlock_abi() == 0, reason="this kernel has no Landlock, without which nothing can pass"
)


def _audit(shop: Shop, file: str, *more: str, data: str = "prices.csv") -> tuple[int, dict]:  # type: ignore[type-arg]
    said = shop.quant("audit", "lookahead", file, "--data", data, "--cuts", "20", "--json", *more)
    return said.status, said.json


@pytest.mark.slow
def test_statuses_follow_the_verdict(shop: Shop) -> None:
    status, found = _audit(shop, "cross.py", "--param", "fast=3")
    assert (status, found["verdict"]) == (0, "passed"), found["text"]
    status, found = _audit(shop, shop.strategy(PEEK))
    assert (status, found["verdict"]) == (1, "failed")
    assert found["first"]["full"].startswith("order_target('prices', weight=")
    status, found = _audit(shop, shop.strategy("def on_bar(self, bar, ctx):\n    1 / 0"))
    assert (status, found["raised"]) == (3, True)
    assert "ZeroDivisionError: division by zero in on_bar at own.py line 6" in found["text"]


def test_the_verdict_in_words(shop: Shop) -> None:
    said = shop.quant("audit", "lookahead", "cross.py", "--data", "prices.csv", "--cuts", "20")
    assert said.out.startswith("Cross: passed\nAll ")
    assert "read: close" in said.out
    said = shop.quant(
        "audit", "lookahead", shop.strategy(PEEK), "--data", "prices.csv", "--cuts", "20"
    )
    assert said.out.startswith("Own: failed\nAt 2024-")
    assert "look-ahead.md" in said.err


@pytest.mark.slow
def test_what_is_declared_is_told(shop: Shop) -> None:
    (shop.path / "notes.txt").write_text("0.5")
    file = shop.strategy(
        "def on_bar(self, bar, ctx):\n"
        "    share = float(open('notes.txt').read())\n"
        "    ctx.order_target(bar.symbol, weight=share if bar.close > bar.open else 0.0)"
    )
    status, found = _audit(shop, file)
    assert (status, found["verdict"]) == (1, "not certifiable")
    assert "notes.txt" in found["text"]
    status, found = _audit(shop, file, "--declare", "notes.txt")
    assert (status, found["verdict"], found["files"]) == (0, "passed", ["notes.txt"])


@pytest.mark.slow
def test_certified_runs_carry_the_verdict(shop: Shop) -> None:
    said = shop.backtest("cross.py", "--certify", "--json")
    assert said.json["audit"]["verdict"] == "passed"
    assert shop.quant("runs", "verify").status == 0
    manifest = json.loads((shop.folder / "manifest.json").read_text())
    assert manifest["audit"]["lookahead"]["verdict"] == "passed"
    report = (shop.folder / "report.html").read_text()
    assert "The look-ahead audit passed. All " in report
    shop.backtest(shop.strategy(PEEK), "--certify")
    report = (shop.folders()[-1] / "report.html").read_text()
    assert "The look-ahead audit did not pass (failed). At 2024-" in report
    assert shop.quant("runs", "list", "--filter", "audit=failed", "--json").json[0]["strategy"] == (
        "Own"
    )


@pytest.mark.slow
def test_what_was_taken_on_trust_is_amber_in_the_report(shop: Shop) -> None:
    (shop.path / "notes.txt").write_text("0.5")
    file = shop.strategy(
        "def on_bar(self, bar, ctx):\n"
        "    share = float(open('notes.txt').read())\n"
        "    ctx.order_target(bar.symbol, weight=share if bar.close > bar.open else 0.0)"
    )
    assert shop.backtest(file, "--certify", "--declare", "notes.txt").status == 0
    report = (shop.folder / "report.html").read_text()
    assert "taking it on trust that notes.txt holds nothing of the period" in report
    assert "taken on trust: notes.txt" in shop.quant("runs", "show").out


def test_a_copy_of_the_data_cannot_be_declared(shop: Shop) -> None:
    (shop.path / "copy.csv").write_bytes((shop.path / "prices.csv").read_bytes())
    said = shop.quant(
        "audit", "lookahead", "cross.py", "--data", "prices.csv", "--declare", "copy.csv"
    )
    check_sentence(said, "copy.csv", "other files than the data")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--known", "moood"), "known: expected columns of the data"),
        (("--cuts", "0"), "cuts: expected"),
        (("--cuts", "many"), "--cuts"),
        (("--declare", "nowhere.txt"), "nowhere.txt: expected a file or folder"),
        (("--start", "soon"), "--start"),
    ],
)
def test_mistakes_before_an_audit(shop: Shop, options: tuple[str, ...], words: str) -> None:
    said = shop.quant("audit", "lookahead", "cross.py", "--data", "prices.csv", *options)
    check_sentence(said, words)


def test_a_signal_prints_orders_and_reasons(shop: Shop) -> None:
    file = shop.strategy(SPEAKS)
    now = ("--data", "prices.csv", "--asof", "2024-03-01")
    said = shop.quant("run", "signal", file, *now, "--json")
    assert said.status == 0, said.err
    assert "noise" in said.err
    assert list(said.json) == [
        *("asof", "decided_at", "account", "orders", "cancels", "working", "positions", "refused"),
        *("rationale", "risk_caps"),
    ]
    assert said.json["risk_caps"] == {"max_symbol": 0.5}
    assert said.json["orders"]
    assert set(said.json["orders"][0]) == {
        *("symbol", "side", "qty", "type", "limit_price", "stop_price", "tif", "tag", "target")
    }
    shown = shop.quant("run", "signal", file, *now)
    assert "as of 2024-03-01T21:00:00Z" in shown.out
    assert "max_symbol: 0.5" in shown.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--asof", "2031-01-02"), "bring the data up to date"),
        (("--asof", "yesterday"), "ISO time"),
        (("--asof", "2024-03-01", "--portfolio", "none.yaml"), "none.yaml"),
        (("--asof", "2024-03-01", "--portfolio", "prices.csv"), "prices.csv"),
        ((), "--asof"),
    ],
)
def test_mistakes_before_a_signal(shop: Shop, options: tuple[str, ...], words: str) -> None:
    check_sentence(shop.quant("run", "signal", "cross.py", "--data", "prices.csv", *options), words)
