"""What a system is, checked, and how a mapping becomes one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from quant.engine.registry import is_path
from quant.errors import ConfigError
from quant.lake import DataOptions
from quant.model.config import Config
from quant.model.parse import as_mapping, check_keys, config_from
from quant.risk import policy_from

__all__ = ["System", "Window", "system_from"]

_OWN_KEYS: Final = (
    "system_id",
    "title",
    "description",
    "strategy",
    "params",
    "policy",
    "data",
    "costs",
    "windows",
)
_CONFIG_KEYS: Final = tuple(f.name for f in dataclasses.fields(Config))
_DATA_KEYS: Final = tuple(f.name for f in dataclasses.fields(DataOptions))
_COSTS: Final = ("commission", "slippage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A named period of a system.

    Attributes
    ----------
    name : str
    start, end : date or None
        Session labels, both inclusive; None: the data's first or last.
    params : mapping
        Parameters that differ from the system's in this window.
    """

    name: str
    start: date | None = None
    end: date | None = None
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> str:
        """The period in words."""
        return f"{self.start or 'first session'} to {self.end or 'last session'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A configured system.

    Attributes
    ----------
    system_id, title, description : str
    path : Path
        Its YAML file.
    strategy : str
        ``FILE.py[:Class]`` with a full path, or a registered name.
    params : mapping
        Parameters of the strategy.
    policy : mapping or None
        Risk policy of a signal strategy; None: the strategy's own.
    data : str
        A full path, or ``sample:NAME``.
    options : DataOptions
        How to read the data.
    config : Config
        Every other setting.
    windows : mapping of str to Window
        In the order of the file; never empty.
    """

    system_id: str
    title: str
    description: str
    path: Path
    strategy: str
    params: Mapping[str, Any]
    policy: Mapping[str, Any] | None
    data: str
    options: DataOptions
    config: Config
    windows: Mapping[str, Window]


def system_from(given: object, path: Path) -> System:
    """A system from the content of its YAML file.

    Raises
    ------
    ConfigError
        For an unknown key (naming the nearest), a missing one, or a wrong value; the file and the
        key are told.
    """
    try:
        return _system(given, path)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _system(given: object, path: Path) -> System:
    top = as_mapping("system", given)
    check_keys("system", top, [*_OWN_KEYS, *_CONFIG_KEYS])
    lacking = [key for key in ("system_id", "strategy", "data", "windows") if key not in top]
    if lacking:
        raise ConfigError(f"system: expected {lacking[0]}, found none; add it.")
    system_id = _text("system_id", top["system_id"])
    if re.fullmatch(r"[\w.-]+", system_id) is None:
        raise ConfigError(
            f"system_id: expected letters, digits, '_', '-' and '.', found {system_id!r}; "
            "rename it."
        )
    policy = top.get("policy")
    if policy is not None:
        policy_from(policy)
    data, options = _data(top["data"], path.parent)
    return System(
        system_id=system_id,
        title=_text("title", top.get("title", system_id)),
        description=_text("description", top.get("description", "")).strip(),
        path=path,
        strategy=_strategy(_text("strategy", top["strategy"]), path.parent),
        params=_params("params", top.get("params")),
        policy=policy,
        data=data,
        options=options,
        config=config_from(_settings(top)),
        windows=_windows(top["windows"]),
    )


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or (key != "description" and not value):
        raise ConfigError(f"{key}: expected text, found {value!r}; put it into quotes.")
    return value


def _settings(top: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the run; ``costs`` holds commission and slippage together."""
    settings = {key: top[key] for key in _CONFIG_KEYS if key in top}
    costs = as_mapping("costs", top.get("costs"))
    check_keys("costs", costs, list(_COSTS))
    twice = [key for key in costs if key in settings]
    if twice:
        raise ConfigError(
            f"costs.{twice[0]}: expected {twice[0]} once, found it at the top as well; keep one."
        )
    return settings | dict(costs)


def _strategy(spec: str, folder: Path) -> str:
    """A registered name as it is; a file by its full path."""
    if not is_path(spec):
        return spec
    head, colon, tail = spec.rpartition(":")
    file, kind = (head, f":{tail}") if colon and tail.isidentifier() and head else (spec, "")
    return f"{(folder / file).resolve()}{kind}"


def _data(given: object, folder: Path) -> tuple[str, DataOptions]:
    """Where the data is, and how to read it."""
    options: dict[Any, Any] = {}
    if not isinstance(given, str):
        options = dict(as_mapping("data", given))
        check_keys("data", options, ["path", *_DATA_KEYS])
        if "path" not in options:
            raise ConfigError("data.path: expected a file or sample:NAME, found none; add it.")
        given = options.pop("path")
    name = _text("data", given)
    place = name if name.startswith("sample:") else str((folder / name).resolve())
    return place, DataOptions(**options)


def _params(where: str, given: object) -> dict[str, Any]:
    values = dict(as_mapping(where, given))
    for name in values:
        if not isinstance(name, str):
            raise ConfigError(f"{where}: expected names as text, found {name!r}; correct it.")
    return values


def _windows(given: object) -> dict[str, Window]:
    windows = {}
    for name, value in as_mapping("windows", given).items():
        where = f"windows.{name}"
        if not isinstance(name, str):
            raise ConfigError(
                f"{where}: expected a name as text, found {name!r}; put it into quotes."
            )
        settings = as_mapping(where, value)
        check_keys(where, settings, ["start", "end", "params"])
        start = _day(f"{where}.start", settings.get("start"))
        end = _day(f"{where}.end", settings.get("end"))
        if start is not None and end is not None and end < start:
            raise ConfigError(
                f"{where}: expected end on or after start, found {start} and {end}; exchange them."
            )
        params = _params(f"{where}.params", settings.get("params"))
        windows[name] = Window(name=name, start=start, end=end, params=params)
    if not windows:
        raise ConfigError(
            "windows: expected at least one, found none; write for example "
            "windows: {full: {start: 2010-01-04, end: 2019-12-31}}."
        )
    return windows


def _day(where: str, value: object) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ConfigError(
            f"{where}: expected a date such as 2010-01-04, found {value!r}; correct it."
        ) from None
