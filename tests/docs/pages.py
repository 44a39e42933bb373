"""Reading a page of the documentation: its fenced blocks and its links.

A block's first line says what it is:

- ``python`` runs, in order, in one namespace per page; ``python no-run`` does not;
- any language with ``title="name"`` is a file of that name;
- ``console`` is a session: lines that begin with ``$`` are commands, the others what they print;
- ``text`` directly after a ``python`` block is what that block prints.

In expected output ``…`` stands for anything, and a run's id for any run's id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Block", "Command", "all_pages", "blocks_of", "commands_of", "links_of", "shows"]

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^```(.*)$")
_TITLE = re.compile(r'title="([^"]+)"')
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_EXIT = re.compile(r"\s+# exits (\d+)$")
_RUN_ID = re.compile(r"run-\d{8}T\d{6}Z-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: language, words after it, file name if it is a file, text and first line."""

    language: str
    words: tuple[str, ...]
    title: str | None
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a session, the status it exits with, and the lines shown below it."""

    words: str
    status: int
    shown: tuple[str, ...]


def all_pages() -> list[Path]:
    """README, CHANGELOG, CONTRIBUTING and everything under docs, in order of path."""
    top = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = []
    lines = page.read_text(encoding="utf-8").splitlines()
    start: int | None = None
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if start is None:
            start = number
            continue
        head = lines[start][3:].strip()
        title = _TITLE.search(head)
        words = _TITLE.sub("", head).split()
        found.append(
            Block(
                language=words[0] if words else "",
                words=tuple(words[1:]),
                title=title[1] if title else None,
                text="\n".join(lines[start + 1 : number]) + "\n",
                line=start + 2,
            )
        )
        start = None
    assert start is None, f"{page}: the block that begins in line {start} has no end"
    return found


def commands_of(block: Block) -> list[Command]:
    """The commands of a session and what is shown of their output."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0][:-1] + line.strip(), found[-1][1])
        elif line.strip():
            found[-1][1].append(line)
    commands = []
    for words, shown in found:
        status = _EXIT.search(words)
        commands.append(
            Command(
                words=_EXIT.sub("", words),
                status=int(status[1]) if status else 0,
                shown=tuple(shown),
            )
        )
    return commands


def links_of(page: Path) -> list[str]:
    """Targets of the links outside of fenced blocks, with their anchors."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return [target for target in _LINK.findall(text) if ":" not in target]


def shows(output: str, line: str) -> bool:
    """Whether some line of an output is the one shown."""
    wanted = _pattern(line)
    return any(wanted.fullmatch(_plain(real)) for real in output.splitlines())


def _plain(line: str) -> str:
    """A line with any run's id and any number of blanks made one."""
    return " ".join(_RUN_ID.sub("RUN", line).split())


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in _plain(line).split("…")))
