"""Is this installation sound? One check per thing that has ever kept quant from running well.

A check is ``ok``, a ``note`` (worth knowing, nothing is broken) or a ``problem``, and says what to
do about the latter two. A check that itself raises is a problem: the doctor always ends.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from quant import __version__
from quant.engine.lookahead.confine import landlock_abi
from quant.errors import QuantError

__all__ = ["Check", "examine"]

_NEEDED: Final = (
    "numpy",
    "numba",
    "polars",
    "pydantic",
    "ruamel.yaml",
    "tzdata",
    "cyclopts",
    "rich",
    "jinja2",
    "orjson",
)
_GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor.

    Attributes
    ----------
    name : str
    status : str
        ``ok``, ``note`` or ``problem``.
    text : str
        What was found.
    advice : str
        What to do; empty if nothing.
    """

    name: str
    status: str
    text: str
    advice: str = ""


def examine(runs: str = "runs") -> list[Check]:
    """Every check, in a fixed order.

    Parameters
    ----------
    runs : str
        The folder runs are written to.
    """
    checks: dict[str, Callable[[], Check]] = {
        "quant": _quant,
        "libraries": _libraries,
        "processor": _processor,
        "memory": _memory,
        "kernel cache": _kernel_cache,
        "runs folder": lambda: _runs_folder(runs),
        "temporary folder": _temporary_folder,
        "time zones": _time_zones,
        "calendars": _calendars,
        "bundled data": _bundled_data,
        "pandas": _pandas,
        "confinement": _confinement,
        "browser": _browser,
        "known run": _known_run,
    }
    return [_guarded(name, check) for name, check in checks.items()]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """The check, or the exception it ended with as a problem."""
    try:
        return check()
    except Exception as error:
        return Check(
            name=name,
            status="problem",
            text=f"raised {type(error).__name__}: {' '.join(str(error).split())}",
            advice="reinstall quant into a fresh environment; if it stays, report it as a bug.",
        )


def _quant() -> Check:
    python = ".".join(map(str, sys.version_info[:3]))
    text = f"{__version__} on Python {python}, {platform.system()} {platform.machine()}"
    return Check(name="quant", status="ok", text=text)


def _libraries() -> Check:
    found, wrong = [], []
    lowest = _lowest()
    for name in _NEEDED:
        try:
            present = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        found.append(f"{name} {present}")
        if name in lowest and _parts(present) < _parts(lowest[name]):
            wrong.append(f"{name} {present} is older than {lowest[name]}")
    if wrong:
        return Check(
            name="libraries",
            status="problem",
            text="; ".join(wrong),
            advice="install quant again, with its requirements.",
        )
    return Check(name="libraries", status="ok", text=", ".join(found))


def _lowest() -> dict[str, str]:
    """The oldest version of each requirement, as the installed package states it."""
    try:
        stated = requires("quant") or []
    except PackageNotFoundError:
        return {}
    found = (re.match(r"([\w.-]+)\s*(?:\[[^]]*\])?\s*[^;]*?>=\s*([\d.]+)", one) for one in stated)
    return {match[1]: match[2] for match in found if match and match[1] in _NEEDED}


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _processor() -> Check:
    from quant.kernel.cache import cpu_name
    from quant.kernel.jit import INTERPRETED

    model = cpu_name().partition(":")[2].strip() or platform.processor() or platform.machine()
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    text = f"{model.splitlines()[0][:80]}, {count} usable"
    if INTERPRETED:
        return Check(
            name="processor",
            status="note",
            text=f"{text}; compilation is switched off",
            advice="unset NUMBA_DISABLE_JIT: runs are some hundred times slower with it.",
        )
    return Check(name="processor", status="ok", text=text)


def _memory() -> Check:
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total, free = (page * os.sysconf(f"SC_{one}PHYS_PAGES") for one in ("", "AV"))
    except (ValueError, OSError, AttributeError):
        return Check(name="memory", status="note", text="unknown on this system")
    text = f"{total / _GIB:.1f} GiB, {free / _GIB:.1f} GiB free"
    if total < 2 * _GIB:
        return Check(
            name="memory",
            status="note",
            text=text,
            advice="ten years of minute bars of one symbol need about 1 GiB; load fewer at once.",
        )
    return Check(name="memory", status="ok", text=text)


def _kernel_cache() -> Check:
    from quant.kernel.cache import cache_folder, is_warm

    folder = cache_folder()
    place = next(one for one in (folder, *folder.parents) if one.exists())
    if not _is_writable(place):
        return Check(
            name="kernel cache",
            status="problem",
            text=f"{folder} cannot be written: every process would compile anew",
            advice="set QUANT_CACHE to a folder that can be written.",
        )
    if not is_warm():
        return Check(
            name="kernel cache",
            status="note",
            text=f"{folder}, the kernel is not compiled yet",
            advice="the first run compiles it, once, in some 15 to 30 seconds.",
        )
    return Check(name="kernel cache", status="ok", text=f"{folder}, the kernel is compiled")


def _is_writable(folder: Path) -> bool:
    """Whether a file can be made there; nothing is left behind."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".quant-"):
            return True
    except OSError:
        return False


def _runs_folder(runs: str) -> Check:
    from quant.engine.folder import prepare_folder

    folder = Path(runs).absolute()
    try:
        prepare_folder(folder)
    except QuantError as error:
        return Check(
            name="runs folder",
            status="problem",
            text=str(error),
            advice="choose a folder that can be written with --out.",
        )
    place = next(one for one in (folder, *folder.parents) if one.exists())
    return _with_space("runs folder", folder, place)


def _temporary_folder() -> Check:
    folder = Path(tempfile.gettempdir())
    if not _is_writable(folder):
        return Check(
            name="temporary folder",
            status="problem",
            text=f"{folder} cannot be written",
            advice="set TMPDIR to a folder that can be written.",
        )
    return _with_space("temporary folder", folder, folder)


def _with_space(name: str, folder: Path, place: Path) -> Check:
    free = shutil.disk_usage(place).free
    text = f"{folder}, {free / _GIB:.1f} GiB free"
    if free < _GIB:
        return Check(name=name, status="note", text=text, advice="free some space.")
    return Check(name=name, status="ok", text=text)


def _time_zones() -> Check:
    try:
        zone = ZoneInfo("America/New_York")
    except Exception:
        return Check(
            name="time zones",
            status="problem",
            text="America/New_York is unknown",
            advice="install the package tzdata.",
        )
    return Check(name="time zones", status="ok", text=f"tzdata {version('tzdata')}, {zone.key}")


def _calendars() -> Check:
    from quant.calendars import known_calendars, load_calendar

    found = [(name, load_calendar(name).version) for name in known_calendars()]
    text = ", ".join(f"{name} {content[:15]}" for name, content in found)
    return Check(name="calendars", status="ok", text=text)


def _bundled_data() -> Check:
    from quant.engine.writing import sha256_of
    from quant.lake import find_sample, sample_names

    wrong = []
    for name in sample_names():
        sample = find_sample(name)
        if not sample.path.is_file() or sha256_of(sample.path) != sample.sha256:
            wrong.append(name)
    if wrong:
        return Check(
            name="bundled data",
            status="problem",
            text=f"{', '.join(wrong)} are not what was shipped",
            advice="install quant again.",
        )
    return Check(name="bundled data", status="ok", text=", ".join(sample_names()))


def _pandas() -> Check:
    try:
        module = importlib.import_module("pandas")
    except ImportError:
        return Check(
            name="pandas",
            status="note",
            text="not installed",
            advice="quant does not need it; install it to hand over pandas frames.",
        )
    return Check(name="pandas", status="ok", text=f"{module.__version__}")


def _confinement() -> Check:
    abi = landlock_abi()
    if abi < 1:
        return Check(
            name="confinement",
            status="note",
            text="this system has no Landlock",
            advice="files that native readers open cannot be kept from an audited strategy here.",
        )
    return Check(name="confinement", status="ok", text=f"Landlock, interface {abi}")


def _browser() -> Check:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    try:
        webbrowser.get()
    except webbrowser.Error:
        return Check(
            name="browser",
            status="note",
            text=f"none to open reports with{f'; {chromium} is installed' if chromium else ''}",
            advice="--open will not work; copy the report to where a browser is.",
        )
    return Check(name="browser", status="ok", text=chromium or "the system's")


def _known_run() -> Check:
    from quant.ops.known_run import compare, expected, observed, run_it

    said = compare(observed(run_it()), expected())
    if said == "same bytes":
        return Check(name="known run", status="ok", text="gives the shipped result, byte for byte")
    if said == "within 1e-9":
        return Check(
            name="known run",
            status="note",
            text="gives the shipped result within 1e-9, not byte for byte",
            advice="runs repeat to the byte here; compared with other machines, look at 1e-9.",
        )
    return Check(
        name="known run",
        status="problem",
        text="gives other numbers than the shipped result",
        advice="do not trust results of this installation: install quant again, and report it.",
    )
