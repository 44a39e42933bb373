"""A YAML file of settings. YAML 1.2: 12:30 is text, duplicate keys are an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quant.errors import ConfigError
from quant.model.config import Config
from quant.model.parse import config_from

__all__ = ["read_config", "read_yaml"]


def read_config(path: str | None) -> Config:
    """The settings of a YAML file; all defaults without one.

    Raises
    ------
    ConfigError
        If the file is missing, no YAML, or holds an unknown or wrong setting.
    """
    if path is None:
        return Config()
    content = read_yaml(path, "settings", "--config")
    try:
        return config_from(content if content is not None else {})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def read_yaml(path: str, what: str, option: str) -> Any:
    """The content of a YAML (or JSON) file; ``what`` and ``option`` are for the message.

    Raises
    ------
    ConfigError
        If the file is missing or no YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"{path}: expected a YAML file of {what}, found none; correct {option}.")
    try:
        return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(
            f"{path}, line {line}: expected YAML, found {_found(error.problem)}; mend that line."
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected YAML, found {error}; mend the file.") from None
    except OSError as error:
        raise ConfigError(
            f"{path}: expected a readable file, found {error.strerror}; correct {option}."
        ) from None


def _found(problem: str | None) -> str:
    """What is wrong, without the reader's own "found"."""
    text = " ".join((problem or "something else").split())
    return text.rpartition("but found ")[2].removeprefix("found ")
