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
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["cache_folder", "cpu_name", "is_warm", "mark_warm", "prepare", "source_hash"]

# Compiled functions elsewhere keep their helpers in their own file, which numba watches itself.
_COMPILED_PACKAGES = ("kernel", "indicators")


@cache
def source_hash() -> str:
    """SHA-256 over every source file that holds compiled code, in the order of their names."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for package in _COMPILED_PACKAGES:
        for path in sorted((root / package).glob("*.py")):
            digest.update(f"{package}/{path.name}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def cpu_name() -> str:
    """A text that changes when compiled code made here would not fit there."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith(("model name", "flags")):
                    return platform.machine() + line
    except OSError:
        pass
    return platform.machine() + platform.processor()


def _base_folder() -> Path:
    """The first of the three places that can be written."""
    chosen = os.environ.get("QUANT_CACHE")
    if chosen:
        return Path(chosen)
    xdg = os.environ.get("XDG_CACHE_HOME")
    home = Path(xdg) if xdg else Path(os.path.expanduser("~")) / ".cache"
    base = home / "quant"
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / f"quant-cache-{os.getuid()}"
    return base if os.access(base, os.W_OK) else Path(tempfile.gettempdir()) / "quant-cache"


@cache
def cache_folder() -> Path:
    """The folder of this version of the compiled code on this machine."""
    python = ".".join(map(str, sys.version_info[:2]))
    key = "/".join((source_hash(), version("numba"), version("numpy"), python, cpu_name()))
    return _base_folder() / hashlib.sha256(key.encode()).hexdigest()[:20]


def is_warm() -> bool:
    """Whether this version has been compiled here before."""
    return (cache_folder() / "complete").exists()


def mark_warm() -> None:
    """Note that everything a run needs has been compiled."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "complete").touch()
    except OSError:
        return


def prepare() -> None:
    """Point numba at the folder. Works before and after numba has been imported."""
    folder = str(cache_folder())
    os.environ["NUMBA_CACHE_DIR"] = folder
    config = sys.modules.get("numba.core.config")
    if config is not None:
        config.CACHE_DIR = folder  # type: ignore[attr-defined]
