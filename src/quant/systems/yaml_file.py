"""Reading one YAML file. YAML 1.2: 12:30 is text, duplicate keys are an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quant.errors import ConfigError

__all__ = ["read_yaml"]


def read_yaml(path: Path, wanted: str, action: str) -> Any:
    """The content of a YAML file; an empty mapping for an empty file.

    Parameters
    ----------
    path : Path
    wanted : str
        What the file should be, for the message if there is none.
    action : str
        What to do then.

    Raises
    ------
    ConfigError
        If the file is missing, unreadable or no YAML; the line is told.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if not path.is_file():
        raise ConfigError(f"{path}: expected {wanted}, found none; {action}.")
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(
            f"{path}, line {line}: expected YAML, found {_found(error.problem)}; mend that line."
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected YAML, found {error}; mend the file.") from None
    except OSError as error:
        raise ConfigError(
            f"{path}: expected a readable file, found {error.strerror}; {action}."
        ) from None
    return {} if content is None else content


def _found(problem: str | None) -> str:
    """What is wrong, without the reader's own "found"."""
    text = " ".join((problem or "something else").split())
    return text.rpartition("but found ")[2].removeprefix("found ")
