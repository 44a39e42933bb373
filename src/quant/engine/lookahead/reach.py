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
    *("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/bin", "/usr/local/lib"),
    *("/lib", "/lib32", "/lib64", "/bin", "/usr/share/zoneinfo", "/usr/share/locale"),
    *("/usr/share/ca-certificates", "/usr/share/fonts", "/usr/share/i18n"),
    *("/etc/localtime", "/etc/timezone", "/etc/ssl", "/etc/ld.so.cache", "/etc/ld.so.conf"),
    *("/etc/ld.so.conf.d", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/hosts"),
    *("/etc/mime.types", "/etc/os-release", "/etc/debian_version", "/etc/fonts"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems"),
    *("/proc/sys", "/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm"),
    *("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/tty"),
)
# In libraries too, a file of such a kind is data.
_DATA = frozenset(
    {
        *(".csv", ".tsv", ".parquet", ".feather", ".arrow", ".ipc", ".npy", ".npz", ".pkl"),
        *(".pickle", ".db", ".sqlite", ".sqlite3", ".h5", ".hdf5", ".xls", ".xlsx", ".duckdb"),
    }
)
_CODE = (".py", ".so", ".pyd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Files and folders that may be read, and those in them that may not.

    Attributes
    ----------
    allowed : tuple of Path
        The system and libraries; a folder stands for all that is in it. All paths are resolved.
    hidden : tuple of Path
        The strategy's own folder, which wins over `allowed`.
    modules : tuple of Path
        Source files of the strategy, which win over `hidden`.
    declared : tuple of Path
        What the user vouches for; it wins over all these.
    data : tuple of Path
        The run's data and the samples, which may never be read.
    """

    allowed: tuple[Path, ...]
    hidden: tuple[Path, ...]
    modules: tuple[Path, ...]
    declared: tuple[Path, ...]
    data: tuple[Path, ...]

    def permits(self, path: Path) -> bool:
        """Whether a file may be read."""
        if path.is_relative_to("/proc/self"):  # of the process that asks, not of this one
            return True
        place = path.resolve()
        if place in self.data:
            return False
        if any(place.is_relative_to(one) for one in self.declared):
            return True
        if place in self.modules:
            return True
        if any(place.is_relative_to(one) for one in self.hidden):
            return False
        is_data = place.suffix.lower() in _DATA
        return not is_data and any(place.is_relative_to(one) for one in self.allowed)

    def paths(self) -> list[Path]:
        """The same as paths to allow, for what can only allow."""
        found: list[Path] = []
        for root in self.allowed:
            found += trees_without(root, [*self.hidden, *self.data])
        for root in self.declared:
            found += trees_without(root, list(self.data))
        return [*found, *self.modules]


def reach_of(
    data: str | None,
    modules: Iterable[str],
    declared: Iterable[str | Path],
    strategy: str | None = None,
) -> Reach:
    """What a run on some data may read.

    Parameters
    ----------
    data : str or None
        Path of the run's data, if it came from a file.
    modules : iterable of str
        Files of the modules that the strategy imports.
    declared : iterable of path
        Further files and folders that the user vouches for.
    strategy : str, optional
        The strategy's file, if it is no part of a library: of its folder only modules may be read.
    """
    schemes = sysconfig.get_paths()
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    libraries = [Path(schemes[kind]) for kind in kinds]
    libraries += [Path(one) for one in site.getsitepackages()]
    libraries += [Path(one) for one in sys.path if "site-packages" in one or "dist-packages" in one]
    libraries += [Path(sys.base_prefix) / "lib", Path(sys.executable), Path(quant.__file__).parent]
    folders = {one.resolve() for one in (*libraries, cache_folder())}
    folders |= {Path(one) if one == "/proc/self" else Path(one).resolve() for one in _SYSTEM}
    hidden = [] if strategy is None else [Path(strategy).resolve().parent]
    never = [find_sample(name).path for name in sample_names()]
    if data is not None and Path(data).exists():
        never.append(Path(data))
    return Reach(
        allowed=tuple(sorted(one for one in folders if one.exists())),
        hidden=tuple(one for one in hidden if not _holds_libraries(one, folders)),
        modules=tuple(sorted({Path(m).resolve() for m in modules if m.endswith(_CODE)})),
        declared=tuple(Path(one).resolve() for one in declared),
        data=tuple(one.resolve() for one in never),
    )


def _holds_libraries(folder: Path, libraries: Iterable[Path]) -> bool:
    """Whether libraries lie below the strategy's folder, as in a project with its environment."""
    return any(one.is_relative_to(folder) for one in libraries)
