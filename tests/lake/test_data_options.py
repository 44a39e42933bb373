"""Goal: wrong data options are refused with the nearest right word, before any data is read.

Method: each option is given one wrong value, and the parts of the message are compared; that the
module loads no frame library is seen in a fresh interpreter.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import pytest

from quant.errors import ConfigError
from quant.lake import DataOptions
from quant.lake.options import parse_bar


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"ts_is": "opn"}, ["option ts_is:", "'open', 'close'", "found 'opn'", "mean 'open'?"]),
        (
            {"calendar": "XNYX"},
            ["option calendar:", "'auto', 'XNYS', '24/7', 'weekdays'", "mean 'XNYS'?"],
        ),
        ({"on_bad_rows": "dorp"}, ["option on_bad_rows:", "'raise', 'drop'", "mean 'drop'?"]),
        ({"tz": "New York"}, ["option tz:", "IANA", "found 'New York'", "'America/New_York'?"]),
        ({"tz": "Europe/Berln"}, ["option tz:", "mean 'Europe/Berlin'?"]),
        ({"bar": "5m"}, ["option bar:", "found '5m'", "mean '5min'?"]),
        ({"bar": "0min"}, ["option bar:", "found '0min'"]),
        ({"bar": "2d"}, ["option bar:", "at most '1d'", "found '2d'"]),
        ({"columns": {"clse": "x"}}, ["option columns:", "'clse' mapped to 'x'", "mean 'close'?"]),
        ({"columns": "close=x"}, ["option columns:", "expected a mapping", "'close=x'"]),
        (
            {"columns": {"date": "a", "time": "b"}},
            ["option columns:", "one column for 'ts'", "'a' and 'b'"],
        ),
        ({"symbol": ""}, ["option symbol:", "found ''"]),
        ({"allow_nonpositive": "CL"}, ["option allow_nonpositive:", "tuple", "'CL'"]),
    ],
)
def test_a_wrong_option_names_what_was_expected(given: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        DataOptions(**given)
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15s", 15), ("1min", 60), ("4h", 14_400), ("1d", 86_400), ("24h", 86_400)],
)
def test_bar_lengths(text: str, seconds: int) -> None:
    assert parse_bar(text) == seconds * 1_000_000_000


def test_every_time_name_is_the_time_column() -> None:
    assert DataOptions(columns={"date": "Day", "close": "adj"}) == DataOptions(
        columns={"close": "adj", "ts": "Day"}
    )


def test_options_travel_between_processes() -> None:
    options = DataOptions(columns={"close": "adj"}, allow_nonpositive=("B", "A"), tz="UTC")
    assert pickle.loads(pickle.dumps(options)) == options
    assert options.allow_nonpositive == ("A", "B")
    assert hash(options) == hash(pickle.loads(pickle.dumps(options)))


def test_options_load_no_frame_library() -> None:
    code = (
        "import sys; import quant.lake.options; "
        "print(sorted({'polars', 'pandas', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
