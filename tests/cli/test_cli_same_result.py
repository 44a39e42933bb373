"""Goal: the same strategy, data, settings and seed are the same bytes, whatever way they came in.

Method: result hashes of runs in processes with other hash seeds, from Python and the command line,
and from a CSV file, a parquet file, polars, pandas and a dict of frames are compared; then one
input after another is changed, which must change the hash.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from cli_shop import Shop, price_rows

import quant as qt
from quant.engine.strategy_file import load_class

SETS = """
    import quant as qt

    class Own(qt.Strategy):
        def on_start(self, ctx):
            self.names = {"b", "a", "d", "c"}
        def on_slice(self, market, ctx):
            for i, symbol in enumerate(ctx.symbols):
                if ctx.random.random() < 0.3:
                    ctx.order_target(symbol, weight=0.2 * (i - 1), tag=min(self.names))
"""


def result_hash(shop: Shop, file: str = "cross.py", *more: str, data: str = "prices.csv") -> str:
    """The result hash of one more run."""
    said = shop.backtest(file, "--json", *more, data=data)
    assert said.status == 0, said.err
    return str(shop.manifest(shop.path / said.json["path"])["result_hash"])


def panel(shop: Shop) -> pl.DataFrame:
    """Three symbols in long form, a file of it beside."""
    rows = price_rows()
    frame = pl.DataFrame(
        [
            {"date": r[0], "symbol": s, **dict(zip(("open", "high", "low", "close"),
             (float(x) * k for x in r[1:5]), strict=True)), "volume": float(r[5])}
            for r in rows for s, k in (("C", 1.0), ("A", 0.5), ("B", 2.0))
        ]
    )  # fmt: skip
    frame.write_csv(shop.path / "panel.csv")
    return frame


def test_other_processes_with_other_hash_seeds(shop: Shop) -> None:
    panel(shop)
    shop.file("sets.py", SETS)
    for seed in ("0", "1", "4242"):
        done = shop.process(
            "run", "backtest", "sets.py", "--data", "panel.csv", "--seed", "7", PYTHONHASHSEED=seed
        )
        assert done.returncode == 0, done.stderr
    manifests = [shop.manifest(folder) for folder in shop.folders()]
    assert len(manifests) == 3
    for name in ("result_hash", "params_hash", "code_hash", "config", "data_versions"):
        assert manifests[0][name] == manifests[1][name] == manifests[2][name]
    assert len({manifest["run_id"] for manifest in manifests}) == 3
    assert len(pl.read_csv(shop.folders()[0] / "fills.csv")) > 50


def test_every_form_of_the_data_and_both_fronts(shop: Shop) -> None:
    frame = panel(shop)
    shop.file("sets.py", SETS)
    expected = result_hash(shop, "sets.py", data="panel.csv")
    kind = load_class("sets.py")
    dated = frame.with_columns(pl.col("date").str.to_date())
    dated.write_parquet(shop.path / "panel.parquet")
    forms: dict[str, Any] = {
        "path": shop.path / "panel.csv",
        "parquet": "panel.parquet",
        "polars text": frame,
        "polars dates": dated,
        "pandas": pd.DataFrame(frame.to_dict(as_series=False)),
        "pandas index": pd.DataFrame(dated.to_dict(as_series=False))
        .assign(date=lambda x: pd.to_datetime(x["date"]))
        .set_index("date"),
        "dict": {s: frame.filter(symbol=s).drop("symbol") for s in ("B", "C", "A")},
        "other order": frame.sort("symbol", "date", descending=[True, False]),
    }
    for name, data in forms.items():
        run = qt.backtest(kind, data)
        found = shop.manifest(run.save("python").path)["result_hash"]
        assert found == expected, name


def test_what_changes_the_result_changes_its_hash(shop: Shop) -> None:
    shop.file("cost.yaml", "commission: {kind: rate, rate: 0.001}\n")
    found = [
        result_hash(shop),
        result_hash(shop, "cross.py", "--param", "fast=6"),
        result_hash(shop, "cross.py", "--config", "cost.yaml"),
        result_hash(shop, "cross.py", "--start", "2024-02-01"),
        result_hash(shop, "cross.py", "--calendar", "weekdays"),
    ]
    rows = price_rows()
    rows[60][4] = str(float(rows[60][4]) - 0.125)
    shop.prices("prices.csv", rows)
    found.append(result_hash(shop))
    assert len(set(found)) == len(found)


def test_parameters_of_every_sort_reach_the_strategy_and_the_manifest(shop: Shop) -> None:
    shop.file(
        "own.py",
        """
        from datetime import date
        from typing import Literal

        import quant as qt

        class Own(qt.Strategy):
            n: int = 1
            rate: float = 0.5
            is_on: bool = False
            day: date = date(2020, 1, 1)
            days: list[int] = []
            how: Literal["up", "down"] = "up"
            most: int | None = 3
            name: str = "x"

            def on_start(self, ctx):
                ctx.log(f"{self.n!r} {self.rate!r} {self.is_on!r} {self.day!r} {self.days!r} "
                        f"{self.how!r} {self.most!r} {self.name!r}")
        """,
    )
    given = [
        "n=2",
        "rate=1e-3",
        "is_on=true",
        "day=2024-02-03",
        "days=1,2",
        "how=down",
        "most=none",
        "name=a=b",
    ]
    said = shop.backtest("own.py", *(word for pair in given for word in ("--param", pair)))
    assert said.status == 0, said.err
    log = [json.loads(s) for s in (shop.folder / "logs.jsonl").read_text().splitlines()]
    assert log[0]["text"] == ("2 0.001 True datetime.date(2024, 2, 3) [1, 2] 'down' None 'a=b'")
    assert shop.manifest()["strategy"]["params"] == {
        "n": 2, "rate": 0.001, "is_on": True, "day": "2024-02-03", "days": [1, 2],
        "how": "down", "most": None, "name": "a=b",
    }  # fmt: skip
    assert shop.quant("runs", "verify").status == 0


def test_whole_numbers_beyond_64_bits_are_no_trouble(shop: Shop) -> None:
    assert shop.backtest("cross.py", "--seed", str(2**70)).status == 0
    assert shop.manifest()["seed"] == 2**70


def test_start_and_end_default_to_all_sessions(shop: Shop) -> None:
    assert result_hash(shop) == result_hash(
        shop, "cross.py", "--start", "2024-01-02", "--end", "2024-06-24"
    )


@pytest.mark.parametrize("way", ["class", "instance"])
def test_a_class_and_an_instance_are_the_same(shop: Shop, way: str, tmp_path: Path) -> None:
    kind = load_class("cross.py")
    strategy = kind if way == "class" else kind(fast=5, slow=20)
    run = qt.backtest(strategy, "prices.csv", start="2024-02-01")
    manifest = shop.manifest(run.save(tmp_path / "x").path)
    assert manifest["result_hash"] == result_hash(shop, "cross.py", "--start", "2024-02-01")
    assert manifest["strategy"]["params"] == {"fast": 5, "slow": 20}
