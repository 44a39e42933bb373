"""The only file that reads the time of the machine.

A simulation's time comes from its data. The wall clock is used for two things only: the stamp of a
run folder and the pace of progress bars. Neither reaches a result.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["cpu_seconds", "monotonic", "utc_now"]


def utc_now() -> datetime:
    """The present moment, with its time zone, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never goes back; only differences mean anything."""
    return time.monotonic()


def cpu_seconds() -> float:
    """Seconds of processor time this process has used."""
    return time.process_time()
