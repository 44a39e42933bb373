"""Goal: pictures show every spike, marks are numbers people count in, numbers read well.

Method: properties over random ranges, and examples whose answer a person would write down.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from quant.report.svg import MAX_POINTS, Line, Plot, Scale, draw, thin
from quant.report.ticks import linear_ticks, log_ticks, time_ticks
from quant.report.wording import MINUS, figure_text, money_text, percent_text, short_number

NS = 1_000_000_000


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


def plot_of(values: np.ndarray, *, is_log: bool = False, is_area: bool = False) -> Plot:
    low, high = float(values.min()), float(values.max())
    return Plot(
        ts=np.arange(len(values), dtype=np.int64) * 86_400 * NS,
        lines=[Line(values=values, style="strategy", is_area=is_area)],
        scale=Scale(low=low, high=high, is_log=is_log),
        ticks=[(low, "low & least"), (high, "high")],
        height=300,
        label='A "picture" of <values>',
    )


def points(svg: str) -> list[tuple[int, int]]:
    """The points of the last path, summed up from its steps."""
    path = re.findall(r' d="M(\d+) (-?\d+)l([^"VH]*)', svg)[-1]
    steps = [int(number) for number in re.findall(r"-?\d+", path[2])]
    xs = np.cumsum([int(path[0]), *steps[0::2]])
    ys = np.cumsum([int(path[1]), *steps[1::2]])
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


@pytest.mark.parametrize("n", [1, 2, 1_499, 1_500, 1_501, 3_001, 50_000])
def test_thinning_keeps_ends_extremes_and_its_limit(n: int) -> None:
    values = np.random.default_rng(n).normal(size=n).cumsum()
    rows = thin(values)
    assert len(rows) == min(n, len(rows)) <= MAX_POINTS
    assert (rows[0], rows[-1]) == (0, n - 1)
    assert (np.diff(rows) > 0).all()
    assert {int(values.argmin()), int(values.argmax())} <= set(rows.tolist())


def test_every_spike_of_a_long_series_is_drawn() -> None:
    values = np.zeros(100_000)
    spikes = list(range(500, 100_000, 1_000))
    values[spikes] = 1.0
    assert set(spikes) <= set(thin(values).tolist())


def test_a_path_runs_through_the_points_of_its_line() -> None:
    values = np.array([0.0, 1.0, 0.25, 0.5, 0.0])
    expected = [(0, 1000), (500, 0), (1000, 750), (1500, 500), (2000, 1000)]
    assert points(draw(plot_of(values))) == expected


def test_steps_do_not_add_up_rounding() -> None:
    values = np.random.default_rng(3).normal(size=5_000).cumsum()
    found = points(draw(plot_of(values)))
    assert len(found) == len(thin(values))
    assert found[-1][0] == 2000
    assert {min(y for _, y in found), max(y for _, y in found)} == {0, 1000}


def test_an_area_is_closed_at_the_top() -> None:
    svg = draw(plot_of(np.array([0.0, -1.0, -0.5]), is_area=True))
    assert svg.count("<path") == 2
    assert 'V0H0z"' in svg


def test_labels_are_escaped() -> None:
    svg = draw(plot_of(np.array([1.0, 2.0])))
    assert 'aria-label="A &quot;picture&quot; of &lt;values&gt;"' in svg
    assert ">low &amp; least<" in svg


def test_a_line_of_one_row_is_drawn_across() -> None:
    assert 'd="M0 500h2000"' in draw(plot_of(np.array([5.0])))


def test_equal_ratios_are_equal_distances_on_a_log_scale() -> None:
    values = np.array([1.0, 10.0, 100.0])
    assert [y for _, y in points(draw(plot_of(values, is_log=True)))] == [1000, 500, 0]


@pytest.mark.parametrize("seed", range(40))
def test_linear_ticks_are_inside_even_and_few(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = float(rng.normal() * 10.0 ** rng.integers(-3, 7))
    high = low + float(rng.uniform(0.1, 10) * 10.0 ** rng.integers(-2, 7))
    found = linear_ticks(low, high)
    assert 2 <= len(found) <= 7
    step = found[1] - found[0]
    assert np.allclose(np.diff(found), step, rtol=1e-6)
    assert low - step * 1e-6 <= found[0]
    assert found[-1] <= high + step * 1e-6
    mantissa = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - m) for m in (1.0, 2.0, 2.5, 5.0)) < 1e-3


@pytest.mark.parametrize("seed", range(40))
def test_log_ticks_are_inside_rising_and_few(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low = float(10.0 ** rng.uniform(-1, 6))
    high = low * float(10.0 ** rng.uniform(0.2, 6))
    found = log_ticks(low, high)
    assert 2 <= len(found) <= 9
    assert found == sorted(set(found))
    assert low * 0.999 <= found[0]
    assert found[-1] <= high * 1.001


@pytest.mark.parametrize(
    ("start", "end", "labels"),
    [
        ("2000-01-03", "2020-04-17", [str(year) for year in range(2002, 2021, 2)]),
        ("2019-06-01", "2023-06-01", ["2020", "2021", "2022", "2023"]),
        ("2020-01-15", "2020-05-15", ["Feb 2020", "Mar 2020", "Apr 2020", "May 2020"]),
        ("2020-03-02", "2020-03-06", ["2 Mar", "3 Mar", "4 Mar", "5 Mar", "6 Mar"]),
        ("2019-11-20", "2020-04-20", ["Dec 2019", "Jan 2020", "Feb 2020", "Mar 2020", "Apr 2020"]),
        ("2020-03-02T09:50:00", "2020-03-02T12:10:00", None),
    ],
)
def test_time_ticks_are_the_dates_a_person_would_mark(
    start: str, end: str, labels: list[str] | None
) -> None:
    found = time_ticks(ns(start), ns(end))
    if labels is None:
        assert [label for _, label in found][:3] == ["10:00", "10:15", "10:30"]
    else:
        assert [label for _, label in found] == labels
    assert all(ns(start) <= moment <= ns(end) for moment, _ in found)


@pytest.mark.parametrize("days", [1, 3, 10, 30, 80, 90, 200, 400, 900, 1_000, 5_000, 40_000])
def test_time_ticks_are_never_too_many(days: int) -> None:
    start = ns("1970-01-01")
    assert 1 <= len(time_ticks(start, start + days * 86_400 * NS)) <= 11


def test_numbers_are_written_for_people() -> None:
    assert percent_text(-0.12345) == f"{MINUS}12.35%"
    assert percent_text(-0.000001) == "0.00%"
    assert money_text(-1234.5, "EUR") == f"{MINUS}1,234.50 EUR"
    assert figure_text(1234567, "count", "USD") == "1,234,567"
    assert figure_text(2.25, "days", "USD") == "2.2 days"
    assert figure_text(12, "sessions", "USD") == "12 sessions"
    assert figure_text(-0.5, "ratio", "USD") == f"{MINUS}0.50"
    assert figure_text(5.0, "bps", "USD") == "5.00 bps"
    assert figure_text(None, "money", "USD") == "–"
    assert [short_number(x) for x in (9_500.0, 1.5e9, 12_500.0)] == ["9,500", "1.5B", "12.5k"]
