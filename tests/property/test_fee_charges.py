"""Goal: what a fill owes under a fee schedule, whatever the market, the orders and the schedule.

Method: schedules are drawn by seed and put into drawn scenarios; the charges of every order are
computed anew from the fills alone, in exact fractions, by a model written from the contract
(docs/concepts/fills.md, *Cost*). In small worlds an order that fills in parts is compared with the
same order filled at once.
"""

from __future__ import annotations

import dataclasses
import math
import os
import random
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.worlds import Played, Script, market, play, played
from oracle.engine import Scripted, bars_of, config_of
from oracle.scenarios import random_scenario
from quant.engine.simulation import Simulation
from quant.kernel.codes import LIQUIDITY, REPORT_KIND
from quant.model.config import ScheduleCommission
from quant.model.fees import FeeComponent, FeeTerms

_N = int(os.environ.get("QUANT_PROPERTY_EXAMPLES", "100"))
drawn = settings(max_examples=_N, deadline=None, derandomize=_N == 100)
seeds = st.integers(0, 10**9)
EPOCH = date(1970, 1, 1)


def a_schedule(seed: int, days: list[date]) -> list[dict[str, Any]]:
    """Components of every kind, with tiers that small trades reach and dates among ``days``."""
    draw = random.Random(seed)
    found = []
    for place in range(draw.randint(1, 4)):
        one: dict[str, Any] = {
            "name": f"part {place}",
            "as": draw.choice(["commission", "fee"]),
            "side": draw.choice(["both", "both", "buy", "sell"]),
            "liquidity": draw.choice(["both", "both", "maker", "taker"]),
        }
        if draw.random() < 0.3:
            one["round_up"] = draw.choice([0.01, 0.05])
        terms = [some_terms(draw)]
        if days and draw.random() < 0.4:
            later = some_terms(draw) | {"since": draw.choice(days).isoformat()}
            terms = [*terms, later] if draw.random() < 0.7 else [later]
        found.append(one | {"dated": terms})
    return found


def some_terms(draw: random.Random) -> dict[str, Any]:
    amounts = draw.sample(["per_share", "rate", "per_order"], draw.randint(0, 2))
    sizes = {"per_share": 0.02, "rate": 0.003, "per_order": 1.5}
    terms: dict[str, Any] = {name: round(draw.random() * sizes[name], 5) for name in amounts}
    if draw.random() < 0.4:
        terms["minimum"] = round(draw.random() * 2, 2)
    if draw.random() < 0.3:
        terms["maximum"] = terms.get("minimum", 0.0) + round(draw.random() * 3, 2)
    if draw.random() < 0.3:
        terms["maximum_rate"] = 0.004
    if draw.random() < 0.6:
        by = draw.choice(["month_quantity", "rolling_notional", "order_notional"])
        of = draw.choice([name for name in ("per_share", "rate") if name not in terms] or [""])
        if of:
            starts = [0.0, *sorted(draw.sample([20.0, 60.0, 150.0, 900.0, 4000.0], 2))]
            values = [[start, round(draw.random() * sizes[of], 5)] for start in starts]
            terms["tiers"] = {"by": by, of: values}
            if by != "order_notional":
                terms["tiers"]["marginal"] = draw.random() < 0.6
    return terms


# --------------------------------------------------------------------------------- the exact model


def in_force(part: FeeComponent, day: date) -> FeeTerms | None:
    """The terms of a day: the last that have begun, unless they have ended."""
    begun = [terms for terms in part.terms if terms.since is None or terms.since <= day]
    if not begun or (begun[-1].until is not None and day > begun[-1].until):
        return None
    return begun[-1]


def exact(value: float | None) -> Fraction:
    return Fraction(value or 0.0)


def charged(part: FeeComponent, terms: FeeTerms, accrued: Fraction, value: Fraction) -> Fraction:
    fee = accrued + exact(terms.per_order)
    if terms.minimum is not None:
        fee = max(fee, exact(terms.minimum))
    if terms.maximum_rate is not None:
        fee = min(fee, exact(terms.maximum_rate) * value)
    if terms.maximum is not None:
        fee = min(fee, exact(terms.maximum))
    if part.round_up is not None:
        steps = fee * round(1 / part.round_up)
        whole = math.ceil(steps)
        # within a millionth of a step it is that step
        if steps - math.floor(steps) <= Fraction(1, 10**6):
            whole = math.floor(steps)
        fee = Fraction(whole, round(1 / part.round_up))
    return fee


class Model:
    """Charges by order, from fills one after another."""

    def __init__(self, parts: tuple[FeeComponent, ...]) -> None:
        self.parts = parts
        self.traded: list[tuple[date, Fraction, Fraction]] = []
        self.accrued: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        self.value: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        self.begun: set[tuple[int, int]] = set()
        self.first: dict[int, tuple[Fraction, Fraction]] = {}
        self.owed: dict[tuple[int, str], Fraction] = defaultdict(Fraction)

    def volumes(self, day: date) -> tuple[Fraction, Fraction]:
        month = [q for d, q, _ in self.traded if (d.year, d.month) == (day.year, day.month)]
        rolling = [n for d, _, n in self.traded if day - timedelta(days=29) <= d <= day]
        return sum(month, Fraction()), sum(rolling, Fraction())

    def fill(
        self, order: int, day: date, sign: int, maker: bool, qty: Fraction, notional: Fraction
    ):
        self.first.setdefault(order, self.volumes(day))
        for place, part in enumerate(self.parts):
            terms = in_force(part, day)
            if terms is None or part.side == ("sell" if sign > 0 else "buy"):
                continue
            if part.liquidity == ("taker" if maker else "maker"):
                continue
            key = (order, place)
            before = Fraction()
            if key in self.begun:
                before = charged(part, terms, self.accrued[key], self.value[key])
            self.accrued[key] += self.accrual(terms, key, day, qty, notional)
            self.value[key] += notional
            self.begun.add(key)
            after = charged(part, terms, self.accrued[key], self.value[key])
            self.owed[order, part.posted_as] += after - before
        self.traded.append((day, qty, notional))

    def accrual(
        self, terms: FeeTerms, key: tuple[int, int], day: date, qty: Fraction, notional: Fraction
    ) -> Fraction:
        fee = exact(terms.per_share) * qty + exact(terms.rate) * notional
        tiers = terms.tiers
        if tiers is None:
            return fee
        base = qty if tiers.per_share else notional
        month, rolling = self.volumes(day) if tiers.marginal else self.first[key[0]]
        start = {"month_quantity": month, "rolling_notional": rolling}.get(tiers.by)
        if start is None:
            start = self.value[key]
        more = qty if tiers.by == "month_quantity" else notional
        bounds = [exact(a) for a, _ in tiers.values]
        values = [exact(v) for _, v in tiers.values]
        if not tiers.marginal:
            return fee + values[max(j for j, a in enumerate(bounds) if a <= start)] * base
        ends = [*bounds[1:], start + more]
        for a, b, v in zip(bounds, ends, values, strict=True):
            part = min(b, start + more) - max(a, start)
            if part > 0:
                fee += v * part * base / more
        return fee


def owed_by(run: Played, parts: tuple[FeeComponent, ...]) -> dict[tuple[int, str], Fraction]:
    state, days = run.simulation.state, run.simulation.bars.calendar.days
    model = Model(parts)
    for report in state.used("reports"):
        if report["kind"] != REPORT_KIND.FILL:
            continue
        ins = state["instruments"][report["instrument"]]
        units = Fraction(int(report["units"]))
        qty = abs(units) * Fraction(float(ins["unit_num"])) / Fraction(float(ins["unit_den"]))
        notional = abs(qty * Fraction(float(report["price"])) * Fraction(float(ins["multiplier"])))
        day = EPOCH + timedelta(days=int(days[report["session"]]))
        maker = report["liquidity"] == LIQUIDITY.MAKER
        model.fill(int(report["order"]), day, 1 if units > 0 else -1, maker, qty, notional)
    return model.owed


@drawn
@given(seeds)
def test_every_order_is_charged_what_the_contract_says(seed: int) -> None:
    scenario = random_scenario(seed)
    bars = bars_of(scenario)
    days = [EPOCH + timedelta(days=int(day)) for day in bars.calendar.days]
    model = ScheduleCommission(components=tuple(a_schedule(seed, days)))
    config = dataclasses.replace(config_of(scenario), commission=model)
    simulation = Simulation(Scripted(scenario.actions), bars, config)
    simulation.prepare()
    simulation.advance()
    simulation.check_books()
    run = played(simulation)
    owed = owed_by(run, model.parts)
    found: dict[tuple[int, str], float] = defaultdict(float)
    for report in simulation.state.used("reports"):
        if report["kind"] == REPORT_KIND.FILL:
            found[int(report["order"]), "commission"] += float(report["commission"])
            found[int(report["order"]), "fee"] += float(report["fees"])
    minor = 0.01 if config.execution.rounding == "minor_unit" else 0.0
    for key in {*found, *owed}:
        wanted = float(owed.get(key, 0))
        assert found[key] == pytest.approx(wanted, rel=1e-9, abs=1e-7 + 0.51 * minor), key


@drawn
@given(seeds, st.integers(1, 6), st.integers(1, 40), st.sampled_from([1, -1]))
def test_parts_of_an_order_owe_what_it_owes_whole(seed: int, k: int, share: int, sign: int) -> None:
    """k fills of equal size on k days of one month, at one price, against one fill."""
    schedule = {"kind": "schedule", "components": a_schedule(seed, [])}
    config = {"cash": 1e6, "commission": schedule}
    before = 3.0 * share

    def sums(volume: float) -> tuple[float, float, int]:
        rows = [(10.0, 10.0, 10.0, 10.0, 1e9)] + [(10.0, 10.0, 10.0, 10.0, volume)] * 9
        script = Script({0: lambda ctx: ctx.order("A", before), 1: lambda ctx: _send(ctx)})
        run = play(script, market(A=rows), config)
        fills = [fill for fill in run.simulation.state.used("fills") if fill["order"] == 1]
        charges = [math.fsum(float(f[name]) for f in fills) for name in ("commission", "fees")]
        return charges[0], charges[1], len(fills)

    def _send(ctx: Any) -> None:
        ctx.order("A", sign * float(k * share), tif="GTC")

    in_parts, whole = sums(10.0 * share), sums(1e9)
    assert (in_parts[2], whole[2]) == (k, 1)
    assert in_parts[:2] == pytest.approx(whole[:2], rel=1e-9, abs=1e-9)
