"""Goal: `quant runs verify` passes on what a run left behind, and on nothing else.

Method: a fresh run is verified; then every one of its files is changed, taken away or joined by
another, and its data changed or moved. The source in the folder must be enough: the original is
edited and deleted before.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_shop import Shop, check_sentence, price_rows

from quant.engine.folder import RESULT_FILES
from quant.engine.manifest import json_text, manifest_hash, result_hash
from quant.engine.writing import sha256_of

FILES = [
    *("equity.csv", "orders.csv", "fills.csv", "positions.csv", "trades.csv", "ledger.csv"),
    *("metrics.json", "logs.jsonl", "report.html", "source/cross.py"),
]


def change(path: Path, old: str, new: str) -> None:
    """Other text in a file that is read-only."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.chmod(0o644)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def forge(path: Path, old: str, new: str) -> None:
    """Other text in a manifest, whose own hash is made to fit again."""
    change(path, old, new)
    manifest = json.loads(path.read_bytes())
    manifest["manifest_hash"] = manifest_hash(manifest)
    path.write_text(json_text(manifest), encoding="utf-8")


def test_a_fresh_run_is_what_it_says(shop: Shop) -> None:
    shop.backtest("cross.py", "--param", "fast=3", "--start", "2024-02-01")
    before = set(shop.folder.rglob("*"))
    said = shop.quant("runs", "verify", shop.folder.name)
    assert said.status == 0, said.err
    assert "the same bytes" in said.out
    assert set(shop.folder.rglob("*")) == before
    assert shop.quant("runs", "verify", "--json").json == {
        "run_id": shop.folder.name,
        "same": True,
        "level": "equal",
        "tampered": [],
        "differing": [],
        "text": "every file is untouched, and the run gives the same bytes again",
    }


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_noticed(shop: Shop, name: str) -> None:
    shop.backtest()
    path = shop.folder / name
    path.chmod(0o644)
    with path.open("a") as file:
        file.write(" ")
    said = shop.quant("runs", "verify", "--json")
    assert said.status == 1
    assert said.json["tampered"] == [name]
    path.unlink()
    said = shop.quant("runs", "verify")
    assert said.status == 1
    assert f"{name} is missing since the run was written" in said.out


@pytest.mark.parametrize("name", ["metrics.json", "equity.csv", "manifest.json"])
def test_changed_figures_are_not_shown(shop: Shop, name: str) -> None:
    """Only what the run wrote is shown, compared and handed to programs."""
    shop.backtest()
    path = shop.folder / name
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"100000", b"900000", 1) + b" ")
    run = shop.folder.name
    for words in (["runs", "show", run], ["runs", "diff", run, run], ["runs", "show", "--json"]):
        if name == "equity.csv" and "--json" in words:
            continue
        check_sentence(shop.quant(*words), name, "runs verify")
    said = shop.quant("runs", "list")
    if name != "equity.csv":
        assert f"{name}: expected the bytes that the run wrote" in said.err
    (shop.folder / "report.html").chmod(0o644)
    (shop.folder / "report.html").unlink()
    check_sentence(shop.quant("report", run), "damaged")


def test_a_file_too_many_is_noticed(shop: Shop) -> None:
    shop.backtest()
    (shop.folder / "source" / "extra.py").write_text("x = 1\n")
    assert shop.quant("runs", "verify", "--json").json["tampered"] == ["source/extra.py"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"fast": 5', '"fast": 6', "came out different, on the versions"),
        ('"cash": 100000.0', '"cash": 100001.0', "first in equity.csv, row 1, equity: 100000"),
        ('"result_hash": "', '"result_hash": "0', "manifest.json changed"),
        ('"seed": 0', '"seed": 1', "report.html came out different"),
    ],
)
def test_a_changed_manifest_is_noticed(shop: Shop, old: str, new: str, told: str) -> None:
    shop.backtest()
    path = shop.folder / "manifest.json"
    before = path.read_bytes()
    change(path, old, new)
    assert shop.quant("runs", "verify", "--json").json["tampered"] == ["manifest.json"]
    path.write_bytes(before)
    forge(path, old, new)
    said = shop.quant("runs", "verify")
    assert said.status == 1
    assert told in said.out


@pytest.mark.parametrize("key", ["timestamp", "git_sha", "warnings"])
def test_words_of_a_manifest_are_guarded_too(shop: Shop, key: str) -> None:
    shop.backtest()
    path = shop.folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest[key] = "2001-01-01T00:00:00Z"
    path.chmod(0o644)
    path.write_text(json_text(manifest))
    assert shop.quant("runs", "verify", "--json").json["tampered"] == ["manifest.json"]


@pytest.mark.parametrize("shift", [1e-12, 1e-6])
def test_another_machine_may_differ_in_the_last_digits_only(shop: Shop, shift: float) -> None:
    """A run as another processor would have written it: one figure off, and hashes that fit."""
    shop.backtest()
    folder, path = shop.folder, shop.folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    metrics = json.loads((folder / "metrics.json").read_bytes())
    metrics["sharpe"]["value"] *= 1 + shift
    (folder / "metrics.json").chmod(0o644)
    (folder / "metrics.json").write_text(json_text(metrics))
    files = {name: (folder / name).read_bytes() for name in RESULT_FILES}
    manifest["artifacts"]["metrics.json"] = sha256_of(folder / "metrics.json")
    manifest["result_hash"] = result_hash(files)
    for machine, status in (("of now", 1), ("another", int(shift > 1e-9))):
        if machine == "another":
            manifest["platform"]["cpu"] = "another"
        manifest["manifest_hash"] = manifest_hash(manifest)
        path.chmod(0o644)
        path.write_text(json_text(manifest))
        said = shop.quant("runs", "verify")
        assert said.status == status, said.out
        assert "first in metrics.json, sharpe.value: " in said.out
        assert ("within 1e-9" in said.out) == (status == 0)


def test_other_versions_are_named_where_bytes_differ(shop: Shop) -> None:
    shop.backtest()
    forge(shop.folder / "manifest.json", '"fast": 5', '"fast": 6')
    forge(shop.folder / "manifest.json", '"quant": "', '"quant": "99.')
    assert "(quant 99.0" in shop.quant("runs", "verify").out


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_manifest_is_told(shop: Shop, text: str) -> None:
    shop.backtest()
    path = shop.folder / "manifest.json"
    path.chmod(0o644)
    path.write_text(text)
    check_sentence(shop.quant("runs", "verify"), "manifest.json", "damaged")
    shop.backtest()
    said = shop.quant("runs", "list", "--json")
    assert (said.status, len(said.json)) == (0, 1)
    assert "damaged" in said.err


def test_changed_data_cannot_verify(shop: Shop) -> None:
    shop.backtest()
    rows = price_rows()
    rows[3][4] = rows[3][1]
    shop.prices("prices.csv", rows)
    check_sentence(shop.quant("runs", "verify"), "prices.csv", "sha256", "--data")


def test_moved_data_verifies_from_its_new_place(shop: Shop) -> None:
    shop.backtest()
    (shop.path / "prices.csv").rename(shop.path / "moved.csv")
    check_sentence(shop.quant("runs", "verify"), "prices.csv", "--data")
    said = shop.quant("runs", "verify", "--data", "moved.csv")
    # the name of a lone series is its file's, and belongs to the data
    check_sentence(said, "moved.csv", "sha256")
    (shop.path / "there").mkdir()
    (shop.path / "moved.csv").rename(shop.path / "there" / "prices.csv")
    assert shop.quant("runs", "verify", "--data", "there/prices.csv").status == 0


@pytest.mark.parametrize("fate", ["edited", "deleted"])
def test_the_source_in_the_folder_is_enough(shop: Shop, fate: str) -> None:
    shop.file("signals/__init__.py", "")
    shop.file("signals/rule.py", "from rates import HALF\n\n\ndef weight(bar):\n    return HALF\n")
    shop.file("rates.py", "HALF = 0.5\n")
    shop.strategy(
        "def on_bar(self, bar, ctx):\n"
        "    from signals.rule import weight\n"
        "    ctx.order_target('prices', weight=weight(bar))"
    )
    done = shop.process("run", "backtest", "own.py", "--data", "prices.csv")
    assert done.returncode == 0, done.stderr
    kept = {p.relative_to(shop.folder / "source").as_posix()
            for p in (shop.folder / "source").rglob("*.py")}  # fmt: skip
    assert kept == {"own.py", "rates.py", "signals/__init__.py", "signals/rule.py"}
    for name in ("own.py", "rates.py", "signals/rule.py"):
        path = shop.path / name
        path.write_text("HALF = 0.1\n") if fate == "edited" else path.unlink()
    done = shop.process("runs", "verify")
    assert (done.returncode, done.stderr) == (0, ""), done
    assert not list(shop.folder.rglob("__pycache__"))


def test_a_failed_run_cannot_be_repeated(shop: Shop) -> None:
    shop.backtest(shop.strategy("def on_bar(self, bar, ctx):\n    1 / 0"))
    check_sentence(shop.quant("runs", "verify"), "status failed")


def test_a_frame_is_not_found_again(shop: Shop) -> None:
    shop.backtest()
    forge(shop.folder / "manifest.json", '"kind": "csv"', '"kind": "frame"')
    check_sentence(shop.quant("runs", "verify"), "frame", "--data")
    assert shop.quant("runs", "verify", "--data", "prices.csv").status == 0


def test_what_a_strategy_prints_stays_out_of_json(shop: Shop) -> None:
    shop.backtest(shop.strategy("def on_start(self, ctx):\n    print('noise')"))
    said = shop.quant("runs", "verify", "--json")
    assert said.json["same"] is True
    assert "noise" in said.err
