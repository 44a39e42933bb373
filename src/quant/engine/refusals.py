"""A refusal in words: which limit it was, and the figures of it."""

from __future__ import annotations

import math
from typing import Any

from quant.kernel.codes import REASON, names

__all__ = ["MONEY_RULE_OF", "RULE_OF", "refusal_figures"]

# The rule of a limit by the reason that names it.
RULE_OF = {
    code: text.removeprefix("risk_")
    for code, text in names(REASON).items()
    if text.startswith("risk_")
}
# The rules of the account, which have no limit in the settings: what it can pay, borrow and take.
MONEY_RULE_OF = {
    REASON.INSUFFICIENT_FUNDS: "insufficient_funds",
    REASON.NO_BORROW: "no_borrow",
    REASON.OVER_CAP: "over_cap",
}


def refusal_figures(report: Any) -> dict[str, Any]:
    """What a report says besides its reason: needed and available; rule, limit and value.

    A limit's report carries what was found and the limit where one for money carries both figures.
    """
    rule = RULE_OF.get(int(report["reason"]), "")
    needed, available = float(report["needed"]), float(report["available"])
    if rule:
        return {"needed": 0.0, "available": 0.0, "rule": rule, "limit": available, "value": needed}
    no = math.nan
    return {"needed": needed, "available": available, "rule": "", "limit": no, "value": no}
