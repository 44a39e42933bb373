"""Numbers as people read them: thousands apart, two decimals, a true minus sign."""

from __future__ import annotations

from typing import Final

__all__ = [
    "MINUS",
    "MISSING",
    "change_text",
    "counted",
    "figure_text",
    "money_text",
    "percent_text",
    "short_number",
]

MINUS: Final = "\u2212"
MISSING: Final = "\u2013"


def _signed(text: str) -> str:
    """With U+2212 for the hyphen, and none before a number that rounds to zero."""
    if not text.startswith("-"):
        return text
    is_zero = not any(digit in text for digit in "123456789")
    return text[1:] if is_zero else MINUS + text[1:]


def percent_text(value: float, decimals: int = 2) -> str:
    """A fraction as percent.

    Examples
    --------
    >>> percent_text(0.12345), percent_text(12.5, 0)
    ('12.35%', '1,250%')
    """
    return _signed(f"{value * 100:,.{decimals}f}") + "%"


def money_text(value: float, currency: str, decimals: int = 2) -> str:
    """Money with its currency.

    Examples
    --------
    >>> money_text(1234567.891, "USD")
    '1,234,567.89 USD'
    """
    return f"{_signed(f'{value:,.{decimals}f}')} {currency}"


def short_number(value: float) -> str:
    """A round number of an axis, in at most five characters or so.

    Examples
    --------
    >>> short_number(100000.0), short_number(2500000.0), short_number(0.5), short_number(-20.0)
    ('100k', '2.5M', '0.5', '−20')
    """
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            unit = 1e3 if letter == "k" else size
            return _signed(f"{value / unit:,.6g}") + letter
    return _signed(f"{value:,.6g}")


def figure_text(value: float | int | None, unit: str, currency: str) -> str:
    """A metric's value in its unit; a dash where there is none.

    Examples
    --------
    >>> figure_text(0.1, "fraction", "USD"), figure_text(1234, "count", "USD")
    ('10.00%', '1,234')
    >>> figure_text(2.5, "per_year", "USD"), figure_text(None, "ratio", "USD")
    ('2.50 a year', '–')
    """
    if value is None:
        return MISSING
    if unit == "fraction":
        return percent_text(value)
    if unit == "money":
        return money_text(value, currency)
    if unit == "count":
        return _signed(f"{value:,}")
    if unit in ("days", "sessions", "bars"):
        number = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return f"{_signed(number)} {unit[:-1] if number == '1' else unit}"
    suffix = {"per_year": " a year", "bps": " bps"}.get(unit, "")
    return _signed(f"{value:,.2f}") + suffix


def change_text(value: float | int | None, unit: str, currency: str) -> str:
    """The difference of two figures; of fractions in percentage points.

    Examples
    --------
    >>> change_text(-0.0197, "fraction", "USD"), change_text(2, "count", "USD")
    ('−1.97 pp', '2')
    """
    if value is None or unit != "fraction":
        return figure_text(value, unit, currency)
    return f"{_signed(f'{value * 100:,.2f}')} pp"


def counted(n: int, what: str) -> str:
    """A number of things, one of them in the singular.

    Examples
    --------
    >>> counted(1, "margin call"), counted(1200, "fill")
    ('1 margin call', '1,200 fills')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"
