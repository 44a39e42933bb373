"""Finding systems: in the user's folder first, then among those that come with quant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from quant.errors import ConfigError, nearest
from quant.systems.spec import System, Window, system_from
from quant.systems.yaml_file import read_yaml

__all__ = ["Shelf", "bundled_folder", "find_system", "find_window", "read_systems"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The systems that were found, and the files that could not be read.

    Attributes
    ----------
    systems : tuple of System
        In order of id. One in the user's folder hides a bundled one of the same id.
    problems : tuple of (Path, str)
        Files that are no system, with why.
    """

    systems: tuple[System, ...]
    problems: tuple[tuple[Path, str], ...]


def bundled_folder() -> Path:
    """Where the systems lie that come with quant."""
    return Path(__file__).parent / "bundled"


def read_systems(folder: str | Path = "systems") -> Shelf:
    """All systems of a folder and the bundled ones; a folder that is not there holds none.

    Raises
    ------
    ConfigError
        If a file stands where the folder should be.
    """
    found: dict[str, System] = {}
    problems: list[tuple[Path, str]] = []
    own = Path(folder)
    if own.exists() and not own.is_dir():
        raise ConfigError(
            f"{own}: expected a folder of systems, found a file; name the folder with --dir."
        )
    for place in (bundled_folder(), own):
        here: dict[str, System] = {}
        for path in _files(place):
            try:
                system = system_from(read_yaml(path, "a system", "correct --dir"), path)
                _check_once(system, here)
            except ConfigError as error:
                problems.append((path, str(error)))
                continue
            here[system.system_id] = system
        found |= here
    return Shelf(systems=tuple(found[one] for one in sorted(found)), problems=tuple(problems))


def _files(folder: Path) -> list[Path]:
    kinds = (".yaml", ".yml")
    try:
        paths = list(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise ConfigError(
            f"{folder}: expected a readable folder of systems, found {error.strerror}; choose "
            "another with --dir."
        ) from None
    return sorted(path for path in paths if path.suffix in kinds and path.is_file())


def _check_once(system: System, here: dict[str, System]) -> None:
    if system.system_id in here:
        raise ConfigError(
            f"{system.path}: expected a system_id of its own, found {system.system_id!r} as in "
            f"{here[system.system_id].path}; rename one."
        )


def find_system(system_id: str, folder: str | Path = "systems") -> System:
    """The system of that id.

    Raises
    ------
    ConfigError
        If there is none; the message names those there are and the nearest, or why the file of
        that name could not be read.
    """
    shelf = read_systems(folder)
    known = {system.system_id: system for system in shelf.systems}
    for path, why in shelf.problems:
        if path.stem == system_id and system_id not in known:
            raise ConfigError(why)
    if system_id not in known:
        n = len(shelf.problems)
        broken = f" {n} file{'' if n == 1 else 's'} could not be read." if n else ""
        raise ConfigError(
            f"system {system_id!r}: expected one of {', '.join(known)}, found none of that id in "
            f"{folder} and among the bundled ones; correct it.{nearest(system_id, known)}{broken}"
        )
    return known[system_id]


def find_window(system: System, name: str | None) -> Window:
    """A window of a system; without a name the only one.

    Raises
    ------
    ConfigError
        If there is none of that name, or no name and several windows.
    """
    known = system.windows
    if name is None:
        if len(known) == 1:
            return next(iter(known.values()))
        raise ConfigError(
            f"system {system.system_id}: expected --window with one of {', '.join(known)}, found "
            "none; add it."
        )
    if name not in known:
        raise ConfigError(
            f"system {system.system_id}: expected a window among {', '.join(known)}, found "
            f"{name!r}; correct it.{nearest(name, known)}"
        )
    return known[name]
