"""From the options of a command to settings and bars."""

from __future__ import annotations

import sys
from datetime import date

from quant.cli.arguments import DataArguments, SettingsArguments, parse_columns
from quant.cli.config_file import read_config
from quant.engine.assumptions import data_warnings
from quant.engine.inputs import load_for
from quant.engine.timeline import period_of
from quant.lake import Bars, DataOptions
from quant.model.config import Config
from quant.model.parse import config_from, to_mapping

__all__ = ["bars_of", "settings_of"]


def settings_of(run: SettingsArguments) -> Config:
    """The settings file, with the profile and the seed of the command line."""
    config = read_config(run.config, run.profile)
    if run.seed is not None:
        config = config_from({**to_mapping(config), "seed": run.seed})
    return config


def bars_of(data: DataArguments, config: Config, dates: tuple[date | None, date | None]) -> Bars:
    """The bars of the command line; what is odd about those dates goes to standard error."""
    options = DataOptions(
        tz=data.tz,
        ts_is=data.ts_is,  # type: ignore[arg-type]
        bar=data.bar,
        calendar=data.calendar,
        columns=parse_columns(data.columns),
        symbol=data.symbol,
        on_bad_rows=data.on_bad_rows,  # type: ignore[arg-type]
    )
    bars = load_for(data.data, config, options)
    for warning in data_warnings(bars, period_of(bars, *dates), config):
        print(f"quant: warning: {warning}", file=sys.stderr)
    return bars
