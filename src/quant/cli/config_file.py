"""A YAML file of settings."""

from __future__ import annotations

from pathlib import Path

from quant.errors import ConfigError
from quant.model.config import Config
from quant.model.parse import config_from
from quant.systems.yaml_file import read_yaml

__all__ = ["read_config"]


def read_config(path: str | None) -> Config:
    """The settings of a YAML file; all defaults without one.

    Raises
    ------
    ConfigError
        If the file is missing, no YAML, or holds an unknown or wrong setting.
    """
    if path is None:
        return Config()
    content = read_yaml(Path(path), "a YAML file of settings", "correct --config")
    try:
        return config_from(content)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
