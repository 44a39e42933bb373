"""Fee schedules as files: those bundled with the program, and a user's own.

A file is TOML: what it is (``title``, ``venue``, ``about``), the ``currency`` of its amounts, which
must be that of the instruments it charges, where the figures come from (``sources``: title,
publisher and date of a document), what it leaves out (``left_out``), other bundled schedules it
contains (``include``), and ``components``. A figure may say whether it was ``verified``, and
``why`` not.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from quant.errors import ConfigError, nearest
from quant.model.fees import FeeComponent, check_components, check_fee_currency

__all__ = ["FeeSchedule", "FeeSource", "bundled_names", "bundled_schedule", "read_schedule"]

_FOLDER: Final = Path(__file__).parent / "fee_schedules"
_KEYS: Final = (
    *("title", "venue", "about", "currency", "sources", "left_out", "include", "components"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSource:
    """A document that figures were taken from.

    Attributes
    ----------
    title, publisher : str
    date : str
        Of the document, or as of which it was read.
    """

    title: str
    publisher: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSchedule:
    """A file of fees.

    Attributes
    ----------
    name : str
        As in ``commission: {kind: schedule, name: …}``; of a user's file its stem.
    title, venue, about : str
    currency : str or None
        Of its amounts; None where it has none, or does not say.
    sources : tuple of FeeSource
    left_out : tuple of str
        What the venue charges besides, and what is simplified.
    unverified : tuple of str
        Figures that were not seen in a document of their publisher, each with why.
    components : tuple of FeeComponent
    """

    name: str
    title: str
    venue: str
    about: str
    currency: str | None
    sources: tuple[FeeSource, ...]
    left_out: tuple[str, ...]
    unverified: tuple[str, ...]
    components: tuple[FeeComponent, ...]


@cache
def bundled_names() -> tuple[str, ...]:
    """Names of the bundled schedules, sorted.

    Examples
    --------
    >>> "ibkr_us_stocks_tiered" in bundled_names()
    True
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def bundled_schedule(name: str) -> FeeSchedule:
    """A bundled schedule.

    Raises
    ------
    ConfigError
        For a name that is not one of `bundled_names`.

    Examples
    --------
    >>> bundled_schedule("us_regulatory").currency
    'USD'
    """
    if name not in bundled_names():
        raise ConfigError(
            f"config commission.name: expected one of {', '.join(bundled_names())}, found "
            f"{name!r}; see quant fees list.{nearest(str(name), bundled_names())}"
        )
    return read_schedule(_FOLDER / f"{name}.toml")


def read_schedule(path: str | Path) -> FeeSchedule:
    """A schedule from a TOML file.

    Parameters
    ----------
    path : str or Path
        Relative to the working directory.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, or its components contradict themselves.
    """
    where = f"config commission.file {path}"
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{where}: expected a file that can be read, found {error.strerror or error}; "
            "correct the path."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: expected TOML, found {error}; mend the file.") from None
    for key in given:
        if key not in _KEYS:
            raise ConfigError(
                f"{where}: unknown setting {key!r}, expected one of {', '.join(_KEYS)}; remove or "
                f"correct it.{nearest(key, _KEYS)}"
            )
    included = [bundled_schedule(name) for name in given.get("include", [])]
    own = given.get("components", [])
    try:
        parts = [FeeComponent.from_mapping(one) for one in own]
    except ConfigError as error:
        raise ConfigError(str(error).replace("config commission", where, 1)) from None
    components = (*parts, *(part for one in included for part in one.components))
    if not components:
        raise ConfigError(f"{where}: expected components, found none; add [[components]].")
    check_components(where, components)
    return FeeSchedule(
        name=Path(path).stem,
        **{key: str(given.get(key, "")) for key in ("title", "venue", "about")},
        currency=_currency(where, given, included),
        sources=(*_sources(given), *(source for one in included for source in one.sources)),
        left_out=(*given.get("left_out", ()), *(text for one in included for text in one.left_out)),
        unverified=(
            *(text for one in own for text in _unverified(one)),
            *(text for one in included for text in one.unverified),
        ),
        components=components,
    )


def _currency(where: str, given: dict[str, Any], included: list[FeeSchedule]) -> str | None:
    """The one currency of a file and of what it includes."""
    own = given.get("currency")
    found = [] if own is None else [check_fee_currency(f"{where} currency", own)]
    found += [one.currency for one in included if one.currency is not None]
    if len(set(found)) > 1:
        raise ConfigError(
            f"{where} currency and include: expected one currency, found {' and '.join(found)}; "
            "include schedules of your own currency only."
        )
    return found[0] if found else None


def _sources(given: dict[str, Any]) -> list[FeeSource]:
    names = ("title", "publisher", "date")
    return [
        FeeSource(**{name: str(one.get(name, "")) for name in names})
        for one in given.get("sources", [])
    ]


def _unverified(component: dict[str, Any]) -> list[str]:
    """The figures of a component that say they were not verified."""
    found = []
    for one in (component, *component.get("dated", [])):
        if one.get("verified", True) is False:
            since = f" since {one['since']}" if "since" in one else ""
            found.append(f"{component['name']}{since}: {one.get('why', 'not verified')}")
    return found
