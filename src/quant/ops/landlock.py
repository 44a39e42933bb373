"""Whether the kernel of the operating system can confine a process to named files."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

__all__ = ["landlock_abi"]

# The number of landlock_create_ruleset is the same on every architecture of Linux, and with flag 1
# it tells the version instead of making anything (man 2 landlock_create_ruleset).
_CREATE_RULESET: Final = 444
_TELL_VERSION: Final = 1


def landlock_abi() -> int:
    """Version of Landlock's interface; 0 where there is none.

    Examples
    --------
    >>> landlock_abi() >= 0
    True
    """
    if sys.platform != "linux":
        return 0
    said = ctypes.CDLL(None, use_errno=True).syscall(
        ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(_TELL_VERSION)
    )
    return max(int(said), 0)
