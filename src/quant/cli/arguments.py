"""The options that commands share: which strategy on which data, and how to read the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from cyclopts import Parameter

from quant.errors import ConfigError

__all__ = [
    "AuditArguments",
    "DataArguments",
    "RunArguments",
    "SettingsArguments",
    "parse_columns",
    "parse_day",
]

Repeated = Annotated[list[str] | None, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class DataArguments:
    """How to read the data.

    Parameters
    ----------
    data
        A CSV or parquet file, or sample:NAME.
    tz
        Zone of intraday times without one, for example America/New_York.
    ts_is
        What intraday stamps mark: open or close.
    bar
        Bar length such as 1min, 1h or 1d; else inferred.
    calendar
        auto, XNYS, 24/7 or weekdays.
    columns
        Column mapping such as close=adj_close; may be given several times.
    symbol
        Name of a single series without a symbol column.
    on_bad_rows
        raise or drop.
    """

    data: str
    tz: str | None = None
    ts_is: str = "open"
    bar: str | None = None
    calendar: str = "auto"
    columns: Repeated = None
    symbol: str | None = None
    on_bad_rows: str = "raise"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsArguments:
    """What to run with.

    Parameters
    ----------
    start
        First session (YYYY-MM-DD); earlier rows only feed indicators.
    config
        A YAML file of settings.
    profile
        A named set of settings below those of the file (quant profiles list).
    param
        A parameter of the strategy, name=value; may be given several times.
    seed
        Seed of ctx.random.
    """

    start: str | None = None
    config: str | None = None
    profile: str | None = None
    param: Repeated = None
    seed: int | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class RunArguments(SettingsArguments):
    """What to run with, and until when.

    Parameters
    ----------
    end
        Last session, inclusive.
    """

    end: str | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class AuditArguments:
    """What the user vouches for in an audit.

    Parameters
    ----------
    known
        A column beyond OHLCV whose values were known at their row's time; may be given several
        times.
    declare
        A file or folder that the strategy may read; may be given several times.
    """

    known: Repeated = None
    declare: Repeated = None


def parse_day(option: str, text: str | None) -> date | None:
    """A date of the command line."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option}: expected a date such as 2010-01-04, found {text!r}; correct it."
        ) from None


def parse_columns(pairs: list[str] | None) -> dict[str, str]:
    """``close=adj_close`` pairs."""
    found = {}
    for pair in ",".join(pairs).split(",") if pairs else []:
        name, equals, column = pair.partition("=")
        if not equals or not name or not column:
            raise ConfigError(
                f"--columns {pair}: expected name=column such as close=adj_close; correct it."
            )
        found[name.strip()] = column.strip()
    return found
