"""A page of headings, sentences, tables and pictures, with nothing loaded from elsewhere."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from matplotlib import rcParams
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse;width:100%;margin:.8rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #d5dde5}th{font-weight:600}
td.n{text-align:right;font-variant-numeric:tabular-nums}figure{margin:1rem 0}svg{max-width:100%;height:auto}
.found{color:#a12d13;font-weight:600}.unknown{color:#8a6100;font-weight:600}.clear{color:#1f6b3a;font-weight:600}
@media(prefers-color-scheme:dark){body{background:#12181f;color:#dde5ec}th,td{border-color:#33404c}figure{background:#fff;padding:.5rem}
.found{color:#ff9478}.unknown{color:#f0c05a}.clear{color:#7fd6a0}}"""


@dataclass
class Page:
    """Grows from top to bottom; everything that is added is escaped."""

    title: str
    parts: list[str] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Begin a section."""
        self.parts.append(f"<h2>{escape(text)}</h2>")

    def say(self, text: str) -> None:
        """Add a paragraph."""
        self.parts.append(f"<p>{escape(text)}</p>")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]], *, classes: Sequence[str] = ()) -> None:
        """Add a table; numbers stand at the right. ``classes``: one a row, for its first cell."""
        top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        kinds = classes or [""] * len(rows)
        body = "".join(
            "<tr>" + "".join(_cell(cell, kind if at == 0 else "") for at, cell in enumerate(row)) + "</tr>"
            for row, kind in zip(rows, kinds, strict=True)
        )
        self.parts.append(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")

    def picture(self, figure: Figure, caption: str) -> None:
        """Add a figure as inline SVG; the same figure gives the same bytes."""
        self.parts.append(f"<figure>{draw(figure)}<figcaption>{escape(caption)}</figcaption></figure>")

    def render(self) -> str:
        """Give the HTML."""
        title = escape(self.title)
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{''.join(self.parts)}</html>\n"
        )


def draw(figure: Figure) -> str:
    """Turn a figure into an SVG element."""
    rcParams["svg.hashsalt"] = "stillwatch-lab"
    FigureCanvasSVG(figure)
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def _cell(value: object, kind: str) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    classes = " ".join(filter(None, ("n" if number else "", kind)))
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f'<td class="{classes}">{escape(shown)}</td>' if classes else f"<td>{escape(shown)}</td>"
