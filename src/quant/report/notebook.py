"""A run in a notebook: key figures and the picture of equity, without a script.

The picture is an image with its style inside, so that it looks the same wherever notebooks are
shown, also where style of the page is stripped. Its colours read on light and dark.
"""

from __future__ import annotations

import base64
from html import escape
from typing import Final

from quant.report.figures import tiles_of
from quant.report.pictures import equity_picture, equity_words
from quant.report.sheet import TearSheet

__all__ = ["notebook_html"]

_WIDTH, _HEIGHT, _PLOT = 760, 300, 250
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#808a99}.y{text-anchor:end}"
    ".grid{stroke:#808a99;stroke-opacity:.25}path{fill:none}"
    ".strategy{stroke:#3b82e6;stroke-width:1.8px}.benchmark{stroke:#98a2b0;stroke-width:1.2px}"
)
_CELL: Final = "text-align:left;padding:2px 24px 2px 0;border:0"


def notebook_html(sheet: TearSheet) -> str:
    """The figures as a table, the picture as an image; no script and no request."""
    head = f"{sheet.title}, {sheet.status}" + (f" · {sheet.subtitle}" if sheet.subtitle else "")
    tiles = tiles_of(sheet)
    cells = [
        f'<td style="{_CELL}"><small>{escape(tile.label)}</small><br>'
        f"<strong>{escape(tile.text)}</strong><br><small>{escape(tile.beneath)}</small></td>"
        for tile in tiles
    ]
    rows = [f"<tr>{''.join(cells[k : k + 4])}</tr>" for k in range(0, len(cells), 4)]
    n_amber = sum(item.level == "amber" for item in sheet.assumptions)
    words = "assumption" if n_amber == 1 else "assumptions"
    note = f"<p>{n_amber} {words} of this run may flatter the result.</p>" if n_amber else ""
    return (
        f"<div><p><strong>{escape(head)}</strong></p>{note}"
        f'<table style="border-collapse:collapse">{"".join(rows)}</table>'
        f'<img width="{_WIDTH}" style="max-width:100%" alt="{escape(equity_words(sheet))}" '
        f'src="{_image(sheet)}"></div>'
    )


def _image(sheet: TearSheet) -> str:
    """The picture of equity as the address of an image."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}">'
        f'<style>{_STYLE}</style><svg x="60" y="12" width="{_WIDTH - 76}" height="{_PLOT}" '
        f'overflow="visible">{_open(str(equity_picture(sheet, _PLOT)))}</svg></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')}"


def _open(picture: str) -> str:
    """The page lets labels stand outside of the picture by its style, the image by this."""
    return picture.replace("<svg ", '<svg overflow="visible" ', 1)
