"""Ctrl-C during a run and during its saving: neither costs what was simulated."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["holding_back_interrupts", "noticing_interrupts"]


@contextmanager
def noticing_interrupts() -> Iterator[list[int]]:
    """Ctrl-C raises as ever, and is also written down.

    Raised at the very entry of a function that compiled code calls, it would be lost there: the
    loop stops, and this list says why.
    """
    seen: list[int] = []

    def notice(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    with _handling(notice):
        yield seen


@contextmanager
def holding_back_interrupts() -> Iterator[list[int]]:
    """A first Ctrl-C is only written down, to be raised afterwards; a second one raises at once."""
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)
        if len(held) > 1:
            signal.default_int_handler(number, frame)

    with _handling(hold):
        yield held


@contextmanager
def _handling(handler: signal._HANDLER) -> Iterator[None]:
    """``handler`` in place of Python's own; a program that has another one keeps it."""
    usual = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if usual is not signal.default_int_handler or not is_main:
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
