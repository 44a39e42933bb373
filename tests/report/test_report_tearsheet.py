"""Goal: the tear sheet is whole in itself, says what the run says, and hides no doubt.

Method: pages made of small runs are parsed with the standard library and searched for what must
be there and for what must never be.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from report_books import FIRST_DAY, fill_arrays, flat_bars, run_arrays

from quant.errors import DataError
from quant.report.definitions import DEFINITIONS
from quant.report.metrics import compute_metrics
from quant.report.tearsheet import Assumption, TearSheet, render_tearsheet

FLOW_FIGURES = ("time_weighted_return", "money_weighted_return", "net_flows")
_VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Checks that tags nest, and keeps tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif "style" not in self.open:
            self.words.append(data)

    def having(self, tag: str, **attrs: str) -> list[dict[str, str | None]]:
        wanted = {key.rstrip("_"): value for key, value in attrs.items()}
        return [
            found for name, found in self.tags if name == tag and wanted.items() <= found.items()
        ]


def sheet_of(equity: Any = None, **changes: Any) -> TearSheet:
    if equity is None:
        rng = np.random.default_rng(4)
        equity = 100_000 * np.cumprod(np.r_[1.0, 1 + rng.normal(0.0005, 0.01, 900)])
    fills = fill_arrays(
        [
            {"units": 10, "price": 10.0, "commission": 1.0, "slippage": 0.5},
            {"units": -10, "price": 9.0, "bar": 1, "commission": 1.0},
        ]
    )
    benchmark = changes.get("benchmark")
    run = run_arrays(equity, fills=fills, bars=flat_bars(2, 10.0), benchmark_equity=benchmark)
    plain: dict[str, Any] = {
        "title": "Cross <10/50> & co",
        "run_id": "run-20200102T000000Z-abcdef",
        "status": "completed",
        "metrics": compute_metrics(run),
        "ts": run.ts,
        "equity": run.equity,
        "currency": "USD",
        "assumptions": [
            Assumption(text="Orders fill at the next open."),
            Assumption(text="All costs are zero.", level="amber"),
        ],
        "facts": [("Seed", "7"), ("Data", "sample:sp500")],
    }
    return TearSheet(**{**plain, **changes})


def with_benchmark() -> TearSheet:
    plain = sheet_of()
    return sheet_of(
        benchmark=plain.equity[0] + (plain.equity - plain.equity[0]) / 2,
        benchmark_name="Buy and hold",
    )


def test_the_page_asks_nothing_of_anyone() -> None:
    text = render_tearsheet(with_benchmark())
    page = Page(text)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"iframe", "img", "object", "embed", "base", "form", "image", "use"}
    own = text
    for library in page.scripts[2:4]:
        assert len(library) > 100_000
        own = own.replace(library, "")
    assert "://" not in own
    assert "url(" not in own
    assert "@import" not in own
    for _, attrs in page.tags:
        assert attrs.get("href", "#")[:1] == "#" or attrs["href"] == "data:,"
        assert "src" not in attrs
        assert not any(name.startswith("on") for name in attrs)


def test_the_policy_allows_exactly_the_scripts_of_the_page() -> None:
    page = Page(render_tearsheet(with_benchmark()))
    policies = [a for t, a in page.tags if t == "meta" and "http-equiv" in a]
    policy = dict(part.strip().split(" ", 1) for part in (policies[0]["content"] or "").split(";"))
    assert policy["default-src"] == "'none'"
    running = [page.scripts[0], *page.scripts[2:]]
    assert len(running) == 4
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in running]
    assert policy["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]


def test_equal_input_gives_equal_bytes() -> None:
    assert render_tearsheet(with_benchmark()) == render_tearsheet(with_benchmark())


def test_text_from_outside_is_escaped() -> None:
    sheet = sheet_of(
        run_id="<b>",
        subtitle="<script>",
        facts=[("<i>", "<u>")],
        assumptions=[Assumption(text="<em>")],
    )
    page = Page(render_tearsheet(sheet))
    assert not {tag for tag, _ in page.tags} & {"b", "i", "u", "em"}
    assert len(page.having("script")) == 5
    for words in ("Cross <10/50> & co", "<b>", "<script>", "<i>", "<u>", "<em>"):
        assert words in page.text


def test_headline_figures_stand_beside_the_benchmark() -> None:
    sheet = with_benchmark()
    text = Page(render_tearsheet(sheet)).text
    for name in ("cagr", "total_return", "volatility", "max_drawdown_pct"):
        own, other = sheet.metrics[name].value, sheet.metrics[f"benchmark_{name}"].value
        label = DEFINITIONS[name].label
        shown = f"{label} {own:.2%} Buy and hold: {other:.2%}".replace("-", "−")
        assert shown in text, name
    assert "Trades 1 0.00% won" in text
    assert "All costs 2.50 USD" in text


def test_every_metric_is_shown_with_its_formula_and_n() -> None:
    sheet = with_benchmark()
    page = Page(render_tearsheet(sheet))
    shown = " ".join(attrs["title"] or "" for attrs in page.having("button", class_="term"))
    assert page.text.count(" How each figure is computed ") == 1
    for name, known in DEFINITIONS.items():
        # Other names, and figures of deposits and withdrawals, of which this run has none.
        if name in ("annual_return", "total_pnl") or name in FLOW_FIGURES:
            continue
        assert known.text in shown, name
        assert known.text in page.text, name
        assert known.label in page.text, name
    assert "periods_per_year 252" in page.text


def test_what_has_no_value_says_why() -> None:
    page = Page(render_tearsheet(sheet_of([100.0, 100.0, 100.0])))
    assert "Sharpe ratio – The returns never vary" in page.text
    assert len(page.having("span", class_="why")) >= 4
    assert not re.search(r"\b(nan|inf|None)\b", page.text)


def test_amber_assumptions_come_first_and_are_announced() -> None:
    page = Page(render_tearsheet(sheet_of()))
    assert "1 assumption of this run may flatter the result." in page.text
    assert page.text.index("All costs are zero.") < page.text.index("Orders fill at the next open.")
    assert len(page.having("li", class_="amber")) == 1
    assert len(page.having("li", class_="info")) == 1
    calm = Page(render_tearsheet(sheet_of(assumptions=[Assumption(text="All is known.")])))
    assert "may flatter" not in calm.text
    assert calm.having("li", class_="amber") == []


@pytest.mark.parametrize(("status", "is_amber"), [("completed", False), ("interrupted", True)])
def test_a_run_that_is_not_whole_is_marked(status: str, is_amber: bool) -> None:
    page = Page(render_tearsheet(sheet_of(status=status)))
    assert bool(page.having("span", class_="chip amber")) == is_amber
    assert status in page.text


def test_pictures_have_words_for_those_who_cannot_see_them() -> None:
    page = Page(render_tearsheet(with_benchmark()))
    pictures = page.having("svg", role="img")
    assert len(pictures) == 2
    charts = [attrs for tag, attrs in page.tags if tag == "div" and "data-chart" in attrs]
    assert len(charts) == 3
    assert all(len(attrs["aria-label"] or "") > 30 for attrs in (*pictures, *charts))
    assert "Buy and hold ends at" in (pictures[0]["aria-label"] or "")


def test_a_wide_range_is_pictured_by_ratios() -> None:
    words = ", on a logarithmic scale"
    assert words not in render_tearsheet(sheet_of())
    assert words in render_tearsheet(sheet_of(np.geomspace(100.0, 900.0, 50)))
    assert words not in render_tearsheet(sheet_of([100.0, 50.0, -20.0]))


def test_months_are_last_equity_over_the_month_before() -> None:
    days = np.array(["2019-12-30", "2019-12-30", "2019-12-31", "2020-01-15", "2020-03-31"])
    date = days.astype("datetime64[D]").astype(np.int64)
    sheet = sheet_of([100.0, 104.0, 110.0, 99.0, 132.0], session_date=date)
    page = Page(render_tearsheet(sheet))
    table = page.text[page.text.index("Returns by month") :]
    # 110/100; 99/110; none for February; 132/99; the year 132/110.
    assert "2019 10.0% 10.0%" in table
    assert "2020 −10.0% 33.3% 20.0%" in table


def test_months_are_left_out_where_they_say_nothing() -> None:
    assert "Returns by month" not in render_tearsheet(sheet_of([100.0, 101.0, 102.0]))


def test_a_short_run_says_that_its_growth_rate_is_from_few_days() -> None:
    text = Page(render_tearsheet(sheet_of([100.0, 101.0, 102.0, 101.0]))).text
    assert re.search(r"CAGR [\d,.]+% from 2 days only", text)
    assert "days only" not in Page(render_tearsheet(sheet_of())).text


def test_a_long_run_stays_small() -> None:
    n = 200_000
    rng = np.random.default_rng(8)
    equity = 1e6 * np.cumprod(1 + rng.normal(0, 0.0005, n))
    sheet = replace(
        with_benchmark(),
        equity=equity,
        benchmark=equity[::-1].copy(),
        ts=np.int64(FIRST_DAY) * 86_400_000_000_000 + np.arange(n, dtype=np.int64) * 60_000_000_000,
    )
    assert len(render_tearsheet(sheet).encode()) < 1_800_000


@pytest.mark.parametrize("equity", [[100.0], [0.0, 0.0], [100.0, -1.0], [5.0, 5.0, 5.0]])
def test_small_and_ruined_runs_have_a_page(equity: list[float]) -> None:
    Page(render_tearsheet(sheet_of(equity)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"equity": np.ones(3)}, "equity needs one finite value"),
        ({"equity": np.array([1.0, np.nan])}, "1 finite of 2"),
        ({"ts": np.array([5, 4])}, "row 1 is before row 0"),
        ({"benchmark": np.ones(2)}, "both a name and equity"),
        ({"benchmark_name": "X"}, "both a name and equity"),
        ({"session_date": np.ones(3, np.int64)}, "session_date needs"),
    ],
)
def test_sheets_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        replace(sheet_of([1.0, 1.0]), **changes)
