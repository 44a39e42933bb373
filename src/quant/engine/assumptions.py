"""What a run takes for granted, in plain words; amber where it may flatter the result."""

from __future__ import annotations

from quant.engine.account_events import account_lines, violations_table
from quant.engine.benchmark import benchmark_lack
from quant.engine.cost_words import commission_words, own_commissions, schedule_warnings
from quant.engine.fill_warnings import fill_warnings
from quant.engine.flows import flow_lines, flow_rows, flows_left_out
from quant.engine.lookahead.verdict import LookAheadAudit
from quant.engine.simulation import Simulation
from quant.engine.timeline import Period
from quant.kernel.codes import STATUS
from quant.lake import Bars
from quant.lake.opens import equal_opens
from quant.model.accounts import (
    CashAccount,
    GrossLeverage,
    MarginAccount,
    NetLeverage,
    UnlimitedAccount,
)
from quant.model.config import (
    Config,
    RangeSlippage,
    RateSlippage,
    SpreadSlippage,
    SquareRootImpact,
    TickSlippage,
)
from quant.model.events import as_datetime
from quant.report.flows import wealth_index
from quant.report.tearsheet import Assumption
from quant.report.wording import counted

__all__ = [
    "assumptions_of",
    "audit_assumption",
    "data_warnings",
    "facts_of",
    "slippage_words",
    "warnings_of",
]

_TIMING = {
    "next_open": "A market order fills at the next opening print after the decision.",
    "next_close": "A market order fills at the next closing print after the decision.",
    "same_close": "A market order fills at the very close it was decided at, which no one can do: "
    "the price was known before the order.",
}
_PATH = {
    "adverse": "Inside a bar the worse order of high and low for the account is assumed.",
    "ohlc": "Inside every bar the high is assumed to come before the low.",
    "olhc": "Inside every bar the low is assumed to come before the high.",
    "nearest_extreme": "Inside a bar the extreme nearer to the open is assumed to come first.",
}


def _info(text: str) -> Assumption:
    return Assumption(text=text)


def _amber(text: str) -> Assumption:
    return Assumption(text=text, level="amber")


_CAP_BY = {
    "bar": "a bar's volume",
    "previous_bar": "the volume of the bar before",
    "adv": "the average daily volume",
}
_ZERO_VOLUME = {
    "last_price": "Bars without volume trade at the last price.",
    "minimum_liquidity": "Bars without volume trade as if a minimum had been traded.",
    "range_spread": "Bars without volume trade at half a spread made from their range.",
}
_MID_RANGE = (
    "At a close a market order fills at the middle of the bar's range, a price that may never have "
    "traded."
)
_BATCH = {
    "fifo": "At one print orders fill in the order in which they were sent.",
    "simultaneous": "At one print all purchases and short sales fill, or none of them.",
}
_TRADES = {
    "lifo": "Trades are matched last in, first out.",
    "average": "Trades are parts of a position at its average price.",
}


_FLOWS = (
    "Deposits and withdrawals are posted before the open of their session, at the prices of the "
    "last close; the returns leave them out."
)


def slippage_words(config: Config) -> str:
    """The slippage in words; empty if there is none."""
    model = config.slippage
    if not model.size:
        return ""
    if isinstance(model, RateSlippage):
        return f"{model.rate * 10_000:.4g} basis points"
    if isinstance(model, TickSlippage):
        return f"{model.ticks:.4g} ticks"
    if isinstance(model, RangeSlippage):
        return f"{model.fraction * 100:.4g} % of a bar's range"
    if isinstance(model, SpreadSlippage):
        return f"{model.k:.4g} of the spread ({model.k_stop:.4g} for stops)"
    return f"{model.price_impact * 100:.4g} % times the square of the share of volume"


def impact_words(config: Config) -> str:
    """The market impact in words; empty if there is none."""
    model = config.impact
    if not isinstance(model, SquareRootImpact) or not model.alpha:
        return ""
    text = f"{model.alpha:.4g} times volatility times the root of the share of a day's volume"
    if not model.permanent:
        return text
    text += f"; {model.permanent * 100:.4g} % of it stays"
    n = sum(len(factors) for factors in model.cross.values())
    return f"{text} and carries over between {counted(n, 'pair')} of instruments" if n else text


def _fills(bars: Bars, config: Config) -> list[Assumption]:
    execution = config.execution
    found: list[Assumption] = []
    if bars.closes_only:
        found.append(_info("The data has closing prices only: every order is judged at the close."))
    if execution.timing == "same_close":
        found.append(_amber(_TIMING["same_close"]))
    elif not bars.closes_only:
        found.append(_info(_TIMING[execution.timing]))
    if not bars.closes_only:
        text = _PATH[execution.path]
        found.append(_info(text) if execution.path == "adverse" else _amber(text))
        if execution.limit == "touch":
            found.append(_info("A limit fills as soon as the price touches it."))
        else:
            found.append(_info("A limit fills only when the price trades through it."))
    if not bars.has_volume:
        found.append(_amber("The data has no volume: orders of any size fill whole."))
    elif execution.participation is None:
        found.append(_amber("Orders of any size fill whole, whatever the bar's volume."))
    else:
        share = f"{execution.participation * 100:.4g} %"
        of = _CAP_BY[execution.cap_by]
        found.append(_info(f"All orders together take at most {share} of {of}."))
    if execution.zero_volume != "reject":
        found.append(_amber(_ZERO_VOLUME[execution.zero_volume]))
    if execution.market_price == "mid_range":
        found.append(_amber(_MID_RANGE))
    if execution.batch != "exits_first":
        found.append(_info(_BATCH[execution.batch]))
    return found


def _costs(bars: Bars, period: Period, config: Config) -> list[Assumption]:
    commission = commission_words(config.commission, config.currency)
    slippage, impact = slippage_words(config), impact_words(config)
    return [
        _info(f"Commission: {commission}.") if commission else _amber("No commission is charged."),
        *(
            _info(f"Commission of {symbol}: {text}.")
            for symbol, text in own_commissions(bars, config)
        ),
        *(_amber(text) for text in schedule_warnings(bars, period, config)),
        _info(f"Slippage: {slippage}.") if slippage else _amber("No slippage is assumed."),
        *([_info(f"Market impact: {impact}.")] if impact else []),
    ]


def _account(simulation: Simulation) -> list[Assumption]:
    account = simulation.config.account
    if isinstance(account, CashAccount):
        return [_info(f"Cash account: no borrowing, no short sales. {_settlement_words(account)}")]
    found = [_limit_words(account), *_call_words(simulation.config)]
    config = simulation.config
    was_short = bool((simulation.state.used("position_rows")["units"] < 0).any())
    if not simulation.state["policy"][0]["has_borrow"]:
        text = "Borrowed shares cost nothing."
        found.append(_amber(f"{text} This run sold short.") if was_short else _info(text))
    borrowed = float(simulation.state["equity"]["cash"].min()) < 0.0
    if not any(rate for _, rate in config.interest.debit):
        text = "Borrowed money costs nothing."
        found.append(_amber(f"{text} This run borrowed.") if borrowed else _info(text))
    return found


def _settlement_words(account: CashAccount) -> str:
    """When the money of a sale may buy again."""
    if account.settlement in ("immediate", 0):
        return "What was sold can be spent at once."
    when = "as in the United States on its date"
    if isinstance(account.settlement, int):
        when = f"{counted(account.settlement, 'session')} later"
    held = "waits till then" if account.unsettled == "hold" else "may buy before"
    return f"Sales settle {when}; their money {held}."


def _limit_words(account: object) -> Assumption:
    """What the account may hold."""
    if isinstance(account, MarginAccount):
        return _info(
            f"Margin account: {account.initial * 100:.4g} % to open, "
            f"{account.maintenance * 100:.4g} % to keep longs and "
            f"{account.short_maintenance * 100:.4g} % shorts, where an instrument has no own."
        )
    if isinstance(account, NetLeverage):
        text = f"Long less short positions are at most {account.k:.4g} times equity"
        gross = (
            "without a limit on their sum"
            if account.gross is None
            else (f"and together {account.gross:.4g} times")
        )
        return _amber(f"{text}, {gross}.")
    if isinstance(account, UnlimitedAccount):
        return _amber("Nothing limits what the account may hold: its debts are nobody's.")
    assert isinstance(account, GrossLeverage)
    text = f"Long and short positions together are at most {account.k:.4g} times equity."
    return _info(text) if account.k <= 1.0 else _amber(text)


_CALLS = {
    "liquidate": "positions are closed",
    "stop": "the run ends",
    "warn": "nothing happens but a note",
}


def _call_words(config: Config) -> list[Assumption]:
    """What happens when the account fails, where that is not the default."""
    call = config.margin_call
    found = []
    has_line = isinstance(config.account, MarginAccount)
    if has_line or getattr(config.account, "maintenance", None) is not None:
        where = "at the next print" if call.at == "next_print" else "inside the bar"
        text = f"At a margin call {_CALLS[call.action]}"
        found.append(_info(f"{text} {where}." if call.action == "liquidate" else f"{text}."))
    if call.bankruptcy == "warn":
        found.append(_amber("An account without equity trades on, in debt."))
    return found


def _figures(bars: Bars, config: Config) -> list[Assumption]:
    """What the figures rest on: the data by its hash, idle cash, the rate without risk."""
    source = bars.source
    return [
        _info(
            f"The prices are those of {source.name}: {source.n_rows:,} rows with the SHA-256 "
            f"{source.sha256}."
        ),
        *_interest_words(config),
        *([_info(_FLOWS)] if config.cash_flows else []),
        *([_info(_TRADES[config.trades])] if config.trades in _TRADES else []),
        _info(
            f"The Sharpe ratio is over a risk-free rate of {config.risk_free * 100:.4g} % a year."
        ),
    ]


def _interest_words(config: Config) -> list[Assumption]:
    """What idle cash earns."""
    if not any(rate for _, rate in config.interest.credit):
        return [_info("Cash that is not invested earns no interest.")]
    rates = ", ".join(
        f"{rate * 100:.4g} % from {start:,.0f}" for start, rate in config.interest.credit
    )
    return [_info(f"Cash earns {rates} {config.currency} a year.")]


def audit_assumption(audit: LookAheadAudit | None) -> Assumption:
    """What a reader should know of the look-ahead audit; amber unless it passed."""
    if audit is None:
        return _amber("This run was not audited for look-ahead.")
    vouched = [f"that the column {name} was known in time" for name in audit.known]
    vouched += [f"that {name} holds nothing of the period" for name in audit.files]
    if audit.is_passed and vouched:
        return _amber(
            f"The look-ahead audit passed, taking it on trust {' and '.join(vouched)}. {audit.text}"
        )
    if audit.is_passed:
        return _info(f"The look-ahead audit passed. {audit.text}")
    return _amber(f"The look-ahead audit did not pass ({audit.verdict}). {audit.text}")


def data_warnings(bars: Bars, period: Period, config: Config) -> list[str]:
    """What is odd about the data of a period."""
    found = list(bars.warnings)
    if config.execution.timing == "next_open":
        told = equal_opens(bars, period.first, period.last)
        found += [told] if told else []
    return found


def warnings_of(simulation: Simulation) -> list[str]:
    """What a user should know before believing the result: data warnings and hard facts."""
    state = simulation.state
    found = data_warnings(simulation.bars, simulation.period, simulation.config)
    equity = state["equity"]["equity"][: int(state["sim"][0]["n_equity"])]
    # an account that was emptied by withdrawals is not bankrupt
    if len(equity) and float(wealth_index(equity, flow_rows(state)).min()) <= 0.0:
        least = float(equity.min())
        debt = max(-float(state["accounts"][0]["equity"]), 0.0)
        owed = f" It ends owing {debt:,.2f}." if debt > 0.0 else ""
        found.append(
            f"Equity fell to {least:,.2f} {simulation.config.currency}: the account was bankrupt. "
            + _BANKRUPT[simulation.config.margin_call.bankruptcy]
            + owed
        )
    found += _account_warnings(simulation)
    rows = state.used("position_rows")
    stale = int(((rows["is_stale"] != 0) & (rows["units"] != 0)).sum())
    if stale:
        found.append(
            f"Positions were marked {counted(stale, 'time')} at a price of an earlier session, "
            "because the data has no bar of the symbol for that session."
        )
    found += fill_warnings(simulation)
    orders = state.used("orders")
    if not len(orders):
        found.append("The strategy sent no order.")
    refused = int((orders["status"] == STATUS.REJECTED).sum())
    if refused:
        was = "was" if refused == 1 else "were"
        found.append(
            f"{refused} of {counted(len(orders), 'order')} {was} rejected; orders.csv says why."
        )
    return found + _flow_warnings(simulation)


def _flow_warnings(simulation: Simulation) -> list[str]:
    """Withdrawals that were not paid whole, and flows that the run's period leaves out."""
    lines, currency = flow_lines(simulation.state), simulation.config.currency
    found = []
    for event, one, many in (
        ("withdrawal_refused", "withdrawal was refused", "withdrawals were refused"),
        ("withdrawal_cut", "withdrawal was paid in part", "withdrawals were paid in part"),
    ):
        cut = [line for line in lines if line["event"] == event]
        if cut:
            first = cut[0]
            found.append(
                f"{len(cut)} {one if len(cut) == 1 else many} for lack of free cash; the first on "
                f"{as_datetime(first['ts']).date()}: {first['needed']:,.2f} {currency} asked, "
                f"{first['available']:,.2f} {currency} free."
            )
    out = flows_left_out(simulation.config, simulation.bars, simulation.period)
    if out:
        what = "deposit or withdrawal" if len(out) == 1 else "deposits and withdrawals"
        found.append(
            f"{len(out)} {what} of the settings fall outside the run's period and were left out; "
            f"the first is dated {out[0].date}."
        )
    return found


_BANKRUPT = {
    "liquidate": "Its positions were closed, and nothing more was opened.",
    "stop": "The run ended there.",
    "warn": "What followed could not have been traded.",
}


def _account_warnings(simulation: Simulation) -> list[str]:
    """Calls, recalls and violations, counted."""
    state, config = simulation.state, simulation.config
    lines = account_lines(state, simulation.bars.symbols)
    calls = sum(line["event"] == "margin_call" for line in lines)
    recalls = sum(line["event"] == "borrow_recalled" for line in lines)
    found = []
    if calls:
        found.append(f"{counted(calls, 'margin call')}; logs.jsonl says when.")
    if recalls:
        was = "was called back by its lender" if recalls == 1 else "were called back by lenders"
        found.append(f"{counted(recalls, 'short')} {was}.")
    violations = violations_table(state, simulation.bars, config.account)["kind"].to_list()
    for kind, words in (("good_faith", "good-faith"), ("free_riding", "free-riding")):
        if kind in violations:
            told = counted(violations.count(kind), f"{words} violation")
            found.append(
                f"{told}: a broker restricts such an account to settled cash for 90 days "
                "(12 CFR 220.8(c))."
            )
    return found


def assumptions_of(
    simulation: Simulation, audit: LookAheadAudit | None, *, is_partial: bool
) -> list[Assumption]:
    """Every assumption of a run, in the order of a report."""
    bars, config = simulation.bars, simulation.config
    found = [_amber(note) for note in bars.source.notes]
    found += [_amber(text) for text in warnings_of(simulation)]
    if is_partial:
        found.append(_amber("The run did not reach its end; the figures cover what was simulated."))
    found.append(audit_assumption(audit))
    found += _fills(bars, config) + _costs(bars, simulation.period, config)
    found += _account(simulation) + _figures(bars, config)
    lack = benchmark_lack(config, bars, simulation.period)
    if lack:
        found.append(_amber(lack))
    elif config.benchmark != "none":
        found.append(_info("The benchmark pays no costs."))
        if config.cash_flows:
            found.append(
                _info(
                    "The benchmark keeps its opening deposit: returns are compared, from which "
                    "deposits and withdrawals are taken out."
                )
            )
    return found


def facts_of(simulation: Simulation, called: str, code: str) -> list[tuple[str, str]]:
    """Strategy, data, seed and versions, as name and text; ``code`` is the hash of its source."""
    from quant import __version__

    bars, config = simulation.bars, simulation.config
    source = bars.source
    written = f", sha256 of its source {code[:16]}…" if code else ""
    return [
        ("Strategy", f"{called}{written}"),
        ("Data", f"{source.name}, {source.n_rows:,} rows, sha256 {source.sha256[:16]}…"),
        ("Calendar", f"{bars.calendar.name}, version {bars.calendar.version[:23]}…"),
        ("Opening cash", f"{config.cash:,.2f} {config.currency}"),
        ("Seed", str(config.seed)),
        ("quant", __version__),
    ]
