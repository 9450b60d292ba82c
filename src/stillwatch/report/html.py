"""Write ``report.html``: one page that needs no network and no script."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from stillwatch.errors import ReportError
from stillwatch.report.page import page
from stillwatch.report.read import read_folder
from stillwatch.report.words import bits, capital, count, visible


def write_report_html(folder: Path, *, samples: dict[str, list[str]]) -> None:
    """Write ``report.html`` into a scan's folder, from the tables in it and masked sample prompts by campaign.

    The same input gives the same bytes. Raises ReportError for tables that cannot be read and a page that cannot be
    written.
    """
    text = render(page(read_folder(folder), samples=samples))
    try:
        (folder / "report.html").write_text(text, encoding="utf-8", newline="\n")
    except OSError as problem:
        raise ReportError(
            f"{folder / 'report.html'}: cannot be written: {problem.strerror}; choose another --out"
        ) from problem


def render(view: object, *, template: str = "report.html") -> str:
    """Turn a page view into HTML in which every value is escaped and only our own style and script can run."""
    # StrictUndefined: a misspelt field must fail a test, not leave a hole in the page.
    environment = Environment(
        loader=PackageLoader("stillwatch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"capital": capital, "count": count, "bits": bits}
    style, script = _asset("report.css"), _asset("report.js")
    whole = environment.get_template(template)
    return whole.render(page=view, style=style, script=script, policy=policy(style=style, script=script))


def _visible(value: Any) -> Any:
    """Keep text from outside from hiding or turning around what stands next to it; our own markup stays as it is."""
    return visible(value, keep="\n\t") if isinstance(value, str) and not hasattr(value, "__html__") else value


def policy(*, style: str, script: str) -> str:
    """Return a Content-Security-Policy that allows this very style and this very script, and nothing else (CSP 3)."""
    ours = f"style-src {_source(style)}; script-src {_source(script)}"
    return f"default-src 'none'; {ours}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(file: str) -> str:
    return resources.files("stillwatch.report").joinpath("templates", file).read_text(encoding="utf-8")
