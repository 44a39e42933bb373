"""``quant profiles``: named sets of settings."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.table import Table

__all__ = ["profiles_app"]

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]

profiles_app = App(name="profiles", help="Look at named sets of settings.")


@profiles_app.command(name="list")
def profiles_list(*, json: Json = False) -> int:
    """List the profiles and what each is for."""
    from quant.cli.tables import console, print_json
    from quant.model.profiles import PROFILES

    if json:
        print_json([{"name": one.name, "about": one.about} for one in PROFILES.values()])
        return 0
    table = Table("profile", "what it is for", box=None, padding=(0, 2))
    for one in PROFILES.values():
        table.add_row(one.name, one.about)
    console().print(table)
    return 0


@profiles_app.command(name="show")
def profiles_show(name: str, /, *, json: Json = False) -> int:
    """Show the settings of a profile that differ from the defaults, and what it lacks.

    Parameters
    ----------
    name
        Name of a profile.
    """
    from json import dumps as json_text

    from quant.cli.tables import console, print_json
    from quant.model.parse import config_from, to_mapping
    from quant.model.profiles import find_profile

    profile = find_profile(name)
    changed = _changed(to_mapping(config_from({})), to_mapping(config_from({"profile": name})))
    if json:
        print_json(
            {
                "name": profile.name,
                "about": profile.about,
                "settings": changed,
                "lacks": list(profile.lacks),
            }
        )
        return 0
    out = console()
    out.print(profile.about, highlight=False)
    out.print()
    for section, values in changed.items():
        for key, value in values.items() if isinstance(values, dict) else [("", values)]:
            where = f"{section}.{key}" if key else section
            out.print(f"{where}: {json_text(value)}", highlight=False)
    if not changed:
        out.print("All settings are the defaults.", highlight=False)
    for text in profile.lacks:
        out.print(f"no setting for: {text}", highlight=False)
    return 0


def _changed(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The settings of ``other`` that are not those of ``base``, section by section."""
    found: dict[str, Any] = {}
    for name, value in other.items():
        if not isinstance(value, dict):
            if value != base[name]:
                found[name] = value
            continue
        differs = {k: v for k, v in value.items() if base[name].get(k, None) != v}
        if differs:
            found[name] = differs
    return found
