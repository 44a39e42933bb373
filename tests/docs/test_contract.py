"""Goal: the contract answers with a decision, a number and a test, wherever one looks.

Method: the pages of the contract are read. Each row of the tables of rules and questions must name
a test, each section must name some, and scenarios and pages must name one another completely.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import ROOT

CONCEPTS = ROOT / "docs" / "concepts"
SCENARIOS = ROOT / "tests" / "golden" / "scenarios"
CONTRACT = ("fills", "accounting", "questions")
TEST = re.compile(r"`(?:tests/[\w/]+\.py(?:::test_\w+)?|\w+\.txt)`")
# Sections that state no rule of their own.
WITHOUT_RULES = {"What is left out", "What else a review asks"}


def _text(name: str) -> str:
    return (CONCEPTS / f"{name}.md").read_text(encoding="utf-8")


def _sections(name: str) -> dict[str, str]:
    """Sections of the second level by their headings."""
    parts = re.split(r"^## ", _text(name), flags=re.M)[1:]
    return {part.partition("\n")[0]: part for part in parts}


def _tables(text: str) -> list[tuple[list[str], list[list[str]]]]:
    """Every table as its header and its rows."""
    found: list[tuple[list[str], list[list[str]]]] = []
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", stripped)[1:-1]]
        if not inside:
            found.append((cells, []))
        elif set("".join(cells)) - set("-:"):
            found[-1][1].append(cells)
        inside = True
    return found


def _scenarios_named() -> set[str]:
    return {name for page in CONTRACT for name in re.findall(r"`(\w+)\.txt`", _text(page))}


@pytest.mark.parametrize("page", CONTRACT)
def test_every_scenario_that_a_page_names_exists(page: str) -> None:
    for name in re.findall(r"`(\w+)\.txt`", _text(page)):
        assert (SCENARIOS / f"{name}.txt").is_file(), name


def test_every_scenario_is_named_by_the_rule_that_it_holds() -> None:
    # "Each row is a text of its name": the limits before the order
    limits = {f"risk_{row[0].strip('`')}" for row in _limits()}
    named = _scenarios_named() | limits
    assert not {path.stem for path in SCENARIOS.glob("*.txt")} - named


def _limits() -> list[list[str]]:
    return _tables(_sections("fills")["Limits before the order"])[0][1]


def test_every_limit_has_a_scenario_of_its_name() -> None:
    for row in _limits():
        assert (SCENARIOS / f"risk_{row[0].strip('`')}.txt").is_file(), row[0]


@pytest.mark.parametrize("page", CONTRACT)
def test_every_section_names_its_tests(page: str) -> None:
    for heading, text in _sections(page).items():
        assert heading in WITHOUT_RULES or TEST.search(text), heading


@pytest.mark.parametrize("page", CONTRACT)
def test_every_row_of_a_table_with_tests_names_one(page: str) -> None:
    for header, rows in _tables(_text(page)):
        if header[-1] != "test":
            continue
        for row in rows:
            assert len(row) == len(header), row
            assert TEST.search(row[-1]), row


def test_every_bullet_of_the_rules_of_fills_names_a_test() -> None:
    """Also the bullets of costs, lives, conditions and groups; one that has rows, in its rows."""
    for heading, text in _sections("fills").items():
        for bullet in re.split(r"^- ", text, flags=re.M)[1:]:
            rule = re.split(r"\n\n(?! )|\n\|", bullet)[0]
            assert TEST.search(rule) or heading in GROUPED, f"{heading}: {rule[:80]}"


# Here one list of tests stands under the bullets of a section.
GROUPED = {"Money", "Sizing from a weight or a value"}


def test_every_question_has_a_decision_a_number_and_a_rule() -> None:
    tables = [t for t in _tables(_text("questions")) if t[0][-1] == "test"]
    assert sum(len(rows) for _, rows in tables) >= 40
    for header, rows in tables:
        assert header == ["question", "decision", "worked number", "rule", "test"]
        for row in rows:
            assert all(row), row
            assert re.search(r"\d", row[2]), row
            assert re.search(r"\]\((fills|accounting)\.md#", row[3]), row


def test_a_table_is_read_as_it_stands() -> None:
    text = "| a | test |\n|---|---|\n| 1 | `x.txt` |\n\nwords\n\n  | b |\n  |---|\n  | 2 |\n"
    assert _tables(text) == [(["a", "test"], [["1", "`x.txt`"]]), (["b"], [["2"]])]
    assert TEST.search("`tests/a/test_b.py::test_c`")
    assert not TEST.search("`tests`")


def test_both_pages_and_the_index_lead_to_the_questions() -> None:
    for page in (CONCEPTS / "fills.md", CONCEPTS / "accounting.md", Path(ROOT / "docs/index.md")):
        assert "questions.md)" in page.read_text(encoding="utf-8")
