"""A YAML file of settings."""

from __future__ import annotations

from pathlib import Path

from quant.errors import ConfigError
from quant.model.config import Config
from quant.model.parse import as_mapping, config_from
from quant.model.profiles import find_profile
from quant.systems.yaml_file import read_yaml

__all__ = ["read_config"]


def read_config(path: str | None, profile: str | None = None) -> Config:
    """The settings of a YAML file over those of a profile; all defaults without either.

    A profile given here takes the place of one that the file names.

    Raises
    ------
    ConfigError
        If the file is missing, no YAML, or holds an unknown or wrong setting.
    """
    own = {} if profile is None else {"profile": find_profile(profile).name}
    if path is None:
        return config_from(own)
    content = read_yaml(Path(path), "a YAML file of settings", "correct --config")
    try:
        return config_from({**as_mapping("config", content), **own})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
