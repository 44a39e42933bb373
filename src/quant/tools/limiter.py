"""How often tools may be called."""

from __future__ import annotations

from collections.abc import Callable

from quant.clock import monotonic
from quant.model.checks import number

__all__ = ["TokenBucket"]


class TokenBucket:
    """So many calls per second, and so many at once.

    The bucket holds at most ``burst`` tokens and gains ``rate`` per second; a call takes one.

    Parameters
    ----------
    rate : float
        Calls per second in the long run.
    burst : float
        Calls at once after a rest; at least 1.
    now : callable
        Seconds on a clock that never goes back.

    Examples
    --------
    >>> seconds = iter([0.0, 0.0, 0.0, 0.0, 0.5])
    >>> bucket = TokenBucket(rate=2.0, burst=2.0, now=lambda: next(seconds))
    >>> bucket.take(), bucket.take(), bucket.take(), bucket.take()
    (0.0, 0.0, 0.5, 0.0)
    """

    def __init__(
        self, rate: float = 10.0, burst: float = 20.0, now: Callable[[], float] = monotonic
    ) -> None:
        self._rate = number("rate limit", rate, above=0.0)
        self._burst = number("rate limit burst", burst, low=1.0)
        self._now = now
        self._tokens = self._burst
        self._last = now()

    def take(self) -> float:
        """Take a token: 0.0 if there was one, else the seconds until there is."""
        moment = self._now()
        self._tokens = min(self._burst, self._tokens + (moment - self._last) * self._rate)
        self._last = moment
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._rate
