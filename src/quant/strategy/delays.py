"""How long each message is under way."""

from __future__ import annotations

from quant.kernel.rng import exponential, uniform
from quant.model.config import ExponentialLatency, Latency, UniformLatency
from quant.seeds import derive_key

__all__ = ["Delays"]


class Delays:
    """Delays in nanoseconds, drawn by message where they are random.

    Each kind of message has a stream of its own, keyed by the seed; the message's number is the
    counter, so that one message more or less moves no other's delay.

    Examples
    --------
    >>> from quant.model.config import ConstantLatency
    >>> Delays(ConstantLatency(submit_ns=5), seed=1).submit(0)
    5
    """

    def __init__(self, latency: Latency, seed: int) -> None:
        self._latency = latency
        self._keys = {
            name: derive_key(seed, f"latency.{name}")
            for name in ("submit", "amend", "cancel", "report")
        }
        # whether orders and requests can be overtaken by what happens meanwhile
        self.is_any = latency.submit_ns > 0 or latency.cancel_ns > 0
        self.reports = latency.report_ns > 0

    def _draw(self, name: str, mean: int, number: int) -> int:
        if isinstance(self._latency, UniformLatency):
            low = 1.0 - self._latency.spread
            share = low + 2.0 * self._latency.spread * uniform(self._keys[name], number)
        elif isinstance(self._latency, ExponentialLatency):
            share = exponential(self._keys[name], number)
        else:
            return mean
        return round(mean * share)

    def submit(self, number: int) -> int:
        """From decision to venue, of order ``number``."""
        return self._draw("submit", self._latency.submit_ns, number)

    def amend(self, number: int) -> int:
        """From decision to venue, of amendment ``number``."""
        return self._draw("amend", self._latency.amend_ns, number)

    def cancel(self, number: int) -> int:
        """From decision to venue, of the cancel of order ``number``."""
        return self._draw("cancel", self._latency.cancel_ns, number)

    def report(self, number: int) -> int:
        """From venue to strategy, of report ``number``."""
        return self._draw("report", self._latency.report_ns, number)
