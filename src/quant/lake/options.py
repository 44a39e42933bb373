"""What a user may say about data that the data does not say about itself.

A file of prices leaves things open: the zone of its times, whether a stamp marks the beginning or
the end of a bar, which days the market trades. `DataOptions` holds these answers. It is checked
when it is made, so that a typing mistake is found before a long file is read, and it loads no frame
library.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from quant.calendars import known_calendars
from quant.errors import ConfigError, nearest

__all__ = ["CANONICAL", "DEFAULT_OPTIONS", "TIME_NAMES", "DataOptions", "parse_bar"]

TIME_NAMES: Final = ("ts", "time", "timestamp", "date", "datetime")
CANONICAL: Final = ("ts", "symbol", "open", "high", "low", "close", "volume")

_UNIT_NS: Final = {
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_COMMON_BARS: Final = ("1s", "1min", "5min", "15min", "30min", "1h", "4h", "1d")
_LONGER_UNITS: Final = {"m": "min", "t": "min", "hour": "h", "day": "d", "minute": "min"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """How to read bars: one answer per question that data may leave open.

    Attributes
    ----------
    tz : str, optional
        IANA zone of intraday times written without one, such as ``"America/New_York"``.
    ts_is : {"open", "close"}
        What an intraday stamp marks: the beginning of its bar or the end. Dates need no answer.
    bar : str, optional
        Length of a bar, such as ``"5min"`` or ``"1h"``, at most ``"1d"``. Without it the most
        common step between two bars of one symbol.
    calendar : str
        Name of the calendar the bars follow. ``"auto"``: XNYS if every date is a session there,
        24/7 if weekends occur, else weekdays.
    columns : mapping of str to str
        The input's column for a canonical name, such as ``{"close": "adj_close"}``. Canonical
        names are ts, symbol, open, high, low, close and volume.
    symbol : str, optional
        Name of a single series whose data has no symbol column.
    on_bad_rows : {"raise", "drop"}
        What to do with rows whose values cannot be true.
    allow_nonpositive : tuple of str
        Symbols whose prices may be zero or negative; ``"*"`` means all.

    Raises
    ------
    ConfigError
        If a value is not one of those above; the message names the nearest one.

    Examples
    --------
    >>> DataOptions(calendar="24/7", bar="1h").bar
    '1h'
    """

    tz: str | None = None
    ts_is: Literal["open", "close"] = "open"
    bar: str | None = None
    calendar: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)
    symbol: str | None = None
    on_bad_rows: Literal["raise", "drop"] = "raise"
    allow_nonpositive: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _one_of("ts_is", self.ts_is, ("open", "close"))
        _one_of("calendar", self.calendar, ("auto", *known_calendars()))
        _one_of("on_bad_rows", self.on_bad_rows, ("raise", "drop"))
        if self.tz is not None:
            _check_zone(self.tz)
        if self.bar is not None:
            parse_bar(self.bar)
        if self.symbol is not None and (not isinstance(self.symbol, str) or not self.symbol):
            raise ConfigError(
                f"Data option symbol: expected a name such as 'SPY', found {self.symbol!r}; give "
                "the series a name or leave the option out."
            )
        object.__setattr__(self, "columns", _checked_columns(self.columns))
        object.__setattr__(self, "allow_nonpositive", _checked_symbols(self.allow_nonpositive))


def parse_bar(text: str) -> int:
    """Length in nanoseconds of a bar written as a number and a unit: s, min, h or d.

    Raises
    ------
    ConfigError
        If the text is not such a length, is zero or is longer than a day.

    Examples
    --------
    >>> parse_bar("5min")
    300000000000
    """
    found = re.fullmatch(r"([0-9]{1,6})([a-z]+)", text) if isinstance(text, str) else None
    if found is not None and found[2] in _UNIT_NS:
        step_ns = int(found[1]) * _UNIT_NS[found[2]]
        if 0 < step_ns <= _UNIT_NS["d"]:
            return step_ns
    hint = nearest(str(text), _COMMON_BARS)
    if found is not None and found[2].removesuffix("s") in _LONGER_UNITS:
        hint = f" Did you mean '{found[1]}{_LONGER_UNITS[found[2].removesuffix('s')]}'?"
    raise ConfigError(
        "Data option bar: expected a whole number and one of s, min, h, d, at most '1d', such as "
        f"'5min', found {text!r}; write the length of one bar like that.{hint}"
    )


def _one_of(option: str, value: object, known: Iterable[str]) -> None:
    """Raise unless the value is one of the known words."""
    words = tuple(known)
    if value in words:
        return
    raise ConfigError(
        f"Data option {option}: expected one of {', '.join(map(repr, words))}, found {value!r}; "
        f"use one of these.{nearest(str(value), words)}"
    )


def _check_zone(tz: str) -> None:
    """Raise unless the text names a zone of the time-zone database."""
    try:
        zoneinfo.ZoneInfo(tz)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        known = sorted(zoneinfo.available_timezones())
        tails = {name.rpartition("/")[2]: name for name in reversed(known)}
        word = str(tz).replace(" ", "_")
        hint = f" Did you mean {tails[word]!r}?" if word in tails else nearest(str(tz), known)
        raise ConfigError(
            "Data option tz: expected an IANA time zone such as 'America/New_York' or 'UTC', "
            f"found {tz!r}; use the zone's full name.{hint}"
        ) from error


def _checked_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """The mapping with canonical names as keys; every name of the time column becomes ``ts``."""
    if not isinstance(columns, Mapping):
        raise ConfigError(
            "Data option columns: expected a mapping such as {'close': 'adj_close'}, found "
            f"{columns!r}; map each canonical name to a column of the data."
        )
    checked: dict[str, str] = {}
    for key, value in columns.items():
        name = "ts" if key in TIME_NAMES else key
        if name not in CANONICAL or not isinstance(value, str):
            raise ConfigError(
                f"Data option columns: expected one of {', '.join(CANONICAL)} mapped to a column "
                f"of the data, found {key!r} mapped to {value!r}; write canonical=column, such as "
                f"close=adj_close.{nearest(str(key), CANONICAL)}"
            )
        if name in checked:
            raise ConfigError(
                f"Data option columns: expected one column for {name!r}, found {checked[name]!r} "
                f"and {value!r}; keep one of them."
            )
        checked[name] = value
    return {name: checked[name] for name in CANONICAL if name in checked}


def _checked_symbols(symbols: Iterable[str]) -> tuple[str, ...]:
    """The symbols as a sorted tuple; a bare string is refused, because it would be letters."""
    if isinstance(symbols, str) or not isinstance(symbols, Iterable):
        raise ConfigError(
            "Data option allow_nonpositive: expected a tuple of symbols such as ('CL',), found "
            f"{symbols!r}; put the symbol into a tuple."
        )
    return tuple(sorted(map(str, symbols)))


DEFAULT_OPTIONS: Final = DataOptions()
