"""``quant fees``: the bundled fee schedules."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.table import Table

if TYPE_CHECKING:
    from quant.model.fees import FeeComponent, FeeTerms

__all__ = ["fees_app"]

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]

fees_app = App(name="fees", help="Look at the fee schedules of brokers, venues and regulators.")


@fees_app.command(name="list")
def fees_list(*, json: Json = False) -> int:
    """List the bundled fee schedules and what each charges."""
    from quant.cli.tables import console, print_json
    from quant.model.fee_files import bundled_names, bundled_schedule

    schedules = [bundled_schedule(name) for name in bundled_names()]
    if json:
        print_json(
            [{"name": one.name, "title": one.title, "about": one.about} for one in schedules]
        )
        return 0
    table = Table("schedule", "what it charges", box=None, padding=(0, 2))
    for one in schedules:
        table.add_row(one.name, f"{one.title}. {one.about}")
    console().print(table)
    return 0


@fees_app.command(name="show")
def fees_show(name: str, /, *, json: Json = False) -> int:
    """Show what a fee schedule charges, its sources, and what it leaves out.

    Parameters
    ----------
    name
        Name of a schedule.
    """
    from quant.cli.tables import console, print_json
    from quant.model.fee_files import bundled_schedule

    schedule = bundled_schedule(name)
    if json:
        print_json(
            {
                "name": schedule.name,
                "title": schedule.title,
                "venue": schedule.venue,
                "about": schedule.about,
                "currency": schedule.currency,
                "sources": [
                    {"title": one.title, "publisher": one.publisher, "date": one.date}
                    for one in schedule.sources
                ],
                "left_out": list(schedule.left_out),
                "unverified": list(schedule.unverified),
                "components": [part.to_mapping() for part in schedule.components],
            }
        )
        return 0
    out = console()
    out.print(f"{schedule.title}. {schedule.about}", highlight=False)
    money = schedule.currency or "the instrument's"
    out.print(f"Money is {money}.", highlight=False)
    for part in schedule.components:
        out.print()
        out.print(_head(part), highlight=False, markup=False)
        for terms in part.terms:
            out.print(f"  {_terms_words(terms)}", highlight=False, markup=False)
    out.print()
    for label, texts in (
        ("source", [f"{one.title} ({one.publisher}, {one.date})" for one in schedule.sources]),
        ("left out", schedule.left_out),
        ("not verified", schedule.unverified),
    ):
        for text in texts:
            out.print(f"{label}: {text}", highlight=False, markup=False)
    return 0


def _head(part: FeeComponent) -> str:
    """What a component is, in a line."""
    sides = {"both": "", "buy": ", purchases only", "sell": ", sales only"}
    kinds = {"both": "", "maker": ", maker only", "taker": ", taker only"}
    rounding = f", rounded up to {part.round_up:g}" if part.round_up else ""
    return f"{part.name} ({part.posted_as}{sides[part.side]}{kinds[part.liquidity]}{rounding})"


def _plain(value: float) -> str:
    """A number without an exponent."""
    return format(Decimal(repr(value)).normalize(), "f")


def _terms_words(terms: FeeTerms) -> str:
    """Amounts and dates of one set of terms."""
    found: dict[str, Any] = terms.to_mapping()
    dates = [f"{key} {found.pop(key)}" for key in ("since", "until") if key in found]
    tiers = found.pop("tiers", None)
    words = [f"{key} {_plain(value)}" for key, value in found.items()]
    if tiers is not None:
        of = "per_share" if "per_share" in tiers else "rate"
        steps = ", ".join(f"{_plain(value)} from {start:,.0f}" for start, value in tiers[of])
        how = "marginal" if tiers["marginal"] else "of the whole order"
        words.append(f"{of} by {tiers['by']} ({how}): {steps}")
    return f"{' '.join(dates)}{': ' if dates else ''}{', '.join(words) or 'nothing'}"
