"""Account kinds: what an account may hold, and what it may owe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quant.model.checks import number, put

__all__ = ["Account", "CashAccount", "GrossLeverage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrossLeverage:
    """An account whose long and short exposure together may be ``k`` times its equity.

    Attributes
    ----------
    k : float
        Most |long| + |short| over equity. 1 means no borrowing.
    """

    kind: ClassVar[str] = "gross_leverage"
    k: float = 1.0

    def __post_init__(self) -> None:
        put(self, "k", number("config account.k", self.k, above=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class CashAccount:
    """An account that buys with the cash it has and never sells short. Settlement is immediate."""

    kind: ClassVar[str] = "cash"


Account = GrossLeverage | CashAccount
