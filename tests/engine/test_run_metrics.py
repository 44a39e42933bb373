"""Goal: a run gives its figures in groups and its drawdowns as a table, in memory and from disk.

Method: the groups and the table are held against the metrics of the same run, and a saved run gives
the same groups.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

import quant as qt
from quant.engine.manifest import json_text, manifest_hash
from quant.errors import RunError


@pytest.fixture(scope="module")
def run() -> qt.Run:
    return qt.backtest(
        qt.MovingAverageCross, qt.sample("sp500"), start="2010-01-04", end="2014-12-31"
    )


def test_the_drawdowns_are_those_of_the_metrics(run: qt.Run) -> None:
    table, found = run.drawdowns, run.metrics
    assert len(table) == found["n_drawdowns"] > 2
    assert table["depth"].max() == found["max_drawdown_pct"]
    assert table["depth_money"].max() == found["max_drawdown_abs"]
    assert table["days"].max() == found["longest_drawdown_days"]
    assert table["depth"].mean() == pytest.approx(found["avg_drawdown_pct"])
    assert table["peak_ts"].is_sorted()
    back = table.filter(pl.col("recovery_ts").is_not_null())
    assert (back["days"] == back["days_to_trough"] + back["days_to_recovery"]).all()
    assert (back["peak_ts"] < back["trough_ts"]).all()
    assert (back["trough_ts"] < back["recovery_ts"]).all()
    assert table["days_to_recovery"].is_null().sum() == table["recovery_ts"].is_null().sum() <= 1


def test_the_rows_of_a_drawdown_are_rows_of_the_equity_curve(run: qt.Run) -> None:
    curve = dict(run.equity.select("ts", "equity").iter_rows())
    for row in run.drawdowns.iter_rows(named=True):
        peak, trough = curve[row["peak_ts"]], curve[row["trough_ts"]]
        assert row["depth_money"] == pytest.approx(peak - trough)
        assert row["depth"] == pytest.approx(1 - trough / peak)
        assert row["recovery_ts"] is None or curve[row["recovery_ts"]] >= peak


def test_equity_that_never_falls_has_no_drawdown() -> None:
    class Nothing(qt.Strategy):
        """Does nothing."""

    run = qt.backtest(Nothing, qt.sample("sp500"), end="2000-02-29")
    assert run.drawdowns.is_empty()
    assert (
        run.drawdowns.columns
        == qt.backtest(
            qt.MovingAverageCross, qt.sample("sp500"), end="2000-12-29"
        ).drawdowns.columns
    )


def test_the_groups_of_a_saved_run_are_those_of_the_run(run: qt.Run, tmp_path: Path) -> None:
    proof = qt.compute_proof_metrics(run)
    assert proof is run.metrics_v2
    assert isinstance(proof, qt.BacktestMetricsV2)
    stored = qt.compute_proof_metrics(run.save(tmp_path))
    assert stored == proof
    assert stored.drawdown.underwater.equals(proof.drawdown.underwater)
    assert proof.drawdown.underwater["drawdown"].max() == proof.drawdown.max_drawdown_pct


def test_the_groups_cannot_be_changed(run: qt.Run) -> None:
    with pytest.raises(AttributeError):
        run.metrics_v2.performance.cagr = 1.0


def test_a_run_folder_of_an_earlier_version_is_named(run: qt.Run, tmp_path: Path) -> None:
    folder = run.save(tmp_path)
    content = b'{"sharpe": {"value": 1.0}}'
    path, place = folder.path / "metrics.json", folder.path / "manifest.json"
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises(RunError, match="it was changed"):
        qt.compute_proof_metrics(folder)
    manifest = folder.manifest
    manifest["artifacts"]["metrics.json"] = hashlib.sha256(content).hexdigest()
    manifest["manifest_hash"] = manifest_hash(manifest)
    place.chmod(0o644)
    place.write_text(json_text(manifest))
    with pytest.raises(RunError, match="earlier version"):
        qt.compute_proof_metrics(folder)
    del manifest["manifest_hash"]
    place.write_text(json_text(manifest))
    with pytest.raises(RunError, match="earlier version of quant wrote"):
        qt.compute_proof_metrics(folder)


def test_what_is_no_run_is_named() -> None:
    with pytest.raises(RunError, match=r"expected a run, found str; .*open_run"):
        qt.compute_proof_metrics("latest")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("benchmark", ["buy_and_hold", "A"])
@pytest.mark.parametrize(
    ("prices", "first"),
    [((0.0, 1.0, 2.0), "0"), ((-1.0, -0.5, 2.0), "-1")],
)
def test_what_begins_without_a_price_above_zero_is_no_benchmark(
    tmp_path: Path, prices: tuple[float, ...], first: str, benchmark: str
) -> None:
    columns = {name: list(prices) for name in ("open", "high", "low", "close")}
    frame = pl.DataFrame({"date": ["2024-07-01", "2024-07-02", "2024-07-03"]} | columns)
    run = qt.backtest(
        qt.Strategy(),
        {"A": frame, "B": frame.with_columns(pl.lit(5.0).alias(n) for n in columns)},
        config={"benchmark": benchmark, "instruments": {"A": {"allow_nonpositive": True}}},
    )
    assert run.benchmark is None
    told = f"There is no benchmark: A begins at a price of {first}"
    found = run.metric_details["benchmark_cagr"]
    assert found.value is None
    assert (found.why or "").startswith(told)
    assert (run.metric_details["beta"].why or "").startswith(told)
    lines = [one for one in run.sheet().assumptions if one.text.startswith(told)]
    assert [one.level for one in lines] == ["amber"]
    assert not [one for one in run.sheet().assumptions if "pays no costs" in one.text]
    assert run.report(tmp_path / "report.html").exists()


def test_what_falls_below_zero_later_is_a_benchmark() -> None:
    frame = pl.DataFrame(
        {"date": ["2024-07-01", "2024-07-02", "2024-07-03"]}
        | {name: [10.0, 5.0, -5.0] for name in ("open", "high", "low", "close")}
    )
    config = {"cash": 100, "instruments": {"A": {"allow_nonpositive": True}}}
    run = qt.backtest(qt.Strategy(), {"A": frame}, config=config)
    assert run.benchmark.tolist() == [100.0, 100.0, 50.0, -50.0]
