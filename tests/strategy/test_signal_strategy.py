"""Goal: a signal becomes the order an ordinary strategy would have sent, unless the policy says no.

Method: the same decisions through both fronts; hand-made markets whose sums stand beside the case;
runs that are split, verified from their folder, and read by their logs.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import quant as qt
from helpers.continuing import outcome
from helpers.worlds import market, market_on, play
from quant.engine.simulation import Simulation
from quant.errors import ConfigError, OrderError, StrategyError
from quant.lake import Bars
from quant.model.parse import config_from
from quant.strategy import FeatureSet

Said = Callable[[qt.RuntimeSnapshot], qt.Signal | None]


class Says(qt.SignalStrategy):
    """Says what the script has for (day, symbol); days count the snapshots of the symbol."""

    def __init__(
        self, script: Mapping[tuple[int, str], tuple[Any, ...] | None], policy: Any = None
    ) -> None:
        self.script = dict(script)
        self.policy = policy or qt.RiskPolicy()
        self.asked: list[tuple[int, str]] = []
        self.days: dict[str, int] = {}

    def generate_signal(
        self, snapshot: qt.RuntimeSnapshot, params: dict[str, Any]
    ) -> qt.Signal | None:
        day = self.days[snapshot.symbol] = self.days.get(snapshot.symbol, -1) + 1
        self.asked.append((day, snapshot.symbol))
        said = self.script.get((day, snapshot.symbol))
        if said is None:
            return None
        size = said[1] if len(said) > 1 else None
        return qt.Signal(symbol=snapshot.symbol, direction=said[0], size_usd=size, strategy="says")


def flat(*prices: float) -> list[tuple[float, float, float, float]]:
    """Bars that stand still at each price."""
    return [(p, p, p, p) for p in prices]


def trades(played: Any) -> list[tuple[str, float, float]]:
    """Symbol, signed quantity and price of every fill."""
    return [(f["symbol"], played.quantity(f), f["price"]) for f in played.fills]


def logged(run: Simulation, rule: str) -> list[dict[str, Any]]:
    return [line for line in run.journal.lines if line.get("rule") == rule]


# ---------------------------------------------------------------------- two fronts, one answer


class Momentum(qt.SignalStrategy):
    """Long above the mean, short below it."""

    n: int = 20
    policy = qt.RiskPolicy(sizing=qt.EquityFraction(fraction=0.04), repeat="rebalance")

    def declare(self, features: FeatureSet, params: dict[str, Any]) -> None:
        features.add("mean", "rolling_mean", n=params["n"])

    def generate_signal(self, snapshot: qt.RuntimeSnapshot, params: dict[str, Any]) -> qt.Signal:
        up = snapshot.bar.close > snapshot.features["mean"]
        return qt.Signal(symbol=snapshot.symbol, direction="LONG" if up else "SHORT")


class Plain(qt.Strategy):
    """The same in plain words; ``again`` says whether a held direction is sized again."""

    def __init__(self, again: bool) -> None:
        self.again = again

    def on_start(self, ctx: qt.Context) -> None:
        self.mean = ctx.features.rolling_mean(ctx.symbols, "close", 20)

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        mean = self.mean[bar.symbol]
        if not mean.is_ready:
            return
        side = 1.0 if bar.close > mean.value else -1.0
        if self.again or ctx.portfolio.qty(bar.symbol) * side <= 0.0:
            ctx.order_target(bar.symbol, value=side * 0.04 * ctx.portfolio.equity)


COSTS = {
    "commission": {"kind": "rate", "rate": 0.0005},
    "slippage": {"kind": "rate", "rate": 0.0005},
    "instruments": {"default": {"increment": "0.0001"}},
}


@pytest.mark.parametrize("again", [True, False])
def test_signals_fill_as_the_orders_of_an_ordinary_strategy(again: bool) -> None:
    period = {"start": "2018-01-02", "end": "2018-12-31"}
    policy = {"sizing": {"kind": "equity_fraction", "fraction": 0.04}}
    policy["repeat"] = "rebalance" if again else "hold"  # type: ignore[assignment]
    signals = qt.backtest(Momentum(policy=policy), "sample:us20", config=COSTS, **period)
    plain = qt.backtest(Plain(again), "sample:us20", config=COSTS, **period)
    assert len(plain.fills) > 200
    assert signals.fills.equals(plain.fills)
    assert signals.equity.equals(plain.equity)
    assert signals.orders.equals(plain.orders)


class OnceLong(qt.SignalStrategy):
    """Always long with the same money."""

    size: float = 50_000.0

    def generate_signal(self, snapshot: qt.RuntimeSnapshot, params: dict[str, Any]) -> qt.Signal:
        return qt.Signal(symbol=snapshot.symbol, direction="LONG", size_usd=params["size"])


def test_a_direction_that_is_held_is_left_alone_by_default() -> None:
    run = qt.backtest(OnceLong(), "sample:sp500", start="2010-01-04", end="2010-12-31")
    assert len(run.fills) == 1
    assert run.config.risk == qt.RiskLimits()


# ---------------------------------------------------------------------- rules, by hand


def test_a_daily_loss_cap_by_hand() -> None:
    bars = market(A=[(100, 100, 100, 100), (100, 100, 90, 90), *flat(90, 90, 90)],
                  B=flat(50, 50, 50, 50, 50))  # fmt: skip
    policy = qt.RiskPolicy(mode="rules", daily_loss_cap=0.04)
    script = {
        (0, "A"): ("LONG", 500.0),
        (1, "A"): ("FLAT",),
        (1, "B"): ("LONG", 200.0),
        (2, "B"): ("LONG", 200.0),
    }
    played = play(Says(script, policy), bars, {"cash": 1000})
    # day 1: 5 A bought at 100 close at 90: 950 of 1000, 5 % lost, over 4 %: B is refused, A sold.
    # day 2: nothing lost since 950: B is bought at the open of day 3.
    assert trades(played) == [("A", 5.0, 100.0), ("A", -5.0, 90.0), ("B", 4.0, 50.0)]
    (line,) = logged(played.simulation, "daily_loss_cap")
    assert line["text"].startswith("LONG B refused: equity has fallen by more than the cap")
    assert (line["limit"], line["value"], line["symbol"]) == (0.04, 0.05, "B")
    assert played.final_equity == 950.0


def hours(closes: list[float]) -> Bars:
    """Hourly bars of 24/7 from 2024-01-01; each opens at the close before."""
    stamps = [datetime(2024, 1, 1 + i // 24, i % 24, tzinfo=UTC) for i in range(len(closes))]
    opens = [closes[0], *closes[:-1]]
    frame = pl.DataFrame({
        "ts": stamps, "symbol": ["A"] * len(closes), "open": opens,
        "high": [max(a, b) for a, b in zip(opens, closes, strict=True)],
        "low": [min(a, b) for a, b in zip(opens, closes, strict=True)], "close": closes,
    })  # fmt: skip
    return qt.load_bars(frame, qt.DataOptions(calendar="24/7", bar="1h"))


def test_a_lost_session_stays_lost_until_the_next_one() -> None:
    # hour 1 buys 10 at 100, hour 2 falls to 90 (−100 of 1000), hour 3 is back at 100
    closes = [100.0, 100.0, 90.0, 100.0, *[100.0] * 22]
    script: dict[tuple[int, str], Any] = {
        (0, "A"): ("LONG", 1000.0),
        (3, "A"): ("FLAT",),
        **{(h, "A"): ("LONG", 500.0) for h in range(5, 26)},
    }
    policy = qt.RiskPolicy(mode="rules", daily_loss_cap=0.05)
    played = play(Says(script, policy), hours(closes), {"cash": 1000})
    assert [q for _, q, _ in trades(played)] == [10.0, -10.0, 5.0]
    # refused at the ends of hours 5 to 23; the last of them, midnight, still ends the first day
    assert len(logged(played.simulation, "daily_loss_cap")) == 19
    bought = played.fills[-1]["ts"]
    assert bought == bars_open(hours(closes), 25)


def bars_open(bars: Bars, i: int) -> int:
    return int(bars.ts_open[i])


def test_a_signal_that_turns_round_in_a_lost_session_closes_only() -> None:
    bars = market(A=[(100, 100, 100, 100), (100, 100, 90, 90), *flat(90, 90)])
    policy = qt.RiskPolicy(mode="rules", daily_loss_cap=0.04)
    script = {(0, "A"): ("LONG", 500.0), (1, "A"): ("SHORT", 500.0)}
    played = play(Says(script, policy), bars, {"cash": 1000})
    assert trades(played) == [("A", 5.0, 100.0), ("A", -5.0, 90.0)]
    assert played.position("A") == 0.0


@pytest.mark.parametrize("on_stop", ["close", "keep"])
def test_a_drawdown_stops_trading_for_good(on_stop: str) -> None:
    # 10 A at 100; at 75 equity is 750 of a peak of 1000
    bars = market(A=flat(100, 100, 75, 75, 120, 120))
    policy = qt.RiskPolicy(mode="rules", max_drawdown=0.25, on_stop=on_stop)
    strategy = Says({(0, "A"): ("LONG", 1000.0), (4, "A"): ("LONG", 100.0)}, policy)
    played = play(strategy, bars, {"cash": 1000})
    sold = [("A", -10.0, 75.0)] if on_stop == "close" else []
    assert trades(played) == [("A", 10.0, 100.0), *sold]
    assert strategy.asked == [(0, "A"), (1, "A")]
    assert strategy.should_stop()
    (line,) = logged(played.simulation, "max_drawdown")
    assert (line["limit"], line["value"]) == (0.25, 0.25)
    assert played.final_equity == (750.0 if on_stop == "close" else 1200.0)


def test_a_stop_cancels_what_is_still_working() -> None:
    class Rests(Says):
        def on_start(self, ctx: qt.Context) -> None:
            super().on_start(ctx)
            ctx.order("A", 1, "limit", limit_price=1.0, tif="GTC", tag="far")

    policy = qt.RiskPolicy(mode="rules", min_equity=800.0)
    played = play(Rests({(0, "A"): ("LONG", 1000.0)}, policy), market(A=flat(100, 100, 75, 75)),
                  {"cash": 1000})  # fmt: skip
    assert played.fates[0] == ("CANCELED", "canceled")
    # the resting share counts towards the ten: nine were bought
    assert logged(played.simulation, "min_equity")[0]["value"] == 1000 - 9 * 25


def test_leverage_counts_the_other_signals_of_the_moment() -> None:
    bars = market(A=flat(10, 10, 10), B=flat(10, 10, 10), C=flat(10, 10, 10))
    script = {(0, s): ("LONG", 600.0) for s in "ABC"}
    policy = qt.RiskPolicy(mode="rules", max_leverage=1.0)
    played = play(Says(script, policy), bars, {"cash": 1000, "account": {"k": 5.0}})
    # A takes 600, B what is left of 1000, C nothing
    assert trades(played) == [("A", 60.0, 10.0), ("B", 40.0, 10.0)]
    cut, refused = logged(played.simulation, "max_leverage")
    assert cut["text"] == "LONG B cut: cut to the leverage that is left"
    assert (refused["symbol"], refused["value"]) == ("C", 1.6)


def test_a_position_is_cut_to_its_limit() -> None:
    policy = qt.RiskPolicy(mode="rules", max_position=0.25)
    played = play(Says({(0, "A"): ("SHORT", 900.0)}, policy), market(A=flat(10, 10, 10)),
                  {"cash": 1000})  # fmt: skip
    assert trades(played) == [("A", -25.0, 10.0)]


def test_a_refused_order_leaves_no_aim_behind() -> None:
    """A signal whose order the venue refused may be given again."""
    bars = market(A=flat(10, 10, 10, 10))
    script = {(d, "A"): ("SHORT", 500.0) for d in range(3)}
    played = play(Says(script), bars, {"cash": 1000, "account": {"kind": "cash"}})
    assert played.fates == [("REJECTED", "short_not_allowed")] * 3


def test_volatility_scaling_by_a_second_computation() -> None:
    closes = [100.0, 101.0, 99.0, 102.0, 101.0, 103.0, 103.0]
    sizing = qt.VolatilityScaled(target=0.1, n=4, periods_per_year=100)
    policy = qt.RiskPolicy(sizing=sizing)
    bars = market(A=[(c, c, c, c) for c in closes])
    script = {(d, "A"): ("LONG",) for d in range(6)}
    played = play(Says(script, policy), bars,
                  {"cash": 100_000, "instruments": {"default": {"increment": "1e-8"}}})  # fmt: skip
    # four returns are there at the close of day 4
    returns = [b / a - 1 for a, b in itertools.pairwise(closes[:5])]
    value = 100_000 * 0.1 / (statistics.stdev(returns) * 10.0)
    ((_, qty, price),) = trades(played)
    assert price == 103.0
    assert qty * price == pytest.approx(value, rel=1e-9)
    assert len(logged(played.simulation, "sizing")) == 4


def test_intraday_volatility_needs_its_year() -> None:
    policy = qt.RiskPolicy(sizing=qt.VolatilityScaled(target=0.1, n=2))
    with pytest.raises(ConfigError, match="expected a number for bars of 1h"):
        play(Says({(3, "A"): ("LONG",)}, policy), hours([100.0, 101.0, 99.0, 98.0, 97.0]))


# ---------------------------------------------------------------------- what a snapshot shows


def test_a_snapshot_shows_the_account_of_now() -> None:
    seen: list[qt.RuntimeSnapshot] = []

    class Looks(Says):
        def generate_signal(self, snapshot: Any, params: Any) -> Any:
            seen.append(snapshot)
            return super().generate_signal(snapshot, params)

    bars = market(A=[(100, 100, 100, 100), (100, 120, 100, 120), (120, 120, 90, 90)])
    play(Looks({(0, "A"): ("LONG", 500.0)}), bars, {"cash": 1000})
    first, second, third = (one.portfolio for one in seen)
    assert (first.equity, first.positions, first.session_start_equity) == (1000.0, {}, 1000.0)
    assert (second.equity, second.cash, dict(second.values)) == (1100.0, 500.0, {"A": 600.0})
    assert (second.session_start_equity, second.gross_exposure) == (1000.0, 600.0)
    assert (third.session_start_equity, third.peak_equity, third.equity) == (1100.0, 1100.0, 950.0)
    assert third.session_loss == pytest.approx(150 / 1100)
    assert third.drawdown == pytest.approx(150 / 1100)
    assert [one.position for one in seen] == [0.0, 5.0, 5.0]
    assert seen[1].ts_close == seen[1].bar.ts_close == second.ts


def test_no_signal_is_asked_for_before_every_indicator_has_a_value() -> None:
    asked: list[float] = []

    class Waits(qt.SignalStrategy):
        def declare(self, features: FeatureSet, params: dict[str, Any]) -> None:
            features.add("fast", "rolling_mean", n=3)
            features.add("slow", "ema", n=5)

        def generate_signal(self, snapshot: Any, params: Any) -> None:
            asked.append(snapshot.features["slow"])

    play(Waits(), market(A=flat(1, 2, 3, 4, 5, 6, 7)))
    assert len(asked) == 3
    assert not any(np.isnan(asked))


def test_parameters_are_handed_over_without_the_policy() -> None:
    told: list[dict[str, Any]] = []

    class Told(OnceLong):
        word: str = "a"

        def generate_signal(self, snapshot: Any, params: dict[str, Any]) -> Any:
            told.append(dict(params))
            params.clear()

    play(Told(word="b"), market(A=flat(1, 2)))
    assert told == [{"size": 50_000.0, "word": "b"}] * 2


def test_every_order_is_logged_with_its_signal() -> None:
    class Tells(OnceLong):
        def generate_signal(self, snapshot: Any, params: dict[str, Any]) -> qt.Signal:
            return qt.Signal(symbol="A", direction="LONG", size_usd=100, confidence=0.5,
                             metadata={"why": "test"}, strategy="mine")  # fmt: skip

    played = play(Tells(), market(A=flat(10, 10, 10)))
    (line,) = [one for one in played.simulation.journal.lines if one["event"] == "strategy"]
    assert line["text"] == "LONG A"
    assert (line["value"], line["confidence"], line["metadata"]) == (100.0, 0.5, {"why": "test"})
    assert played.simulation.ctx.desk.tags == ["mine"]


# ---------------------------------------------------------------------- mistakes


class Wrong(qt.SignalStrategy):
    """Gives back whatever it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def generate_signal(self, snapshot: Any, params: Any) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        ("LONG", OrderError, "expected a qt.Signal or None, found 'LONG'"),
        (qt.Signal(symbol="AA", direction="FLAT"), OrderError, "found 'AA'"),
        (qt.Signal(symbol="A", direction="LONG"), OrderError, "expected size_usd or a policy"),
    ],
)
def test_a_wrong_answer_is_told(answer: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        play(Wrong(answer), market(A=flat(1, 1)))


def test_a_class_without_the_method_is_told_before_the_first_bar() -> None:
    class Empty(qt.SignalStrategy):
        pass

    with pytest.raises(StrategyError, match="Empty: expected def generate_signal"):
        play(Empty(), market(A=flat(1, 1)))


def test_an_on_start_that_forgets_the_adapter_is_told() -> None:
    class Forgets(OnceLong):
        def on_start(self, ctx: qt.Context) -> None:
            ctx.every("week close")

    with pytest.raises(StrategyError, match=r"call super\(\).on_start"):
        play(Forgets(), market(A=flat(1, 1)))


# ---------------------------------------------------------------------- split, saved, verified


def _restless(last: int = 60) -> Simulation:
    class Weekly(qt.SignalStrategy):
        policy = qt.RiskPolicy(
            mode="rules", daily_loss_cap=0.01, max_leverage=0.9, max_drawdown=0.5,
            sizing=qt.VolatilityScaled(target=0.2, n=5),
        )  # fmt: skip

        def declare(self, features: FeatureSet, params: dict[str, Any]) -> None:
            features.add("mean", "ema", n=5)
            features.add("mean", "ema", tf="1w", n=3)

        def generate_signal(self, snapshot: qt.RuntimeSnapshot, params: Any) -> qt.Signal:
            up = snapshot.features["mean"] > snapshot.htf.features["mean"]
            return qt.Signal(symbol=snapshot.symbol, direction="LONG" if up else "SHORT")

    random = np.random.default_rng(4)
    rows = {
        name: [(p, p + 1, p - 1, p) for p in (50 + random.normal(size=60).cumsum()).tolist()]
        for name in "AB"
    }
    bars = market_on("XNYS", **{name: days[:last] for name, days in rows.items()})
    return Simulation(Weekly(), bars, config_from({"cash": 5000}))


def test_a_run_that_is_split_is_the_same_run() -> None:
    whole = _restless()
    whole.prepare()
    whole.advance()
    assert int(whole.state["sim"][0]["n_orders"]) > 8
    assert logged(whole, "daily_loss_cap")
    for cut in (12, 25, 40, 90):
        first = _restless()
        first.prepare()
        first.advance(until=cut)
        second = _restless()
        second.resume(first.snapshot())
        second.advance()
        assert outcome(second) == outcome(whole)
        assert second.journal.lines == whole.journal.lines


def test_what_comes_later_changes_no_decision() -> None:
    whole = _restless()
    whole.prepare()
    whole.advance()
    known = whole.state.used("orders")[["ts_submit", "instrument", "target"]]
    for last in (20, 35, 50):
        part = _restless(last)
        part.prepare()
        part.advance()
        now = int(part.bars.ts_close.max())
        mine = part.state.used("orders")[["ts_submit", "instrument", "target"]]
        assert str(mine) == str(known[known["ts_submit"] <= now])
        lines = [line for line in whole.journal.lines if line["ts"] <= now]
        assert part.journal.lines == lines


FILE = """
import quant as qt


class Filed(qt.SignalStrategy):
    n: int = 20
    policy = qt.RiskPolicy(mode="rules", sizing=qt.EquityFraction(fraction=0.5), max_leverage=0.8)

    def declare(self, features, params):
        features.add("mean", "rolling_mean", n=params["n"])

    def generate_signal(self, snapshot, params):
        up = snapshot.bar.close > snapshot.features["mean"]
        return qt.Signal(symbol=snapshot.symbol, direction="LONG" if up else "FLAT")
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('policy={"mod": "rules"}', "Did you mean 'mode'"),
        (
            'policy={"sizing": {"kind": "volatility_scaled", "amount": 5}}',
            "unknown setting 'amount'",
        ),
        ("policy=rules", "policy: expected settings by name, found 'rules'"),
        ("policy={", "policy: expected settings by name, found '{'"),
    ],
)
def test_a_wrong_policy_of_the_command_line_is_told(text: str, told: str) -> None:
    from quant.cli.parameters import make_strategy

    with pytest.raises(ConfigError, match=told):
        make_strategy(OnceLong, [text])


def test_a_policy_of_the_command_line_is_json() -> None:
    from quant.cli.parameters import make_strategy

    made = make_strategy(OnceLong, ['policy={"mode": "rules", "max_leverage": 2}', "size=5"])
    assert made._given["policy"]["max_leverage"] == 2.0
    assert made._given["size"] == 5.0


@pytest.mark.parametrize("given", [None, {"sizing": {"kind": "fixed_money", "amount": 20_000}}])
def test_a_saved_run_names_its_policy_and_is_verified(
    given: dict[str, Any] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quant.cli.parameters import remake_strategy
    from quant.engine.strategy_file import load_class
    from quant.engine.verify import verify

    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (tmp_path / "filed.py").write_text(FILE)
    kind = load_class(str(tmp_path / "filed.py"))
    strategy = kind() if given is None else kind(policy=given)
    run = qt.backtest(strategy, "sample:sp500", start="2012-01-03", end="2012-12-31")
    folder = run.save(tmp_path / "runs")
    params = folder.manifest["strategy"]["params"]
    kept = params["policy"]["sizing"]["kind"]
    assert kept == ("equity_fraction" if given is None else "fixed_money")
    verdict = verify(folder, lambda spec, params: remake_strategy(load_class(spec), params))
    assert verdict.is_same, verdict.text
