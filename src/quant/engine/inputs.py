"""What users hand to a run, made ready: a strategy, settings, dates, bars."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from quant.calendars import known_calendars
from quant.errors import ConfigError, StrategyError
from quant.lake import Bars, DataOptions, load_bars
from quant.model.checks import choice
from quant.model.config import Config
from quant.model.parse import config_from, to_mapping
from quant.model.profiles import PROFILES
from quant.strategy.base import Strategy, parameters_of

__all__ = ["config_of", "day_of", "load_for", "strategy_of"]


def day_of(name: str, value: date | datetime | str | None) -> date | None:
    """A session label from what users write.

    Raises
    ------
    ConfigError
        If it is no date.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ConfigError(
            f"{name}: expected a date such as 2010-01-04, found {value!r}; correct it."
        ) from None


def strategy_of(strategy: Strategy | type[Strategy]) -> Strategy:
    """The strategy itself; a class is made with its default parameters.

    Raises
    ------
    StrategyError
        If a parameter has no default, or it is no strategy.
    """
    if isinstance(strategy, Strategy):
        return strategy
    if isinstance(strategy, type) and issubclass(strategy, Strategy):
        lacking = [n for n, p in parameters_of(strategy).items() if p.default is p.empty]
        if lacking:
            raise StrategyError(
                f"{strategy.__name__}: expected parameters with defaults, found none for "
                f"{', '.join(lacking)}; give an instance such as "
                f"{strategy.__name__}({lacking[0]}=...)."
            )
        return strategy()
    raise StrategyError(
        f"backtest: expected a Strategy class or instance, found {strategy!r}; "
        "write class My(qt.Strategy)."
    )


def config_of(config: Config | Mapping[str, Any] | None, seed: int | None) -> Config:
    """Settings from what users write; ``seed`` overrides theirs.

    Raises
    ------
    ConfigError
        If a setting is unknown, of the wrong type or out of range.
    """
    if isinstance(config, Config):
        given = config
    elif config is None:
        given = Config()
    elif isinstance(config, Mapping):
        given = config_from(config)
    else:
        raise ConfigError(
            f"config: expected a Config or a mapping, found {config!r}; {_instead(config)}."
        )
    if seed is None:
        return given
    return config_from({**to_mapping(given), "seed": seed})


def _instead(config: object) -> str:
    """What to write in place of something that is no settings."""
    if isinstance(config, str | Path) and str(config).endswith((".yaml", ".yml")):
        return f"a file is for the command line (--config {config}): read it with yaml.safe_load"
    if isinstance(config, str) and config in PROFILES:
        return f'write {{"profile": "{config}"}}'
    return 'write for example {"cash": 10000}'


def load_for(data: Any, config: Config, options: DataOptions | None = None) -> Bars:
    """Bars; the calendar and legal prices of the settings count for data not yet loaded.

    Raises
    ------
    ConfigError, DataError
        As `quant.lake.load_bars`.
    """
    choice("config calendar", config.calendar, ("auto", *known_calendars()))
    if isinstance(data, Bars):
        return data
    chosen = options or DataOptions()
    if chosen.calendar == "auto" and config.calendar != "auto":
        chosen = dataclasses.replace(chosen, calendar=config.calendar)
    legal = {s for s, one in config.instruments.items() if one.allow_nonpositive}
    if legal and not chosen.allow_nonpositive:
        named = ("*",) if "default" in legal else tuple(legal)
        chosen = dataclasses.replace(chosen, allow_nonpositive=named)
    return load_bars(data, chosen)
