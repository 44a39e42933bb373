"""What an audited strategy may read: the interpreter, libraries, its own source, declared files.

The run's own data and the samples that come with quant are not among them, wherever they lie: what
a strategy knows of prices is to come from ``ctx``.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import quant
from quant.engine.lookahead.confine import trees_without
from quant.kernel.cache import cache_folder
from quant.lake import find_sample, sample_names

__all__ = ["Reach", "reach_of"]

_SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/opt/homebrew",
    "/etc",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/filesystems",
    "/proc/sys",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/dev/random",
    "/dev/tty",
    "/dev/pts",
    "/dev/shm",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Files and folders that may be read, and those in them that may not.

    Attributes
    ----------
    allowed : tuple of Path
        Resolved; a folder stands for all that is in it.
    hidden : tuple of Path
        Resolved; they win over `allowed`.
    declared : tuple of Path
        What the user has declared; they win over both.
    """

    allowed: tuple[Path, ...]
    hidden: tuple[Path, ...]
    declared: tuple[Path, ...]

    def permits(self, path: Path) -> bool:
        """Whether a file may be read."""
        place = path.resolve()
        if any(place.is_relative_to(one) for one in self.declared):
            return True
        if any(place.is_relative_to(one) for one in self.hidden):
            return False
        return any(place.is_relative_to(one) for one in self.allowed)

    def paths(self) -> list[Path]:
        """The same as paths to allow, for what can only allow."""
        found: list[Path] = []
        for root in self.allowed:
            found += trees_without(root, list(self.hidden))
        return [*found, *self.declared]


def reach_of(data: str | None, modules: Iterable[str], declared: Iterable[str | Path]) -> Reach:
    """What a run on some data may read.

    Parameters
    ----------
    data : str or None
        Path of the run's data, if it came from a file.
    modules : iterable of str
        Files of the modules that the strategy imports.
    declared : iterable of path
        Further files and folders that the user vouches for.
    """
    libraries = [Path(one) for one in sysconfig.get_paths().values()]
    libraries += [Path(one) for one in site.getsitepackages()]
    libraries += [Path(one) for one in sys.path if "site-packages" in one or "dist-packages" in one]
    roots = [Path(one) for one in _SYSTEM if Path(one).exists()]
    own = Path(quant.__file__).parent
    prefixes = [Path(sys.base_prefix) / "lib", Path(sys.base_prefix) / "bin", Path(sys.executable)]
    folders = {one.resolve() for one in (*roots, *libraries, *prefixes, own, cache_folder())}
    files = {Path(name).resolve() for name in modules}
    # the processes of now are others than those to come
    folders = {
        Path("/proc/self") if one.parent == Path("/proc") and one.name.isdigit() else one
        for one in folders
    }
    hidden = [find_sample(name).path for name in sample_names()]
    if data is not None and Path(data).exists():
        hidden.append(Path(data))
    return Reach(
        allowed=tuple(sorted(folders | files)),
        hidden=tuple(one.resolve() for one in hidden),
        declared=tuple(Path(one).resolve() for one in declared),
    )
