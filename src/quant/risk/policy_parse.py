"""A policy from a mapping (YAML, JSON) and back, with every default written out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from quant.errors import ConfigError
from quant.model.checks import choice
from quant.model.parse import as_mapping, check_keys
from quant.risk.policy import RiskPolicy
from quant.risk.sizing import EquityFraction, FixedMoney, Sizing, VolatilityScaled

__all__ = ["policy_from", "policy_mapping"]

_KINDS: dict[str, type[Sizing]] = {
    kind.kind: kind for kind in (FixedMoney, EquityFraction, VolatilityScaled)
}


def policy_from(given: RiskPolicy | Mapping[str, Any] | None) -> RiskPolicy:
    """A `RiskPolicy` from nested mappings; what is not given keeps its default.

    Raises
    ------
    ConfigError
        For an unknown key (naming the nearest), or a value of the wrong type or out of range.

    Examples
    --------
    >>> policy_from({"sizing": {"kind": "fixed_money", "amount": 500}}).sizing
    FixedMoney(amount=500.0)
    >>> policy_from({"mod": "rules"})
    Traceback (most recent call last):
    quant.errors.ConfigError: policy: unknown setting 'mod', expected one of mode, sizing, repeat, \
max_position, max_leverage, daily_loss_cap, max_drawdown, min_equity, on_stop; remove or correct \
it. Did you mean 'mode'?
    """
    if isinstance(given, RiskPolicy):
        return given
    values = dict(as_mapping("policy", given))
    check_keys("policy", values, [f.name for f in dataclasses.fields(RiskPolicy)])
    if values.get("sizing") is not None:
        values["sizing"] = _sizing(values["sizing"])
    return RiskPolicy(**values)


def _sizing(given: object) -> Sizing:
    """One sizing; its ``kind`` chooses the record."""
    if isinstance(given, FixedMoney | EquityFraction | VolatilityScaled):
        return given
    values = dict(as_mapping("policy sizing", given))
    kind = _KINDS[choice("policy sizing.kind", values.pop("kind", None), _KINDS)]
    fields = dataclasses.fields(kind)
    check_keys("policy sizing", values, [f.name for f in fields])
    lacking = [f.name for f in fields if f.default is dataclasses.MISSING and f.name not in values]
    if lacking:
        raise ConfigError(
            f"policy sizing: expected {lacking[0]} for kind {kind.kind}, found none; give it."
        )
    return kind(**values)


def policy_mapping(policy: RiskPolicy) -> dict[str, Any]:
    """The policy as JSON types; `policy_from` reads it back.

    Examples
    --------
    >>> policy_from(policy_mapping(RiskPolicy())) == RiskPolicy()
    True
    """
    found = {f.name: getattr(policy, f.name) for f in dataclasses.fields(policy)}
    if policy.sizing is not None:
        found["sizing"] = {"kind": policy.sizing.kind, **dataclasses.asdict(policy.sizing)}
    return found
