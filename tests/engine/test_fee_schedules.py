"""Goal: fee schedules as settings and as money: what is refused, what is read back, what is paid.

Method: configurations with one mistake each, compared with the words that mend it; small runs whose
charges are summed by hand in a comment, or by the broker in its published examples.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import quant as qt
from helpers.worlds import Script, market, play
from quant.engine.simulation import Simulation
from quant.errors import ConfigError, RunError
from quant.model.fee_files import bundled_names, bundled_schedule, read_schedule
from quant.model.fees import ScheduleCommission
from quant.model.parse import config_from, to_mapping

FLAT = [(100.0, 100.0, 100.0, 100.0)] * 4


def schedule(*components: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "schedule", "components": list(components)}


def part(**settings: Any) -> dict[str, Any]:
    return {"name": "levy", **settings}


# -------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("commission", "text"),
    [
        ({"kind": "schedule"}, "name, file and components: expected one of them, found none"),
        (
            {"kind": "schedule", "name": "us_regulatory", "file": "my.toml"},
            "expected one of them, found name and file",
        ),
        (
            {"kind": "schedule", "name": "us_regulatory", "components": [part(rate=0.1)]},
            "expected one of them, found name and components",
        ),
        ({"kind": "schedule", "name": "us_regulatry"}, "Did you mean 'us_regulatory'"),
        ({"kind": "schedule", "file": "none.toml"}, "expected a file that can be read, found No"),
        ({"kind": "schedule", "components": 3}, "components: expected a list, found 3"),
        (schedule({"rate": 0.1}), "components: expected a name, found ''"),
        (schedule(part(rte=0.1)), "'levy': unknown setting 'rte'.*Did you mean 'rate'"),
        (schedule(part(rate=0.1), part(rate=0.2)), "different names, found 'levy' twice"),
        (schedule(*(part(name=f"p{n}") for n in range(9))), "at most 8, found 9"),
        (schedule(part(**{"as": "tax"})), "as: expected one of commission, fee, found 'tax'"),
        (schedule(part(side="sale")), "side: expected one of both, buy, sell"),
        (schedule(part(liquidity="none")), "liquidity: expected one of both, maker, taker"),
        (schedule(part(rate="much")), "component 'levy' rate: expected a number, found 'much'"),
        (schedule(part(rate=-1)), "rate: expected a number above -1"),
        (schedule(part(minimum=-1)), "minimum: expected at least 0"),
        (
            schedule(part(rate=0.1, minimum=2, maximum=1)),
            "minimum and maximum: expected a maximum of at least the minimum, found 1 below 2",
        ),
        (schedule(part(rate=0.1)) | {"currency": "usd"}, "currency in capital letters .*'usd'"),
        (
            {"kind": "schedule", "name": "us_regulatory", "currency": "USD"},
            "currency: expected it beside components only, found USD beside name",
        ),
        (schedule(part(round_up=0.03)), "round_up: expected a part of one such as 0.01"),
        (schedule(part(since="soon")), "since: expected a date such as 2024-05-22, found 'soon'"),
        (
            schedule(part(since="2024-02-01", until="2024-01-01")),
            "since and until: expected since not after until",
        ),
        (
            schedule(part(since="2024-02-01", dated=[{"rate": 0.1}])),
            "since and dated: expected dates in one place",
        ),
        (
            schedule(part(rate=0.1, dated=[{"rate": 0.2}])),
            "rate and dated rate: expected one of them",
        ),
        (schedule(part(dated=[])), "dated: expected terms, found none"),
        (
            schedule(part(dated=[{"since": "2024-02-01"}, {"since": "2024-01-01"}])),
            "dated: expected a later since in each entry, found 2024-01-01 after 2024-02-01",
        ),
        (
            schedule(part(dated=[{"until": "2024-02-01"}, {"since": "2024-02-01"}])),
            "until and since: expected dates that do not overlap",
        ),
        (schedule(part(tiers={"rate": [[0, 1e-3]]})), "tiers.by: expected one of month_quantity"),
        (schedule(part(tiers={"by": "month_quantity"})), "per_share and .*tiers.rate.*neither"),
        (
            schedule(part(tiers={"by": "month_quantity", "rate": [[0, 1], [5, 2], [5, 3]]})),
            "expected tiers that ascend from 0",
        ),
        (
            schedule(part(tiers={"by": "month_quantity", "rate": [[1, 1e-3]]})),
            "expected tiers that ascend from 0",
        ),
        (
            schedule(part(tiers={"by": "order_notional", "rate": [[0, 1e-3]], "marginal": False})),
            "tiers.by and .*tiers.marginal: expected marginal tiers",
        ),
        (
            schedule(part(rate=1e-3, tiers={"by": "order_notional", "rate": [[0, 1e-3]]})),
            "rate and tiers.rate: expected one of them, found both",
        ),
    ],
)
def test_mistakes_are_named(commission: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        config_from({"commission": commission})


def test_an_instrument_names_itself() -> None:
    own = {"kind": "rate", "rate": "much"}
    with pytest.raises(ConfigError, match=r"instruments.A.commission.rate: expected a number"):
        config_from({"instruments": {"A": {"commission": own}}})
    with pytest.raises(ConfigError, match=r"instruments.A.commission.kind: expected one of"):
        config_from({"instruments": {"A": {"commission": {"kind": "rates"}}}})
    with pytest.raises(ConfigError, match=r"instruments.default.commission and commission"):
        config_from({"instruments": {"default": {"commission": {"kind": "rate"}}}})


@pytest.mark.parametrize(
    "commission",
    [
        {"kind": "schedule", "name": "ibkr_us_stocks_tiered"},
        *(
            schedule(*(one.to_mapping() for one in bundled_schedule(name).components))
            for name in bundled_names()
        ),
        schedule(part(per_share=0.01)) | {"currency": "EUR"},
        schedule(part(rate=-1e-4, liquidity="maker"), part(name="min", per_order=1, maximum=3)),
    ],
)
def test_settings_are_read_back(commission: dict[str, Any]) -> None:
    given = {"commission": commission, "instruments": {"A": {"commission": commission}}}
    config = config_from(given)
    written = json.loads(json.dumps(to_mapping(config)))
    assert config_from(written) == config
    assert to_mapping(config_from(written)) == written


def test_a_file_is_read_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'title = "Mine"\ninclude = ["us_regulatory"]\n'
        '[[components]]\nname = "mine"\nper_order = 1.5\nverified = false\nwhy = "a guess"\n'
    )
    config = config_from({"commission": {"kind": "schedule", "file": str(file)}})
    written = to_mapping(config)["commission"]
    assert [one["name"] for one in written["components"]] == ["mine", "SEC section 31", "FINRA TAF"]
    # the file does not say, what it includes does
    assert written["currency"] == "USD"
    file.unlink()
    assert config_from(to_mapping(config)) == config


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("components = [", "mine.toml: expected TOML"),
        ('title = "x"', "expected components, found none"),
        ("componets = []", "unknown setting 'componets'.*Did you mean 'components'"),
        ('[[components]]\nname = "x"\nrte = 1', "mine.toml component 'x': unknown setting 'rte'"),
        ('include = ["us"]', "expected one of binance_spot"),
        (
            'currency = 5\ninclude = ["us_regulatory"]',
            "currency: expected a currency in capital letters .*found 5",
        ),
        (
            'currency = "EUR"\ninclude = ["us_regulatory"]',
            "mine.toml currency and include: expected one currency, found EUR and USD",
        ),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_schedule(file)


@pytest.mark.parametrize("name", bundled_names())
def test_a_bundled_schedule_says_where_it_is_from(name: str) -> None:
    found = bundled_schedule(name)
    assert found.title
    assert found.venue
    assert found.about.endswith(".")
    assert found.sources
    assert found.left_out
    assert all(one.title and one.publisher and one.date for one in found.sources)
    assert all(not text.endswith(": not verified") for text in found.unverified)


# ----------------------------------------------------------------------------------------- money


class ShortOnce(qt.Strategy):
    """Sells so many shares at the second open."""

    def __init__(self, qty: float) -> None:
        self.qty = qty
        self.is_first = True

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        if self.is_first:
            ctx.order("A", -self.qty)
        self.is_first = False


def prices(begin: date, n: int, price: float) -> pl.DataFrame:
    days = [begin + timedelta(days=k) for k in range(n)]
    return pl.DataFrame({"date": days, "symbol": "A", "open": price, "high": price} | {
        "low": price, "close": price,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("name", "qty", "commission", "fees"),
    [
        # Interactive Brokers, fixed versus tiered pricing comparison examples, at SEC 8.00 and TAF
        # 7.27: 1,050 + 5,400 + 25,500 + 10,000; clearing 6,000, SEC 1,200, TAF 7.27
        ("ibkr_us_stocks_tiered", 30e6, 41_950.0, 7_207.27),
        ("ibkr_us_stocks_fixed", 30e6, 150_000.0, 1_207.27),
        # 700; clearing 40, SEC 8, TAF 7.27
        ("ibkr_us_stocks_tiered", 200e3, 700.0, 55.27),
        ("ibkr_us_stocks_fixed", 200e3, 1_000.0, 15.27),
    ],
)
def test_the_broker_s_own_examples(name: str, qty: float, commission: float, fees: float) -> None:
    config = {"cash": 1e9, "commission": {"kind": "schedule", "name": name}}
    run = qt.backtest(ShortOnce(qty), prices(date(2023, 6, 5), 3, 5.0), config=config)
    assert run.metrics["total_commission"] == pytest.approx(commission)
    assert run.metrics["total_fees"] == pytest.approx(fees)
    assert run.metrics["total_costs"] == pytest.approx(commission + fees)
    assert run.ledger.filter(pl.col("kind") == "fee")["amount"].sum() == pytest.approx(-fees)


def test_a_weight_pays_fees_too() -> None:
    """10 · 100 · 1.01 = 1010 > 1000, so 9: 1000 − 900 − 4.5 − 4.5 = 91."""
    commission = schedule(
        part(rate=0.005), part(name="fee", rate=0.005, side="buy") | {"as": "fee"}
    )
    script = Script({0: lambda ctx: ctx.order_target("A", weight=1.0)})
    run = play(script, market(A=FLAT), {"cash": 1_000, "commission": commission})
    assert (run.position("A"), run.cash) == (9.0, pytest.approx(91.0))


@pytest.mark.parametrize("kind", ["gross_leverage", "cash"])
@pytest.mark.parametrize(
    ("insufficient", "units"), [("reject", 0.0), ("partial", 9.0), ("scale", 9.0)]
)
def test_what_can_be_afforded_counts_fees(kind: str, insufficient: str, units: float) -> None:
    """10 shares cost 1000 and a fee of 1; 9 cost 900.90."""
    config = {
        "cash": 1_000,
        "account": {"kind": kind},
        "commission": schedule(part(rate=0.001) | {"as": "fee"}),
        "execution": {"insufficient": insufficient},
    }
    run = play(Script({0: lambda ctx: ctx.order("A", 10)}), market(A=FLAT), config)
    assert run.position("A") == units


def test_legs_together_pay_fees() -> None:
    """Two legs of 5 at 100 leave nothing for a fee of 1: all or none is none."""
    config = {"cash": 1_000, "commission": schedule(part(rate=0.001) | {"as": "fee"})}

    def both(ctx: qt.Context) -> None:
        ctx.submit([qt.Order(symbol=s, qty=5.0) for s in "AB"], atomic=True)

    run = play(Script({0: both}), market(A=FLAT, B=FLAT), config)
    assert (run.position("A"), run.position("B")) == (0.0, 0.0)
    assert run.fates == [("REJECTED", "insufficient_funds")] * 2


def test_commission_and_fee_are_rounded_each() -> None:
    """Two fills of 1000: 1.234 → 1.23, 2.468 − 1.23 → 1.24; 0.5555 → 0.56, 1.111 − 0.56 → 0.55."""
    commission = schedule(part(rate=0.001234), part(name="f", rate=0.0005555) | {"as": "fee"})
    rows = [(10.0, 10.0, 10.0, 10.0, 1_000.0)] * 4
    config = {
        "cash": 1e5,
        "commission": commission,
        "execution": {"rounding": "minor_unit"},
    }
    run = play(Script({0: lambda ctx: ctx.order("A", 200, tif="GTC")}), market(A=rows), config)
    fills = run.simulation.state.used("fills")
    assert fills["commission"].tolist() == [1.23, 1.24]
    assert fills["fees"].tolist() == [0.56, 0.55]
    assert run.cash == pytest.approx(1e5 - 2_000 - 2.47 - 1.11, abs=1e-9)


def test_an_instrument_pays_its_own() -> None:
    """A pays 1 % of 1000, B nothing, C one per order; volumes are counted apart."""
    tiers = {"by": "month_quantity", "per_share": [[0, 0.1], [10, 0.01]]}
    config = {
        "cash": 1e5,
        "commission": {"kind": "rate", "rate": 0.01},
        "instruments": {
            "B": {"commission": {"kind": "rate"}},
            "C": {"commission": {"kind": "per_order", "per_order": 1}},
            "D": {"commission": schedule(part(tiers=tiers))},
            "E": {"commission": schedule(part(tiers=tiers))},
        },
    }
    orders = {day: lambda ctx: [ctx.order(s, 10) for s in "ABCDE"] for day in (0,)}
    orders[1] = lambda ctx: ctx.order("D", 10)
    run = play(Script(orders), market(**dict.fromkeys("ABCDE", FLAT)), config)
    # D and E have one schedule: 10 at 0.1, then 10 at 0.01, and again on the next day
    found = [(fill["symbol"], fill["commission"]) for fill in run.fills]
    wanted = [("A", 10.0), ("B", 0.0), ("C", 1.0), ("D", 1.0), ("E", 0.1), ("D", 0.1)]
    assert found == [(symbol, pytest.approx(value)) for symbol, value in wanted]


def test_trades_and_the_change_of_equity_agree() -> None:
    """Fees are shared among trades as commissions are, and the books close at the end."""

    class Swing(qt.Strategy):
        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            qty = ctx.portfolio.qty(bar.symbol)
            ctx.order(bar.symbol, 30 if qty <= 0 else -50)

    config = {"commission": {"kind": "schedule", "name": "ibkr_us_stocks_fixed"}}
    run = qt.backtest(
        Swing, qt.sample("sp500"), start="2015-01-05", end="2015-06-30", config=config
    )
    assert run.metrics["total_fees"] > 0
    assert run.equity["cash"][-1] == pytest.approx(run.ledger["amount"].sum())
    costs = (run.fills["commission"] + run.fills["fees"]).sum()
    paid = run.trades["pnl_gross"].sum() - run.trades["pnl_net"].sum()
    open_ = run.trade_arrays.open_lots
    assert paid + open_.costs.sum() == pytest.approx(costs)
    assert len(run.trades) > 50


class Hears(Script):
    """Notes the fees it is told of."""

    def __init__(self) -> None:
        super().__init__({0: lambda ctx: ctx.order("A", 10)})
        self.told: list[tuple[float, float]] = []

    def on_fill(self, fill: qt.Fill, ctx: qt.Context) -> None:
        self.told.append((fill.commission, fill.fees))


def test_a_strategy_is_told_of_fees() -> None:
    commission = schedule(part(rate=0.001), part(name="f", rate=0.002) | {"as": "fee"})
    strategy = Hears()
    play(strategy, market(A=FLAT), {"commission": commission})
    assert strategy.told == [(pytest.approx(1.0), pytest.approx(2.0))]


def test_a_rebate_is_paid_out() -> None:
    """A maker's rate of −0.02 % on 950 brings 0.19."""
    commission = schedule(part(liquidity="maker", rate=-0.0002))
    rows = [*FLAT[:2], (100.0, 101.0, 94.0, 100.0)]
    script = Script({1: lambda ctx: ctx.order("A", 10, "limit", limit_price=95.0)})
    run = play(script, market(A=rows), {"cash": 10_000, "commission": commission})
    assert run.fills[0]["commission"] == pytest.approx(-0.19)
    assert run.cash == pytest.approx(10_000 - 950 + 0.19)


def test_other_fees_do_not_continue_a_run() -> None:
    def simulation(rate: float) -> Simulation:
        config = config_from({"commission": schedule(part(rate=rate))})
        return Simulation(Script({}), market(A=FLAT), config)

    run = simulation(0.001)
    run.prepare()
    data = run.snapshot()
    simulation(0.001).resume(data)
    with pytest.raises(RunError, match="expected the fee_rows of this run, found others"):
        simulation(0.002).resume(data)


# -------------------------------------------------------------------------------------- currency

US = {"kind": "schedule", "name": "us_regulatory"}
RATE_OF_EURO: dict[str, Any] = {"currencies": {"EUR": {"value": 1.1}}}


def _once(config: dict[str, Any]) -> qt.Run:
    return qt.backtest(ShortOnce(100.0), prices(date(2024, 1, 2), 4, 5.0), config=config)


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"commission": US, "currency": "EUR"}, "config commission"),
        ({"commission": US, "instruments": {"A": {"currency": "EUR"}}}, "config commission"),
        (
            {"instruments": {"A": {"currency": "EUR", "commission": US}}},
            r"config instruments\.A\.commission",
        ),
    ],
)
def test_amounts_of_another_currency_are_refused(config: dict[str, Any], where: str) -> None:
    rates = {} if "currency" in config else RATE_OF_EURO
    text = rf"^{where}: expected .* priced in USD, .* the schedule us_regulatory, found A in EUR; "
    with pytest.raises(ConfigError, match=text):
        _once(config | rates)


def test_a_list_of_one_s_own_is_checked_if_it_says_its_currency(tmp_path: Path) -> None:
    """100 shares at 0.01 are 1.00."""
    file = tmp_path / "mine.toml"
    text = '[[components]]\nname = "mine"\nper_share = 0.01\n'
    euro = {"currency": "EUR", "commission": {"kind": "schedule", "file": str(file)}}
    file.write_text(text)
    assert _once(euro).metrics["total_commission"] == pytest.approx(1.0)
    file.write_text(f'currency = "EUR"\n{text}')
    assert _once(euro).metrics["total_commission"] == pytest.approx(1.0)
    file.write_text(f'currency = "USD"\n{text}')
    with pytest.raises(ConfigError, match="in USD, the currency of the amounts of its components"):
        _once(euro)


def test_fractions_have_no_currency() -> None:
    """0.1 % of 500 is 0.50 in any money; where tiers begin is money, which is told."""
    binance = {"kind": "schedule", "name": "binance_spot"}
    assert bundled_schedule("binance_spot").currency is None
    assert _once({"currency": "EUR", "commission": binance}).metrics[
        "total_commission"
    ] == pytest.approx(0.5)
    kraken = {"kind": "schedule", "name": "kraken_spot"}
    said = (
        "The fee schedule kraken_spot is in USD; the bounds of its tiers were taken as EUR for A."
    )
    for currency in ("EUR", "USD"):
        run = _once({"currency": currency, "commission": kraken})
        amber = [one.text for one in run.sheet().assumptions if one.level == "amber"]
        assert (said in amber) == (currency == "EUR")


def test_the_prices_of_a_rate_are_let_through() -> None:
    """A is in dollars, the yen's rate in yen; nobody has to say what trading it would cost."""
    flat = prices(date(2024, 1, 2), 4, 5.0)
    yen = flat.with_columns(pl.lit("USDJPY").alias("symbol"))
    config = {
        "commission": US,
        "currencies": {"JPY": {"symbol": "USDJPY", "inverted": True}},
        "instruments": {"USDJPY": {"currency": "JPY"}},
    }
    run = qt.backtest(qt.Strategy(), pl.concat([flat, yen]), config=config)
    amber = [one.text for one in run.sheet().assumptions if one.level == "amber"]
    said = "us_regulatory is in USD; its amounts were taken as JPY for USDJPY."
    assert any(text.endswith(said) for text in amber)


@pytest.mark.parametrize("name", bundled_names())
def test_a_bundled_schedule_with_money_says_its_currency(name: str) -> None:
    model = config_from({"commission": {"kind": "schedule", "name": name}}).commission
    assert isinstance(model, ScheduleCommission)
    assert (model.priced_in is not None) == (model.has_amounts or model.has_bounds)


# ---------------------------------------------------------------------------- what a report says


def test_a_report_says_what_a_schedule_does_not_know(tmp_path: Path) -> None:
    config = {
        "commission": {"kind": "schedule", "name": "us_regulatory"},
        "instruments": {"A": {"commission": {"kind": "per_order", "per_order": 2}}},
    }
    run = qt.backtest(ShortOnce(1.0), prices(date(2011, 1, 3), 3, 5.0), config=config)
    texts = [one.text for one in run.sheet().assumptions]
    amber = [one.text for one in run.sheet().assumptions if one.level == "amber"]
    assert "Commission of A: 2 USD per order." in texts
    assert any("the schedule us_regulatory (Regulatory fees" in text for text in texts)
    assert "SEC section 31 is known from 2012-04-01 on: nothing is charged before." in amber
    assert any("quant fees show us_regulatory lists them" in text for text in amber)
    folder = run.save(tmp_path).path
    manifest = json.loads((folder / "manifest.json").read_text())
    names = [one["name"] for one in manifest["cost_models"]["commission"]["components"]]
    assert names == ["SEC section 31", "FINRA TAF"]
    assert manifest["config"]["commission"]["components"] == []


def test_a_file_s_rates_are_in_the_report() -> None:
    commission = schedule(part(until="2024-01-02", rate=0.001))
    run = qt.backtest(ShortOnce(1.0), prices(date(2024, 1, 1), 4, 5.0), config={
        "commission": commission,
    })  # fmt: skip
    texts = [one.text for one in run.sheet().assumptions]
    assert "Commission: a fee schedule of its own: levy." in texts
    assert "levy is known until 2024-01-02: nothing is charged after." in texts
