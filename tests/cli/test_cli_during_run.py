"""Goal: what goes wrong during a run ends it with the right status and keeps all there was.

Method: strategies that make one mistake each, in every hook. A mistake in an order is exit status
2, an exception 3, an interruption 130; each leaves a complete folder whose status, log and rows say
what happened until then. From Python the same mistakes are the original exceptions.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import polars as pl
import pytest
from cli_shop import Shop, check_sentence

import quant as qt
from quant.engine import folder as folder_module
from quant.engine.strategy_file import load_class
from quant.errors import ConfigError, LookAheadError, OrderError, QuantError, SchemaError
from quant.report.tearsheet import TearSheet

BAR = "def on_bar(self, bar, ctx):\n    "
START = "def on_start(self, ctx):\n    "
FIFTH = """
def on_bar(self, bar, ctx):
    self.n = getattr(self, "n", 0) + 1
    if self.n == 1:
        ctx.order("prices", 10)
    if self.n == 5:
        {}
"""

MISTAKES: list[tuple[str, type[QuantError], tuple[str, ...]]] = [
    ("ctx.order('SPX', 1)", OrderError, ("'SPX'", "(prices)")),
    ("ctx.order(None, 1)", OrderError, ("None",)),
    ("ctx.order('prices', float('nan'))", OrderError, ("qty", "nan", "finite number")),
    ("ctx.order('prices', 'abc')", OrderError, ("qty", "'abc'")),
    ("ctx.order('prices', None)", OrderError, ("qty", "None")),
    ("ctx.order('prices', float('inf'))", OrderError, ("qty", "inf")),
    ("ctx.order('prices', True)", OrderError, ("qty", "True")),
    ("ctx.order('prices', 1e30)", OrderError, ("1e+30",)),
    ("ctx.order('prices', 1, 'limt')", OrderError, ("Did you mean 'limit'?",)),
    ("ctx.order('prices', 1, 'limit')", OrderError, ("limit_price", "found none")),
    ("ctx.order('prices', 1, limit_price=5)", OrderError, ("limit_price", "market order")),
    ("ctx.order('prices', 1, 'stop', stop_price=float('nan'))", OrderError, ("stop_price",)),
    ("ctx.order('prices', 1, 'limit', limit_price=99.99)", OrderError, ("tick of 0.05", "use 100")),
    ("ctx.order('prices', 1, tif='GOOD')", OrderError, ("tif", "DAY, GTC")),
    ("ctx.order('prices', 1, tag=5)", OrderError, ("tag", "found 5")),
    ("ctx.order_target('prices', weight=1, value=2)", OrderError, ("weight and value",)),
    ("ctx.order_target('prices')", OrderError, ("found none",)),
    ("ctx.order_target('prices', weight=float('nan'))", OrderError, ("weight", "nan")),
    ("ctx.cancel(99)", OrderError, ("found 99",)),
    ("ctx.submit(['prices'])", OrderError, ("qt.Order", "'prices'")),
    ("ctx.data.get('prices', 'close', 5, at='2031-01-02')", LookAheadError, ("2031-01-02",)),
    ("ctx.data.get('prices', 'clse')", SchemaError, ("Did you mean 'close'?",)),
    ("ctx.data.get('prices', 'close', 2.5)", ConfigError, ("lookback", "2.5")),
    ("ctx.data.get('prices', at=3.5)", ConfigError, ("found 3.5",)),
    ("ctx.features.ema('prices', 'close', 5)", ConfigError, ("on_start",)),
    ("ctx.every('session close')", ConfigError, ("on_start",)),
    ("ctx.risk.set(max_gros=1)", ConfigError, ("Did you mean 'max_gross'?",)),
    ("ctx.log('x', level='high')", ConfigError, ("'level'",)),
]


@pytest.mark.parametrize(("code", "kind", "words"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_a_mistake_of_the_strategy_keeps_the_run_so_far(
    shop: Shop, code: str, kind: type[QuantError], words: tuple[str, ...]
) -> None:
    shop.file("tick.yaml", "instruments: {default: {tick: 0.05}}\n")
    said = shop.backtest(shop.strategy(FIFTH.format(code)), "--config", "tick.yaml")
    check_sentence(said, *words, "in on_bar at own.py line 11", str(shop.folder.name))
    manifest = shop.manifest()
    assert manifest["status"] == "failed"
    assert manifest["error"].startswith(kind.__name__)
    check_kept(shop.folder, rows=6, fills=1)


def check_kept(folder: Path, *, rows: int, fills: int) -> None:
    """The deposit and every session before the failing one are there, and the error's trace."""
    equity = pl.read_csv(folder / "equity.csv")
    assert len(equity) == rows
    assert len(pl.read_csv(folder / "fills.csv")) == fills
    lines = [json.loads(line) for line in (folder / "logs.jsonl").read_text().splitlines()]
    failed = [line for line in lines if line["event"] == "failed"]
    assert len(failed) == 1
    assert "own.py" in failed[0]["traceback"]
    assert failed[0]["level"] == "error"
    assert (folder / "report.html").stat().st_size > 1000


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ctx.features.ema('prices', 'clse', 5)", SchemaError),
        ("ctx.features.ema('SPX', 'close', 5)", OrderError),
        ("ctx.features.ema('prices', 'close', '5')", ConfigError),
        ("ctx.features.ema(['prices'], 'close', 5)['SPX']", OrderError),
        ("ctx.every('session clos')", ConfigError),
        ("ctx.every(5)", ConfigError),
        ("self.warmup = -1", ConfigError),
    ],
)
def test_mistakes_in_on_start(shop: Shop, code: str, kind: type[QuantError]) -> None:
    check_sentence(shop.backtest(shop.strategy(START + code)))
    assert shop.manifest()["error"].startswith(kind.__name__)
    with pytest.raises(kind):
        qt.backtest(own_class(shop), "prices.csv")


def own_class(shop: Shop) -> type[qt.Strategy]:
    """The class ``Own`` of own.py."""
    return load_class(str(shop.path / "own.py"))


HOOKS = {
    "on_start": "def on_start(self, ctx):",
    "on_bar": "def on_bar(self, bar, ctx):",
    "on_slice": "def on_slice(self, market, ctx):",
    "on_event": "def on_event(self, evt, ctx):",
    "on_session_open": "def on_session_open(self, session, ctx):",
    "on_session_close": "def on_session_close(self, session, ctx):",
    "on_end": "def on_end(self, ctx):",
    "on_fill": BAR + "ctx.order('prices', 1)\ndef on_fill(self, fill, ctx):",
    "on_order": BAR + "ctx.order('prices', 1, 'limit', limit_price=1)\n"
    "def on_order(self, update, ctx):",
    "on_clock": START + "ctx.every('session close')\ndef on_clock(self, clock, ctx):",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_an_exception_in_any_hook(shop: Shop, hook: str) -> None:
    name = shop.strategy(f"{HOOKS[hook]}\n    {{}}['missing']")
    said = shop.backtest(name)
    check_sentence(said, "KeyError: 'missing'", f"in {hook} at own.py", "logs.jsonl", status=3)
    assert shop.manifest()["status"] == "failed"
    assert "KeyError" in (shop.folder / "logs.jsonl").read_text()
    with pytest.raises(KeyError, match="missing"):
        qt.backtest(own_class(shop), "prices.csv")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("assert False", "AssertionError in on_bar"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
        ("raise ValueError('\\udc80')", "ValueError: ?"),
        ("self.on_bar(bar, ctx)", "RecursionError"),
        ("class Mute(Exception):\n        def __str__(self): raise OSError\n    raise Mute",
         "Mute in on_bar"),
    ],
)  # fmt: skip
def test_exceptions_of_every_sort(shop: Shop, code: str, words: str) -> None:
    check_sentence(shop.backtest(shop.strategy(BAR + code)), words, status=3)
    assert shop.manifest()["status"] == "failed"


def test_values_in_the_log_never_cost_the_run(shop: Shop) -> None:
    code = "ctx.log('\\udc80', big=2**70, odd={1: float('nan')}, what=object())"
    assert shop.backtest(shop.strategy(BAR + code)).status == 0
    text = (shop.folder / "logs.jsonl").read_text(encoding="utf-8")
    line = next(json.loads(s) for s in text.splitlines() if '"strategy"' in s and "big" in s)
    assert (line["text"], line["big"], line["odd"]) == ("?", 2**70, {"1": None})


def test_a_refused_order_is_no_mistake(shop: Shop) -> None:
    said = shop.backtest(shop.strategy(BAR + "ctx.order('prices', 1_000_000)"))
    assert said.status == 0
    assert set(pl.read_csv(shop.folder / "orders.csv")["status"][:-1]) == {"REJECTED"}


def test_an_interruption_inside_a_hook_keeps_the_run_so_far(shop: Shop) -> None:
    said = shop.backtest(shop.strategy(FIFTH.format("raise KeyboardInterrupt")))
    check_sentence(said, "interrupted", shop.folder.name, status=130)
    assert shop.manifest()["status"] == "interrupted"
    assert len(pl.read_csv(shop.folder / "equity.csv")) == 6


@pytest.mark.parametrize("presses", [1, 2])
def test_control_c_while_saving(shop: Shop, monkeypatch: pytest.MonkeyPatch, presses: int) -> None:
    render = folder_module.render_tearsheet

    def press(sheet: TearSheet) -> str:
        for _ in range(presses):
            signal.raise_signal(signal.SIGINT)
        return render(sheet)

    monkeypatch.setattr(folder_module, "render_tearsheet", press)
    said = shop.backtest("cross.py")
    if presses == 2:
        assert (said.status, said.err) == (130, "quant: interrupted.\n")
        assert list(shop.runs.iterdir()) == []
        return
    assert (said.status, said.out) == (130, "")
    assert said.err == f"quant: interrupted; the run is in runs/{shop.folder.name}.\n"
    assert shop.manifest()["status"] == "done"
    assert (shop.folder / "report.html").is_file()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_json_tells_of_a_failed_run_too(shop: Shop) -> None:
    said = shop.backtest(shop.strategy(BAR + "print('noise')\n    1 / 0"), "--json")
    assert said.status == 3
    assert "noise" in said.err
    assert said.json["status"] == "failed"
    assert said.json["error"] == "division by zero"
    assert said.json["path"] == f"runs/{shop.folder.name}"
