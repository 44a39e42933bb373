"""Shuts a process into the files it may read, by Linux's Landlock and seccomp.

Python's own audit hooks see what Python opens, not what compiled readers (of parquet, say) open.
Landlock stops both: once confined, a process and its children can read only what was named and
write only to its scratch folder, for good. A seccomp filter refuses sockets of every family, shared
memory of the old kind and io_uring, which Landlock does not reach. Pairs of connected sockets, as
event loops use them, still work.

Source: the kernel's documentation of Landlock, system calls 444 to 446, ABI versions 1 to 7, and of
seccomp filters (read 2026-11). Listings and the metadata of files are restricted by neither.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["confine", "die_with_parent", "landlock_abi", "trees_without"]

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1  # flag of the first call: ask for the ABI version
_PATH_BENEATH: Final = 1
# Options of prctl.
_PARENT_DEATH_SIGNAL: Final = 1
_SECCOMP: Final = 22
_NO_NEW_PRIVS: Final = 38

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


# Per machine: its audit architecture, and the numbers of socket, shmget, msgget, io_uring_setup.
_REFUSED: Final = {
    "x86_64": (0xC000003E, (41, 29, 68, 425)),
    "aarch64": (0xC00000B7, (198, 194, 186, 425)),
}
_ERRNO: Final = 0x00050000
_ALLOW: Final = 0x7FFF0000
_X32: Final = 0x40000000


class _Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction))]


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
        _allow(ruleset, Path("/dev/null"), handled)
        if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
            return False
        return _refuse_calls(libc)
    finally:
        os.close(ruleset)


def _refuse_calls(libc: ctypes.CDLL) -> bool:
    """Answer "permission denied" to the system calls of `_REFUSED`; False where none are known."""
    known = _REFUSED.get(os.uname().machine)
    if known is None:
        return False
    machine, numbers = known
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    refuse = len(numbers) + 1
    steps = [
        (load, 0, 0, 4),  # the machine
        (equal, 0, refuse + 2, machine),
        (load, 0, 0, 0),  # the number of the call
        (at_least, refuse, 0, _X32),
        *((equal, refuse - 1 - i, 0, number) for i, number in enumerate(numbers)),
        (give, 0, 0, _ALLOW),
        (give, 0, 0, _ERRNO | 13),
    ]
    array = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), array)
    return int(libc.prctl(_SECCOMP, 2, ctypes.byref(program), 0, 0)) == 0


def die_with_parent() -> None:
    """Ask to be killed when the process that started this one ends, however it ends."""
    if hasattr(os, "uname") and os.uname().sysname == "Linux":
        _libc().prctl(_PARENT_DEATH_SIGNAL, 9, 0, 0, 0)


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
