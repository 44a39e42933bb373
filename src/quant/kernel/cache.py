"""Where compiled code is kept, decided before numba is imported.

numba's own disk cache does not notice an edited helper in another file, so the folder is named by a
hash of all compiled sources, numba's version and the processor. Old folders are simply never read.

The place is ``$QUANT_CACHE`` if set, else ``$XDG_CACHE_HOME/quant`` (``~/.cache/quant``), else a
folder under the system's temporary directory when the home directory cannot be written.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = [
    "cache_folder",
    "cpu_name",
    "installation",
    "is_warm",
    "mark_warm",
    "prepare",
    "source_hash",
]

# Compiled functions elsewhere keep their helpers in their own file, which numba watches itself.
_COMPILED_PACKAGES = ("kernel", "indicators")

_ROOT = Path(__file__).resolve().parent.parent


def _sources(root: Path) -> list[Path]:
    """Every source file that holds compiled code, in the order of packages and names."""
    return [path for one in _COMPILED_PACKAGES for path in sorted((root / one).glob("*.py"))]


@cache
def source_hash() -> str:
    """SHA-256 over the names and contents of all compiled sources."""
    digest = hashlib.sha256()
    for path in _sources(_ROOT):
        digest.update(f"{path.parent.name}/{path.name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def installation(root: Path = _ROOT) -> str:
    """A short name of one copy of quant on this machine.

    numba looks for a function's machine code by the path of its file and the time of its last
    change: a second copy, or the same one installed anew, is compiled again.
    """
    digest = hashlib.sha256(os.fsencode(root))
    for path in _sources(root):
        digest.update(f"{path.name} {path.stat().st_mtime_ns}\0".encode())
    return digest.hexdigest()[:12]


def cpu_name() -> str:
    """A text that changes when compiled code made here would not fit there."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith(("model name", "flags")):
                return platform.machine() + line
    return platform.machine() + platform.processor()


def _base_folder() -> Path:
    """The first of the three places that can be written."""
    chosen = os.environ.get("QUANT_CACHE")
    if chosen:
        return Path(chosen)
    xdg = os.environ.get("XDG_CACHE_HOME")
    home = Path(xdg) if xdg else Path(os.path.expanduser("~")) / ".cache"
    base = home / "quant"
    with suppress(OSError):
        base.mkdir(parents=True, exist_ok=True)
    if os.access(base, os.W_OK):
        return base
    return Path(tempfile.gettempdir()) / f"quant-cache-{os.getuid()}"


@cache
def cache_folder() -> Path:
    """The folder of this version of the compiled code on this machine."""
    python = ".".join(map(str, sys.version_info[:2]))
    key = "/".join((source_hash(), version("numba"), version("numpy"), python, cpu_name()))
    return _base_folder() / hashlib.sha256(key.encode()).hexdigest()[:20]


def _warm_mark() -> Path:
    return cache_folder() / f"complete-{installation()}"


def is_warm() -> bool:
    """Whether this copy of this version has been compiled before."""
    return _warm_mark().exists()


def mark_warm() -> None:
    """Note that everything a run needs has been compiled."""
    mark = _warm_mark()
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:  # nowhere to keep it: the next run compiles, and says so, again
        return


def prepare() -> None:
    """Point numba at the folder. Works before and after numba has been imported."""
    folder = str(cache_folder())
    os.environ["NUMBA_CACHE_DIR"] = folder
    config = sys.modules.get("numba.core.config")
    if config is not None:
        config.CACHE_DIR = folder  # type: ignore[attr-defined]
