"""Fee schedules: what a venue and its regulators charge, as components with dates and tiers.

A *schedule* is a list of *components*: the broker's commission, a clearing fee, a regulator's levy.
Each says whom it charges (side, liquidity) and on which *terms*: amounts, bounds, tiers, and the
sessions in which they are in force. Components written in a configuration, in a file, or bundled
with the program are the same records. What they mean is in docs/concepts/fills.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar

from quant.errors import ConfigError, nearest
from quant.model.checks import choice, number, put, switch

__all__ = ["FeeComponent", "FeeTerms", "FeeTiers", "ScheduleCommission", "check_fee_currency"]

MAX_COMPONENTS = 8
MAX_FEE_TIERS = 16
_WHERE = "config commission"
_TIER_VALUES = ("per_share", "rate")
# Where a figure comes from, and whether it was seen there: for readers, not for the sum.
_NOTES = ("source", "verified", "why")


def _refuse_unknown(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    known = [*known]
    for key in given:
        if key not in known:
            raise ConfigError(
                f"{where}: unknown setting {key!r}, expected one of {', '.join(known)}; remove or "
                f"correct it.{nearest(str(key), known)}"
            )


def _settings(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: expected settings by name, found {value!r}; write {{…}}.")
    return {str(key): one for key, one in value.items()}


def _date(where: str, value: object) -> date | None:
    """A session date, or none."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise ConfigError(f"{where}: expected a date such as 2024-05-22, found {value!r}; change it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTiers:
    """Values that depend on how much has been traded.

    Attributes
    ----------
    by : "month_quantity", "rolling_notional" or "order_notional"
        What decides: quantity in the calendar month of the session, notional in the 30 days that
        end with it (both of the account, under this schedule), or the order's own notional.
    per_share, rate : tuple of (float, float)
        Pairs (from which, value), ascending, the first from 0; at most sixteen. One of the two is
        given: money per unit of quantity, or a fraction of notional.
    marginal : bool or None
        Whether each value applies to the part inside its tier, or one value to the whole order:
        that of the volume before its first fill. None: marginal but for ``rolling_notional``.
    """

    BY: ClassVar[tuple[str, ...]] = ("month_quantity", "rolling_notional", "order_notional")
    by: str
    per_share: tuple[tuple[float, float], ...] = ()
    rate: tuple[tuple[float, float], ...] = ()
    marginal: bool | None = None

    def __post_init__(self) -> None:
        where = f"{_WHERE} tiers"
        choice(f"{where}.by", self.by, self.BY)
        given = [name for name in _TIER_VALUES if getattr(self, name)]
        if len(given) != 1:
            raise ConfigError(
                f"{where}.per_share and {where}.rate: expected one of them, found "
                f"{' and '.join(given) or 'neither'}; give the values of the tiers once."
            )
        put(self, given[0], _pairs(f"{where}.{given[0]}", getattr(self, given[0])))
        if self.marginal is None:
            put(self, "marginal", self.by != "rolling_notional")
        switch(f"{where}.marginal", self.marginal)
        if self.by == "order_notional" and not self.marginal:
            raise ConfigError(
                f"{where}.by and {where}.marginal: expected marginal tiers where an order's own "
                "notional decides, found false; a tier of the whole would change what earlier "
                "fills were charged."
            )

    @property
    def values(self) -> tuple[tuple[float, float], ...]:
        """The pairs that are given."""
        return self.per_share or self.rate

    def to_mapping(self) -> dict[str, Any]:
        """The tiers as JSON types."""
        of = "per_share" if self.per_share else "rate"
        values = [list(pair) for pair in self.values]
        return {"by": self.by, of: values, "marginal": self.marginal}


def _pairs(where: str, value: Any) -> tuple[tuple[float, float], ...]:
    """Pairs (from, value), ascending from 0."""
    try:
        pairs = [(start, worth) for start, worth in value]
    except (TypeError, ValueError):
        raise ConfigError(
            f"{where}: expected pairs [from, value], found {value!r}; write for example "
            "[[0, 0.0035], [300000, 0.002]]."
        ) from None
    if len(pairs) > MAX_FEE_TIERS:
        raise ConfigError(
            f"{where}: expected at most {MAX_FEE_TIERS} pairs, found {len(pairs)}; join some."
        )
    found = tuple((number(where, a, low=0.0), number(where, v, above=-1.0)) for a, v in pairs)
    starts = [start for start, _ in found]
    if starts[0] != 0.0 or any(a >= b for a, b in itertools.pairwise(starts)):
        raise ConfigError(
            f"{where}: expected tiers that ascend from 0, found {starts}; put them in order."
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTerms:
    """The amounts of a component while they are in force.

    Attributes
    ----------
    since, until : date or None
        First and last session; None: since ever, until the next terms or for good.
    per_share : float
        Money per unit of quantity; negative is a rebate.
    rate : float
        Fraction of notional; negative is a rebate.
    per_order : float
        Money per order that the component charges at all.
    minimum, maximum : float or None
        Money per order. A maximum wins over the minimum.
    maximum_rate : float or None
        Most per order, as a fraction of the notional it charges.
    tiers : FeeTiers or None
        Values by what has been traded.
    """

    since: date | None = None
    until: date | None = None
    per_share: float = 0.0
    rate: float = 0.0
    per_order: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    maximum_rate: float | None = None
    tiers: FeeTiers | None = None

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            put(self, name, _date(f"{_WHERE} {name}", getattr(self, name)))
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ConfigError(
                f"{_WHERE} since and until: expected since not after until, found {self.since} and "
                f"{self.until}; exchange or correct them."
            )
        for name in ("per_share", "rate"):
            put(self, name, number(f"{_WHERE} {name}", getattr(self, name), above=-1.0))
        put(self, "per_order", number(f"{_WHERE} per_order", self.per_order, low=0.0))
        for name in ("minimum", "maximum", "maximum_rate"):
            value = getattr(self, name)
            if value is not None:
                put(self, name, number(f"{_WHERE} {name}", value, low=0.0))
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise ConfigError(
                f"{_WHERE} minimum and maximum: expected a maximum of at least the minimum, found "
                f"{self.maximum:g} below {self.minimum:g}; exchange or correct them."
            )
        self._check_tiers()

    def _check_tiers(self) -> None:
        tiers = self.tiers
        if tiers is None:
            return
        if not isinstance(tiers, FeeTiers):
            given = _settings(f"{_WHERE} tiers", tiers)
            _refuse_unknown(f"{_WHERE} tiers", given, [f.name for f in fields(FeeTiers)])
            if "by" not in given:
                raise ConfigError(
                    f"{_WHERE} tiers.by: expected one of {', '.join(FeeTiers.BY)}, found nothing; "
                    "say what decides."
                )
            tiers = FeeTiers(**given)
            put(self, "tiers", tiers)
        of = "per_share" if tiers.per_share else "rate"
        if getattr(self, of):
            raise ConfigError(
                f"{_WHERE} {of} and tiers.{of}: expected one of them, found both; put the value "
                "into the tiers."
            )

    @property
    def has_amounts(self) -> bool:
        """Whether any of it is money, not a fraction of notional."""
        money = (self.per_share, self.per_order, self.minimum, self.maximum)
        return any(money) or (self.tiers is not None and bool(self.tiers.per_share))

    def to_mapping(self) -> dict[str, Any]:
        """The terms as JSON types, without what is not set."""
        found: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value is None or value == 0.0:
                continue
            if isinstance(value, FeeTiers):
                found[one.name] = value.to_mapping()
            else:
                found[one.name] = value.isoformat() if isinstance(value, date) else value
        return found


_TERMS = tuple(f.name for f in fields(FeeTerms))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeComponent:
    """One line of a price list.

    Attributes
    ----------
    name : str
    posted_as : "commission" or "fee"
        Which posting and which column of fills it goes to; ``as`` in a configuration. What
        exchanges, clearers and regulators take is a fee.
    side : "both", "buy" or "sell"
    liquidity : "both", "maker" or "taker"
    round_up : float or None
        What an order is charged goes up to the next multiple of this, such as 0.01.
    terms : tuple of FeeTerms
        In order of their dates; ``dated`` in a configuration.
    """

    name: str
    posted_as: str = "commission"
    side: str = "both"
    liquidity: str = "both"
    round_up: float | None = None
    terms: tuple[FeeTerms, ...] = (FeeTerms(),)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ConfigError(
                f"{_WHERE} components: expected a name, found {self.name!r}; name the component."
            )
        where = f"{_WHERE} component {self.name!r}"
        choice(f"{where} as", self.posted_as, ("commission", "fee"))
        choice(f"{where} side", self.side, ("both", "buy", "sell"))
        choice(f"{where} liquidity", self.liquidity, ("both", "maker", "taker"))
        if self.round_up is not None:
            step = number(f"{where} round_up", self.round_up, above=0.0)
            if abs(1.0 / step - round(1.0 / step)) > 1e-6 or step > 1.0:
                raise ConfigError(
                    f"{where} round_up: expected a part of one such as 0.01, found {step:g}; "
                    "change it."
                )
            put(self, "round_up", step)
        put(self, "terms", tuple(self.terms))
        self._check_dates(where)

    def _check_dates(self, where: str) -> None:
        if not self.terms:
            raise ConfigError(f"{where} dated: expected terms, found none; give the amounts.")
        for before, after in itertools.pairwise(self.terms):
            if after.since is None or (before.since is not None and after.since <= before.since):
                raise ConfigError(
                    f"{where} dated: expected a later since in each entry, found {after.since} "
                    f"after {before.since}; put them in order of their dates."
                )
            if before.until is not None and before.until >= after.since:
                raise ConfigError(
                    f"{where} until and since: expected dates that do not overlap, found until "
                    f"{before.until} and since {after.since}; end the earlier terms the day before."
                )

    @classmethod
    def from_mapping(cls, given: object) -> FeeComponent:
        """A component from settings by name."""
        if isinstance(given, FeeComponent):
            return given
        values = _settings(f"{_WHERE} components", given)
        where = f"{_WHERE} component {values.get('name')!r}"
        own = ("name", "as", "side", "liquidity", "round_up", "dated")
        _refuse_unknown(where, values, (*own, *_TERMS, *_NOTES))
        shared = {key: values[key] for key in _TERMS if key in values}
        head = {
            key: values[key] for key in ("name", "side", "liquidity", "round_up") if key in values
        }
        try:
            terms = _all_terms(where, shared, values.get("dated"))
        except ConfigError as error:
            raise ConfigError(str(error).replace(_WHERE, where, 1)) from None
        head.setdefault("name", "")
        return cls(posted_as=values.get("as", "commission"), terms=terms, **head)

    @property
    def has_amounts(self) -> bool:
        """Whether it charges or rounds amounts of money, not fractions of notional alone."""
        return self.round_up is not None or any(one.has_amounts for one in self.terms)

    def to_mapping(self) -> dict[str, Any]:
        """The component as JSON types; `from_mapping` reads it back."""
        found: dict[str, Any] = {"name": self.name, "as": self.posted_as}
        found |= {"side": self.side, "liquidity": self.liquidity, "round_up": self.round_up}
        return found | {"dated": [one.to_mapping() for one in self.terms]}


def _all_terms(where: str, shared: dict[str, Any], dated: object) -> tuple[FeeTerms, ...]:
    """One set of terms, or those of ``dated``, each with what the component says for all."""
    if dated is None:
        return (FeeTerms(**shared),)
    for key in ("since", "until"):
        if key in shared:
            raise ConfigError(
                f"{where} {key} and dated: expected dates in one place, found both; keep dated."
            )
    if not isinstance(dated, (list, tuple)):
        raise ConfigError(
            f"{where} dated: expected a list of terms, found {dated!r}; write "
            "[{since: 2024-05-22, rate: 0.0000278}, …]."
        )
    found = []
    for one in dated:
        own = _settings(f"{where} dated", one)
        _refuse_unknown(f"{where} dated", own, (*_TERMS, *_NOTES))
        for key in own:
            if key in shared:
                raise ConfigError(
                    f"{where} {key} and dated {key}: expected one of them, found both; give it "
                    "once for all, or with each date."
                )
        terms = {key: value for key, value in own.items() if key in _TERMS}
        found.append(FeeTerms(**shared, **terms))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCommission:
    """Commission and fees by the components of a fee schedule.

    Attributes
    ----------
    name : str or None
        Of a bundled schedule; see `quant fees list`.
    file : str or None
        A TOML file with components, read when the record is made: the components take its place.
    components : tuple of FeeComponent
        Written in place; mappings are accepted. At most eight.
    currency : str or None
        Of the components' amounts, that of the file where it says one; a bundled schedule has its
        own. None: not checked against the instrument's.

    Raises
    ------
    ConfigError
        Unless exactly one of the first three is given; for an unknown name, a file that cannot be
        read, or components that contradict themselves.

    Notes
    -----
    A fill owes what each component's charge of the order grows by, at the terms of the fill's
    session; money is in the instrument's currency. Tiers count what this run has traded, not what
    the account traded before it.

    Examples
    --------
    >>> model = ScheduleCommission(name="ibkr_us_stocks_fixed")
    >>> [part.name for part in model.parts]
    ['IBKR commission', 'SEC section 31', 'FINRA TAF']
    """

    kind: ClassVar[str] = "schedule"
    name: str | None = None
    file: str | None = None
    components: tuple[FeeComponent, ...] = ()
    currency: str | None = None

    def __post_init__(self) -> None:
        given = [key for key in ("name", "file", "components") if getattr(self, key)]
        if len(given) != 1:
            raise ConfigError(
                f"{_WHERE} name, file and components: expected one of them, found "
                f"{' and '.join(given) or 'none'}; say once where the fees come from."
            )
        if self.currency is not None:
            check_fee_currency(f"{_WHERE}.currency", self.currency)
            if not self.components:
                raise ConfigError(
                    f"{_WHERE}.currency: expected it beside components only, found "
                    f"{self.currency} beside {given[0]}; a schedule says its own, remove it."
                )
        if self.name:
            from quant.model.fee_files import bundled_schedule

            bundled_schedule(self.name)
        if self.file:
            from quant.model.fee_files import read_schedule

            schedule = read_schedule(self.file)
            put(self, "components", schedule.components)
            put(self, "currency", schedule.currency)
            put(self, "file", None)
        if not isinstance(self.components, (list, tuple)):
            raise ConfigError(
                f"{_WHERE}.components: expected a list, found {self.components!r}; write "
                "[{…}, …]."
            )
        parts = tuple(FeeComponent.from_mapping(one) for one in self.components)
        check_components(_WHERE, parts)
        put(self, "components", parts)

    @property
    def parts(self) -> tuple[FeeComponent, ...]:
        """The components, wherever they come from."""
        if self.name:
            from quant.model.fee_files import bundled_schedule

            return bundled_schedule(self.name).components
        return self.components

    @property
    def priced_in(self) -> str | None:
        """The currency of its money, wherever it comes from; None if it does not say."""
        if self.name:
            from quant.model.fee_files import bundled_schedule

            return bundled_schedule(self.name).currency
        return self.currency

    @property
    def has_amounts(self) -> bool:
        """Whether any component charges money, not fractions of notional alone."""
        return any(part.has_amounts for part in self.parts)

    @property
    def has_bounds(self) -> bool:
        """Whether the tiers of any component begin at amounts of money."""
        tiers = [terms.tiers for part in self.parts for terms in part.terms if terms.tiers]
        return any(one.by != "month_quantity" for one in tiers)

    def to_params(self) -> dict[str, object]:
        """The fields of the kernel's commission record that this model sets: none."""
        return {}


def check_fee_currency(where: str, text: object) -> str:
    """Capital letters; three of them where it is no coin.

    Raises
    ------
    ConfigError
        If it is something else.
    """
    if not (isinstance(text, str) and 3 <= len(text) <= 5 and text.isalnum() and text.isupper()):
        raise ConfigError(
            f"{where}: expected a currency in capital letters such as USD, found {text!r}; correct "
            "it."
        )
    return text


def check_components(where: str, parts: tuple[FeeComponent, ...]) -> None:
    """Refuse more components than an order can count, and two of one name."""
    if len(parts) > MAX_COMPONENTS:
        raise ConfigError(
            f"{where}.components: expected at most {MAX_COMPONENTS}, found {len(parts)}; join some."
        )
    names = [part.name for part in parts]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"{where}.components: expected different names, found {name!r} twice; rename one."
            )


def steps_per_money(round_up: float | None) -> float:
    """How many steps of rounding are one unit of money; 0: no rounding."""
    return 0.0 if round_up is None else float(math.floor(1.0 / round_up + 0.5))
