"""Goal: no link of the documentation leads nowhere, and every page can be reached.

Method: relative links must name a file of the repository, anchors a heading of it; a walk along the
links from README.md must meet every page.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import ROOT, all_pages, links_of


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, made as repositories on the web make them."""
    found = set()
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    for heading in re.findall(r"^#+ (.*)$", text, flags=re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found


def _target(page: Path, link: str) -> tuple[Path, str]:
    path, _, anchor = link.partition("#")
    return ((page.parent / path).resolve() if path else page), anchor


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in links_of(page):
        target, anchor = _target(page, link)
        assert target.exists(), f"{link}: no such file"
        assert target.is_relative_to(ROOT), f"{link}: outside of the repository"
        if anchor:
            assert anchor in _anchors(target), f"{link}: no such heading"


def test_every_page_is_reached_from_the_readme() -> None:
    met: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in met or page.suffix != ".md":
            continue
        met.add(page)
        waiting += [_target(page, link)[0] for link in links_of(page)]
    missed = [page.relative_to(ROOT).as_posix() for page in all_pages() if page not in met]
    assert not missed
