"""The strategy's own code: its files, their hash, and the state of their repository."""

from __future__ import annotations

import hashlib
import inspect
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from quant.strategy.base import Strategy

__all__ = ["StrategySource", "source_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySource:
    """The files of a strategy.

    Attributes
    ----------
    name : str
        The class.
    main : str or None
        Name of the file that holds it, relative to ``root``; None for code typed into a console.
    files : dict of str to bytes
        The file and its local imports, by name relative to their folder.
    git_sha : str or None
        Commit of the repository the file is in.
    git_dirty : bool or None
        Whether that repository had changes.
    """

    name: str
    main: str | None
    files: dict[str, bytes]
    git_sha: str | None
    git_dirty: bool | None

    @property
    def code_hash(self) -> str:
        """SHA-256 over names and contents, in order of names."""
        digest = hashlib.sha256()
        for name in sorted(self.files):
            digest.update(f"{name}\0{len(self.files[name])}\0".encode())
            digest.update(self.files[name])
        return digest.hexdigest()


def _local_modules(root: Path, main: Path) -> list[Path]:
    """Imported files that lie under the strategy's own folder, itself first."""
    found = {main}
    # a home folder may hold the interpreter beside the strategies
    libraries = [Path(place).resolve() for place in sysconfig.get_paths().values()]
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").partition(".")[0] == "quant":
            continue
        name = getattr(module, "__file__", None)
        if not name or not name.endswith(".py"):
            continue
        path = Path(name).resolve()
        installed = "site-packages" in path.parts or any(map(path.is_relative_to, libraries))
        if path.is_relative_to(root) and not installed:
            found.add(path)
    return sorted(found)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def source_of(strategy: Strategy) -> StrategySource:
    """The files of the class of a strategy.

    Local imports are the modules loaded from the strategy's folder when the run is saved. A
    strategy that comes with quant, or from a console, has no files of its own.
    """
    kind = type(strategy)
    try:
        name = inspect.getsourcefile(kind)
    except (TypeError, OSError):  # typed into a console
        name = None
    if name is None or not Path(name).is_file():
        return StrategySource(name=kind.__name__, main=None, files={}, git_sha=None, git_dirty=None)
    main = Path(name).resolve()
    root = main.parent
    if kind.__module__.startswith("quant."):
        # a strategy that comes with quant: its version is the version of quant
        files = {main.name: main.read_bytes()}
        return StrategySource(
            name=kind.__name__, main=main.name, files=files, git_sha=None, git_dirty=None
        )
    files = {
        path.relative_to(root).as_posix(): path.read_bytes() for path in _local_modules(root, main)
    }
    sha = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain", "--", ".") if sha else None
    return StrategySource(
        name=kind.__name__,
        main=main.name,
        files=files,
        git_sha=sha,
        git_dirty=None if status is None else bool(status),
    )
