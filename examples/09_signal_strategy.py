"""A signal in two timeframes, judged by a policy: the daily trend in the direction of the weeks."""

# %% Weeks are shown when they are complete: on Friday's close, or Thursday's before Good Friday.
from typing import Any

import quant as qt
from quant.strategy import FeatureSet


class TwoSpeeds(qt.SignalStrategy):
    fast: int = 20
    weeks: int = 30

    def declare(self, features: FeatureSet, params: dict[str, Any]) -> None:
        features.add("mean", "rolling_mean", n=params["fast"])
        features.add("mean", "rolling_mean", tf="1w", n=params["weeks"])

    def generate_signal(
        self, snapshot: qt.RuntimeSnapshot, params: dict[str, Any]
    ) -> qt.Signal | None:
        week, day = snapshot.htf, snapshot.bar
        is_up = day.close > snapshot.features["mean"]
        if is_up != (week.bar.close > week.features["mean"]):
            return None  # the two disagree: whatever is held is kept
        return qt.Signal(symbol=snapshot.symbol, direction="LONG" if is_up else "FLAT")


# %% Twenty stocks (survivors, adjusted prices), five percent each; then with a daily loss cap.
sizing = {"kind": "equity_fraction", "fraction": 0.05}
free = {"sizing": sizing}
capped = {"mode": "rules", "sizing": sizing, "daily_loss_cap": 0.005}
config = {
    "instruments": {"default": {"increment": "0.0001"}},
    "commission": {"kind": "rate", "rate": 0.0005},
    "slippage": {"kind": "rate", "rate": 0.0002},
}
period = {"start": "2007-01-03", "end": "2009-12-31"}
runs = {
    name: qt.backtest(TwoSpeeds(policy=policy), qt.sample("us20"), config=config, **period)
    for name, policy in (("free", free), ("capped", capped))
}

# %% Every refusal is in the log, with the rule, its limit, and what was found.
for name, run in runs.items():
    refused = [line for line in run.log if line.get("rule") == "daily_loss_cap"]
    m = run.metrics
    print(
        f"{name:7} CAGR {m['cagr']:6.2%}  worst drawdown {m['max_drawdown_pct']:6.2%}  "
        f"trades {m['total_trades']}  refused {len(refused)}"
    )

# %% Entries are refused only after a session that lost more than half a percent.
assert refused
assert all(line["value"] > 0.005 for line in refused)
