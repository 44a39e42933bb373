"""Shuts a process into the files it may read, by Linux's Landlock.

Python's own audit hooks see what Python opens, not what compiled readers (of parquet, say) open.
Landlock stops both: once confined, a process and its children can read only what was named, write
only to its scratch folder and make no TCP connection, for good.

Source: the kernel's documentation of Landlock, system calls 444 to 446, ABI versions 1 to 7
(read 2026-11). File listings and the metadata of files are not restricted by it.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["confine", "landlock_abi", "trees_without"]

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1  # flag of the first call: ask for the ABI version
_PATH_BENEATH: Final = 1
_NO_NEW_PRIVS: Final = 38  # of prctl

# Access rights to files, by their bits.
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_REMOVE_DIR: Final = 1 << 4
_REMOVE_FILE: Final = 1 << 5
_MAKE: Final = sum(1 << bit for bit in range(6, 13))
_REFER: Final = 1 << 13  # from ABI 2
_TRUNCATE: Final = 1 << 14  # from ABI 3
_TCP: Final = 0b11  # bind and connect, from ABI 4
_ON_FILES: Final = _READ_FILE | _WRITE_FILE | _TRUNCATE


class _RulesetAttributes(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64)]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("access", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def landlock_abi() -> int:
    """The version of Landlock that this kernel offers; 0 where there is none.

    Examples
    --------
    >>> landlock_abi() >= 0
    True
    """
    if not hasattr(os, "uname") or os.uname().sysname != "Linux":
        return 0
    found = int(_libc().syscall(_CREATE_RULESET, None, 0, _VERSION))
    return max(found, 0)


def confine(readable: Iterable[Path], scratch: Path) -> bool:
    """Let this process read only what is named, from now on; False if the kernel cannot.

    Parameters
    ----------
    readable : iterable of Path
        Files, and folders with all that is in them. Paths that do not exist are passed over.
    scratch : Path
        A folder that may be read and written.

    Notes
    -----
    The process must have one thread: threads that exist already would stay free.
    """
    abi = landlock_abi()
    if abi == 0 or _n_threads() != 1:
        return False
    handled = _READ_FILE | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE
    handled |= (_REFER if abi >= 2 else 0) | (_TRUNCATE if abi >= 3 else 0)
    wanted = _RulesetAttributes(handled, _TCP if abi >= 4 else 0)
    size = ctypes.sizeof(wanted) if abi >= 4 else 8
    libc = _libc()
    ruleset = int(libc.syscall(_CREATE_RULESET, ctypes.byref(wanted), size, 0))
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow(ruleset, path, _READ_FILE)
        _allow(ruleset, scratch, handled)
        for device in ("/dev/null", "/dev/shm"):
            _allow(ruleset, Path(device), handled)
        if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return int(libc.syscall(_RESTRICT_SELF, ruleset, 0)) == 0
    finally:
        os.close(ruleset)


def trees_without(root: Path, hidden: list[Path]) -> list[Path]:
    """A folder as paths to allow, so that some files or folders in it are left out.

    Landlock only ever allows: to hide one folder, all its siblings are named instead.

    Examples
    --------
    >>> trees_without(Path("/usr"), [Path("/data/prices.csv")])
    [PosixPath('/usr')]
    """
    if not any(one.is_relative_to(root) for one in hidden):
        return [root]
    if root in hidden or not root.is_dir():
        return []
    found = []
    for child in sorted(root.iterdir()):
        found += trees_without(child, hidden)
    return found


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _n_threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _allow(ruleset: int, path: Path, access: int) -> None:
    """Add a rule for a path and what lies beneath it; nothing if it cannot be opened."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            access &= _ON_FILES
        rule = _PathRule(access, place)
        _libc().syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)
