"""Goal: the reference pages say what the program says, no more and no less.

Method: each page's tables are read and compared with the records, hooks, options, columns and codes
they list.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import quant as qt
from docs.pages import ROOT, all_pages
from quant import errors
from quant.cli import main as cli
from quant.engine.folder import RunFolder
from quant.kernel.codes import FILL_FLAG, FILL_REASON, REASON, STATUS, names
from quant.model.fees import FeeComponent, FeeTerms, FeeTiers
from quant.model.parse import to_mapping
from quant.strategy.base import HOOKS
from quant.strategy.features import Features
from quant.strategy.portfolio import Portfolio

REFERENCE = ROOT / "docs" / "reference"


def _text(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def _section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    found = re.split(r"^#+ ", text, flags=re.M)
    return next(part for part in found if part.partition("\n")[0] == heading)


def _codes(text: str) -> set[str]:
    """Everything written as code in the first column of a table."""
    rows = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")]
    return {code for row in rows for code in re.findall(r"`([^`]+)`", row)}


def _defaults(section: str) -> dict[str, Any]:
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", section, flags=re.M)
    assert len(rows) == len({key for key, _ in rows})
    return {key: json.loads(value) for key, value in rows}


def _flat(values: dict[str, Any], head: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{head}{key}.")
        else:
            found[f"{head}{key}"] = value
    return found


def test_defaults_of_the_config() -> None:
    assert _defaults(_section(_text("defaults"), "Config")) == _flat(to_mapping(qt.Config()))


def test_defaults_of_other_kinds() -> None:
    flow = qt.RepeatedCashFlow(every="month", amount=1)
    wanted: dict[str, Any] = {
        f"cash_flows.{name}": getattr(flow, name) for name in ("withdrawal", "since", "until")
    }
    for section, model in (
        ("account", qt.CashAccount()),
        ("account", qt.MarginAccount()),
        ("account", qt.NetLeverage()),
        ("account", qt.UnlimitedAccount()),
        ("commission", qt.PerShareCommission()),
        ("commission", qt.PerOrderCommission()),
        ("commission", qt.TieredCommission()),
        ("slippage", qt.TickSlippage()),
        ("slippage", qt.RangeSlippage()),
        ("slippage", qt.SpreadSlippage()),
        ("slippage", qt.VolumeShareSlippage()),
        ("impact", qt.SquareRootImpact()),
    ):
        values = json.loads(json.dumps(dataclasses.asdict(model)))
        wanted |= {f"{section}.{model.kind}.{key}": value for key, value in values.items()}
    assert _defaults(_section(_text("defaults"), "Other kinds")) == wanted


def test_defaults_of_data_and_strategies() -> None:
    text = _text("defaults")
    options = json.loads(json.dumps(dataclasses.asdict(qt.DataOptions())))
    assert _defaults(_section(text, "Data options")) == options
    assert _defaults(_section(text, "Strategy")) == {"warmup": qt.Strategy.warmup}


def test_every_setting_is_explained() -> None:
    text = _text("config")
    assert _codes(_section(text, "execution")) == set(to_mapping(qt.Config())["execution"])
    for name in ("risk", "margin_call", "interest", "borrow"):
        assert _codes(_section(text, name)) == set(to_mapping(qt.Config())[name])
    flow_keys = {*qt.CashFlow.keys, *qt.RepeatedCashFlow.keys}
    assert _codes(_section(text, "cash_flows")) == flow_keys
    assert _codes(_section(text, "instruments")) == {
        field.name for field in dataclasses.fields(qt.InstrumentSettings)
    }
    sections = {"account", "execution", "latency", "commission", "slippage", "impact", "risk"}
    sections |= {"instruments", "margin_call", "interest", "borrow"}
    sections.add("cash_flows")
    assert _codes(_section(text, "Top")) | sections == set(to_mapping(qt.Config()))


def test_every_key_of_a_fee_schedule_is_listed() -> None:
    section = _section(_text("config"), "Fee schedules")
    component, tiers = section.split("| `by` |")
    keys = {f.name for kind in (FeeComponent, FeeTerms) for f in dataclasses.fields(kind)}
    keys = keys - {"posted_as", "terms"} | {"as", "dated", "source", "verified", "why"}
    assert _codes(component) == keys
    assert set(re.findall(r"`(\w+)`", tiers)) >= set(FeeTiers.BY)
    assert _codes("| `by` |" + tiers) == {"by", "marginal"}


def test_every_word_of_execution_is_listed() -> None:
    section = _section(_text("config"), "execution")
    for key, words in qt.Execution.CHOICES.items():
        row = next(line for line in section.splitlines() if line.startswith(f"| `{key}`"))
        assert set(re.findall(r"`([^`]+)`", row.split(" | ")[1])) == set(words), key


@pytest.mark.parametrize(
    ("heading", "function"),
    [
        ("quant demo", cli.demo),
        ("quant run backtest", cli.backtest),
        ("quant report", cli.report),
        ("quant runs list", cli.runs_list),
        ("quant runs show", cli.runs_show),
        ("quant runs diff", cli.runs_diff),
        ("quant runs verify", cli.runs_verify),
        ("quant run signal", cli.signal),
        ("quant audit lookahead", cli.lookahead),
    ],
)
def test_every_option_of_a_command(heading: str, function: Any) -> None:
    hints = get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    given = {
        option
        for p in parameters
        if p.kind is p.KEYWORD_ONLY
        for option in _options(p.name, hints[p.name])
    } - {"json"}
    wanted = {
        f"--{name.replace('_', '-').removesuffix('-it').removesuffix('-of-them')}" for name in given
    }
    assert _codes(_section(_text("cli"), heading)) == wanted


def _options(name: str, kind: Any) -> list[str]:
    """An option, or those of the record of options that it stands for."""
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    return [name]


def test_every_error_class() -> None:
    classes = {name for name in errors.__all__ if inspect.isclass(getattr(errors, name))}
    assert _codes(_text("errors")) == classes


def test_every_hook_and_member_of_ctx() -> None:
    text = _text("strategy")
    hooks = {code.split("(")[0] for code in re.findall(r"`(on_\w+)\(", text)}
    assert hooks == {*HOOKS, "on_start", "on_end"}
    hidden = {"desk", "timers"}
    attributes = {"symbols", "calendar", "data", "features", "portfolio", "risk"}
    members = {name for name in vars(qt.Context) if not name.startswith("_")} | attributes
    shown = set(re.findall(r"`ctx\.(\w+)", _section(text, "ctx")))
    assert shown == members - hidden
    account = {name for name in vars(Portfolio) if not name.startswith("_")}
    assert {code.split("(")[0] for code in _codes(_section(text, "ctx.portfolio"))} == account


def test_the_order_arguments_are_those_of_ctx() -> None:
    text = _section(_text("strategy"), "Order arguments")
    for name in ("order", "order_target"):
        signature = inspect.signature(getattr(qt.Context, name))
        bare = [p.replace(annotation=p.empty) for p in list(signature.parameters.values())[1:]]
        shown = str(inspect.Signature(bare)).replace("'", '"')
        assert f"`ctx.{name}{shown}`" in text
    assert _codes(text) == {f.name for f in dataclasses.fields(qt.Order)}


def test_every_field_that_hooks_are_given() -> None:
    section = _section(_text("strategy"), "What hooks are given")
    for kind in (qt.Bar, qt.Slice, qt.Clock, qt.Fill, qt.OrderUpdate):
        row = next(line for line in section.splitlines() if line.startswith(f"| `{kind.__name__}`"))
        shown = {name.split("(")[0] for name in row.split("`")[3].split(", ")}
        slots = getattr(kind, "__slots__", ())
        own = {*inspect.get_annotations(kind), *slots, *vars(kind)}
        assert shown == {name for name in own if not name.startswith("_")}, kind.__name__


def test_every_state_and_reason() -> None:
    text = _text("strategy")
    assert _codes(_section(text, "Order states")) == set(names(STATUS, upper=True).values())
    reasons = set(names(REASON).values()) - {"none"}
    assert _codes(_section(text, "Why an order ended")) == reasons
    section = _section(text, "Why a fill has its price")
    assert _codes(section) == set(names(FILL_REASON).values())
    for flag in names(FILL_FLAG).values():
        assert f"`{flag}`" in section


def test_every_reason_of_a_fill_is_in_the_contract() -> None:
    contract = (ROOT / "docs" / "concepts" / "fills.md").read_text(encoding="utf-8")
    for reason in names(FILL_REASON).values():
        assert f"`{reason}`" in contract


def test_every_indicator() -> None:
    page = (ROOT / "docs" / "how-to" / "use-indicators.md").read_text(encoding="utf-8")
    shown = {code.split("(")[0] for code in _codes(_section(page, "Which there are"))}
    methods = {name for name in vars(Features) if not name.startswith("_")}
    assert shown - {"ctx.features"} == methods


class Once(qt.Strategy):
    """Buys and sells once, so that every table has rows."""

    def on_session_open(self, session: Any, ctx: qt.Context) -> None:
        """In on the first session, out on the second."""
        ctx.order_target("SP500", qty=10 if session.day == 4 else 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = qt.backtest(Once, qt.sample("sp500"), start="2010-01-04", end="2010-01-05")
    return run.save(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("table", ["equity", "orders", "fills", "positions", "trades", "ledger"])
def test_every_column(table: str, folder: RunFolder) -> None:
    section = _section(_text("run-folder"), f"{table}.csv")
    shown = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert shown == folder.table(table).columns


def test_every_file_and_key_of_a_run(folder: RunFolder) -> None:
    text = _text("run-folder")
    files = {path.name + ("/" if path.is_dir() else "") for path in folder.path.iterdir()}
    assert _codes(_section(text, "Run folder")) == files
    assert _codes(_section(text, "manifest.json")) == set(folder.manifest)
    entry = next(iter(folder.metrics.values()))
    for key in entry:
        assert key in _section(text, "metrics.json")


def test_the_page_of_metrics_is_current() -> None:
    tool = ROOT / "tools" / "build_metrics_reference.py"
    result = subprocess.run(
        [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, "run python tools/build_metrics_reference.py"


def _tests_named() -> list[tuple[Path, str, str]]:
    """Every test that a page names, as page, file and function."""
    found = []
    for page in all_pages():
        text = page.read_text(encoding="utf-8")
        for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text):
            found.append((page, file, name))
    return found


def test_every_test_that_a_page_names_exists() -> None:
    named = _tests_named()
    assert len(named) >= 10
    for page, file, name in named:
        path = ROOT / file
        assert path.is_file(), f"{page.name}: {file}"
        assert f"def {name}(" in path.read_text(encoding="utf-8") or not name, (
            f"{page.name}: {name}"
        )
