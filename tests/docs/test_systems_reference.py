"""Goal: the reference of systems, signals and tools names everything there is, and nothing else.

Method: tables of the pages are compared with the program's own records and commands.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest
from cyclopts import Parameter

import quant as qt
from docs.pages import ROOT
from docs.test_reference import _codes, _section
from quant.cli import doctor, systems_app, tools_app
from quant.ops.doctor import examine
from quant.risk.policy_parse import _KINDS, policy_mapping
from quant.systems import spec
from quant.tools import standard_tools


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def options_of(function: Any) -> Iterator[str]:
    """The options of a command, as they are typed."""
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not parameter.KEYWORD_ONLY or name == "json":
            continue
        told = [m for m in getattr(hints[name], "__metadata__", ()) if isinstance(m, Parameter)]
        yield next((one.name[0] for one in told if one.name), f"--{name}")


@pytest.mark.parametrize(
    ("heading", "function"),
    [
        ("quant systems list", systems_app.systems_list),
        ("quant systems show", systems_app.systems_show),
        ("quant systems run", systems_app.systems_run),
        ("quant menu", systems_app.menu),
        ("quant strategies list", systems_app.strategies_list),
        ("quant doctor", doctor.doctor),
        ("quant tools list", tools_app.tools_list),
        ("quant tools call", tools_app.tools_call),
    ],
)
def test_every_option_of_a_command(heading: str, function: Any) -> None:
    assert _codes(_section(page("reference/cli.md"), heading)) == set(options_of(function))


def fields(kind: Any) -> set[str]:
    """Fields and properties of a record."""
    named = {field.name for field in dataclasses.fields(kind)}
    return named | {n for n, v in vars(kind).items() if isinstance(v, property)}


def test_every_field_of_signals_and_snapshots() -> None:
    text = page("reference/signals.md")
    assert _codes(_section(text, "Signal")) == fields(qt.Signal) - {"side"}
    assert _codes(_section(text, "RuntimeSnapshot")) == fields(qt.RuntimeSnapshot)
    methods = {"aim(symbol)", "gross_without(symbol)"}
    assert _codes(_section(text, "PortfolioSnapshot")) == fields(qt.PortfolioSnapshot) | methods
    for field in dataclasses.fields(qt.RiskDecision):
        assert f"`{field.name}`" in _section(text, "RiskPolicy")


def test_every_default_of_a_policy() -> None:
    section = _section(page("reference/signals.md"), "RiskPolicy")
    rows = re.findall(r"^\| `(\w+)` \| .* \| `([^`]+)` \|$", section, flags=re.M)
    assert {key: json.loads(value) for key, value in rows} == policy_mapping(qt.RiskPolicy())


def test_every_sizing() -> None:
    section = _section(page("reference/signals.md"), "Sizing")
    for name, kind in _KINDS.items():
        row = next(line for line in section.splitlines() if line.startswith(f"| `{name}`"))
        keys = re.findall(r"`(\w+)`", row)
        assert keys[1:] == [kind.__name__, *(field.name for field in dataclasses.fields(kind))]


def test_every_key_of_a_system() -> None:
    section = _section(page("how-to/configure-systems.md"), "A file")
    assert _codes(section) == set(spec._OWN_KEYS)


def test_every_tool() -> None:
    section = _section(page("how-to/drive-quant-from-programs.md"), "Which there are")
    assert _codes(section) == {tool.name for tool in standard_tools()}


def test_every_line_of_the_doctor() -> None:
    text = page("how-to/check-your-installation.md")
    assert _codes(_section(text, "Check your installation")) == {one.name for one in examine()}
