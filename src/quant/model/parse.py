"""Config from a mapping (YAML, JSON) and back, with every default written out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from quant.errors import ConfigError, nearest
from quant.model.checks import naming
from quant.model.config import (
    _SECTIONS,
    Config,
    InstrumentSettings,
)
from quant.model.currencies import Rate
from quant.model.fees import FeeComponent
from quant.model.flows import plain_flow
from quant.model.profiles import find_profile, merge_settings

__all__ = ["as_mapping", "check_keys", "config_from", "to_mapping"]


def _keys(kind: type) -> list[str]:
    return [f.name for f in dataclasses.fields(kind)]


def check_keys(where: str, given: Mapping[Any, Any], known: list[str]) -> None:
    """Raise ConfigError for the first key that is not known, naming the nearest."""
    for key in given:
        if key not in known:
            raise ConfigError(
                f"{where}: unknown setting {key!r}, expected {_one_of(known)}; "
                f"remove or correct it.{nearest(str(key), known)}"
            )


def _one_of(known: list[str]) -> str:
    return f"one of {', '.join(known)}" if known else "none"


def as_mapping(where: str, value: object) -> Mapping[Any, Any]:
    """Settings by name; none where nothing is written.

    Raises
    ------
    ConfigError
        If it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: expected settings by name, found {value!r}; write {{…}}.")
    return value


def _section(name: str, value: object, where: str) -> Any:
    """One section; its ``kind`` chooses the record."""
    kinds = _SECTIONS[name]
    if isinstance(value, kinds):
        return value
    given = dict(as_mapping(where, value))
    by_kind = {getattr(kind, "kind", ""): kind for kind in kinds}
    if len(kinds) == 1:
        record = kinds[0]
    else:
        word = given.pop("kind", next(iter(by_kind)))
        if not isinstance(word, str) or word not in by_kind:
            raise ConfigError(
                f"{where}.kind: expected one of {', '.join(by_kind)}, found {word!r}; "
                f"change it.{nearest(str(word), by_kind)}"
            )
        record = by_kind[word]
    check_keys(where, given, _keys(record))
    return record(**given)


def config_from(given: Mapping[str, Any]) -> Config:
    """A `Config` from nested mappings; what is not given keeps its default.

    The key ``profile`` names a set of settings to begin with; what is given besides wins.

    Raises
    ------
    ConfigError
        For an unknown key (naming the nearest), or a value of the wrong type or out of range.

    Examples
    --------
    >>> config_from({"cash": 5000, "commission": {"kind": "per_order", "per_order": 1}}).cash
    5000.0
    >>> config_from({"csh": 5000})
    Traceback (most recent call last):
    quant.errors.ConfigError: config: unknown setting 'csh', expected one of profile, cash, \
cash_flows, currency, account, margin_call, interest, borrow, currencies, conversion, execution, \
latency, commission, slippage, impact, risk, instruments, calendar, benchmark, risk_free, trades, \
seed; remove or correct it. Did you mean 'cash'?
    """
    top = dict(as_mapping("config", given))
    if "profile" in top:
        profile = find_profile(top.pop("profile"))
        top = merge_settings(profile.settings, top)
    check_keys("config", top, ["profile", *_keys(Config)])
    values: dict[str, Any] = {}
    for key, value in top.items():
        if key in _SECTIONS:
            values[key] = _section(key, value, f"config {key}")
        elif key == "instruments":
            values[key] = _instruments(value)
        elif key == "currencies":
            values[key] = _currencies(value)
        elif key == "cash_flows":
            values[key] = () if value is None else value
        else:
            values[key] = value
    return Config(**values)


def _currencies(value: object) -> dict[str, Rate]:
    result = {}
    for code, rate in as_mapping("config currencies", value).items():
        if isinstance(rate, Rate):
            result[str(code)] = rate
            continue
        where = f"config currencies.{code}"
        given = as_mapping(where, rate)
        check_keys(where, given, _keys(Rate))
        with naming("config currencies ", f"{where}."):
            result[str(code)] = Rate(**given)
    return result


def _instruments(value: object) -> dict[str, InstrumentSettings]:
    result = {}
    for symbol, settings in as_mapping("config instruments", value).items():
        if isinstance(settings, InstrumentSettings):
            result[str(symbol)] = settings
            continue
        where = f"config instruments.{symbol}"
        given = dict(as_mapping(where, settings))
        check_keys(where, given, _keys(InstrumentSettings))
        if given.get("commission") is not None:
            with naming("config commission", f"{where}.commission"):
                own = _section("commission", given["commission"], f"{where}.commission")
            given["commission"] = own
        with naming("config instruments ", f"{where}."):
            result[str(symbol)] = InstrumentSettings(**given)
    return result


def _plain(record: Any) -> dict[str, Any]:
    """A record as JSON types, its kind first."""
    kind = getattr(record, "kind", None)
    head = {"kind": kind} if kind else {}
    body = {name: _json(getattr(record, name)) for name in _keys(type(record))}
    return head | body


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if isinstance(value, FeeComponent):
        return value.to_mapping()
    if dataclasses.is_dataclass(value):
        return _plain(value)
    return value


def to_mapping(config: Config) -> dict[str, Any]:
    """The config as JSON types, every default written out; `config_from` reads it back.

    Examples
    --------
    >>> config_from(to_mapping(Config())) == Config()
    True
    """
    result: dict[str, Any] = {}
    for name in _keys(Config):
        value = getattr(config, name)
        if name in _SECTIONS:
            result[name] = _plain(value)
        elif name == "instruments":
            result[name] = {symbol: _plain(one) for symbol, one in sorted(value.items())}
        elif name == "currencies":
            result[name] = {code: _plain(one) for code, one in sorted(value.items())}
        elif name == "cash_flows":
            result[name] = [plain_flow(one) for one in value]
        else:
            result[name] = value
    return result
