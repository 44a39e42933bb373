"""Goal: two files are told equal, near or different, and the first difference is the first.

Method: tables, figures and logs are changed in one place each.
"""

from __future__ import annotations

import json

import pytest

from quant.engine.compare import compare_files

TABLE = "ts,price,side\n2024-01-02,100.5,BUY\n2024-01-03,0.25,SELL\n2024-01-04,,BUY\n"


@pytest.mark.parametrize(
    ("old", "new", "level", "first"),
    [
        ("100.5", "100.50000000001", "close", "row 1, price: 100.5 and 100.50000000001"),
        ("0.25", "0.2500000009", "close", "row 2, price: 0.25 and 0.2500000009"),
        ("0.25", "0.250000002", "different", "row 2, price: 0.25 and 0.250000002"),
        ("SELL", "BUY", "different", "row 2, side: SELL and BUY"),
        ("04,,", "04,0.0,", "different", "row 3, price: empty and 0.0"),
        ("2024-01-04,,BUY\n", "", "different", "row 3: 2024-01-04,,BUY and nothing"),
        ("side", "sides", "different", "row 0, side: side and sides"),
        ("BUY\n", "BUY,x\n", "different", "row 1, further column: nothing and x"),
        ("100.5", "nan", "different", "row 1, price: 100.5 and nan"),
    ],
)
def test_tables(old: str, new: str, level: str, first: str) -> None:
    found = compare_files("fills.csv", TABLE.encode(), TABLE.replace(old, new, 1).encode())
    assert (found.level, found.first, found.n_differing) == (level, first, 1)


def test_a_true_difference_counts_before_a_small_one() -> None:
    other = TABLE.replace("100.5", "100.50000000001").replace("SELL", "BUY")
    found = compare_files("fills.csv", TABLE.encode(), other.encode())
    assert (found.level, found.first) == ("different", "row 2, side: SELL and BUY")
    assert found.n_differing == 2


def test_figures() -> None:
    one = {"sharpe": {"value": 1.0, "n": 3, "inputs": {"rf": 0.0}}, "cagr": {"value": None}}
    two = json.loads(json.dumps(one))
    two["sharpe"]["inputs"]["rf"] = 1e-12
    assert compare_files("metrics.json", _json(one), _json(two)).level == "close"
    two["cagr"]["value"] = 0.0
    found = compare_files("metrics.json", _json(one), _json(two))
    assert (found.level, found.first) == ("different", "cagr.value: nothing and 0.0")
    del two["cagr"]
    assert "cagr" in compare_files("metrics.json", _json(one), _json(two)).first
    assert compare_files("metrics.json", b'{"a": true}', b'{"a": 1}').level == "different"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def test_logs_of_two_runs_may_name_their_runs() -> None:
    one = b'{"ts":"a","run_id":"x","n":1}\n{"ts":"b","run_id":"x"}\n'
    assert compare_files("logs.jsonl", one, one.replace(b'"x"', b'"y"')).level == "equal"
    found = compare_files("logs.jsonl", one, one.replace(b'"n":1', b'"n":2'))
    assert (found.level, found.first) == ("different", "line 1, n: 1 and 2")
    shorter = one.split(b"\n")[0] + b"\n"
    assert compare_files("logs.jsonl", one, shorter).first.startswith("line 2: ")


def test_other_files_are_compared_as_bytes() -> None:
    found = compare_files("report.html", b"a\nb\nc", b"a\nB\nc")
    assert (found.level, found.first) == ("different", "line 2")
    assert compare_files("x.json", b"{", b"[").level == "different"
    assert compare_files("x.csv", b"\xff", b"\xfe").level == "different"
