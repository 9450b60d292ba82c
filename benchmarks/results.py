"""``RESULTS.md``, one section each run at a time, between markers, so that sections can be measured apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import describe

RESULTS = Path(__file__).parent / "RESULTS.md"
FIGURES = Path(__file__).parent / "figures"

SECTIONS = (
    "quality",
    "innocents",
    "ladder",
    "contamination",
    "lost",
    "ablation",
    "heldout",
    "calibration",
    "speed",
    "gateway",
    "evidence_limits",
    "evidence",
    "sharing",
    "screening",
)

QUICK_WARNING = (
    "**A trial of the harness, not a measurement**: few cases, a fifth of the sizes that the text names.\n\n"
)

_HEAD = """# Results

Written by `make bench`, one section a command (`python -m benchmarks --help`). Traffic is simulated: real
prompts, invented accounts, planted campaigns. The detector was developed on other seeds of these same scenarios
and prompts, and the peers were not: this shows how it does on campaigns like the ones we thought of.

Peers are re-implemented from their descriptions (`benchmarks/peers/`, where each file says what was changed)
and given the same calls. Where a peer needs an embedding, it is hashed TF-IDF reduced to 128 dimensions and
fitted on innocent history, not bge-small or MiniLM, which are too slow on two cores.
"""


def write_section(name: str, title: str, body: str, *, command: str) -> None:
    """Put a section into ``RESULTS.md``, in place of its last version, with commit, machine and command."""
    assert name in SECTIONS, name
    known = _read_sections()
    warning = QUICK_WARNING if "--quick" in command.split() else ""
    known[name] = f"## {title}\n\n{describe()} `{command}`\n\n{warning}{body.strip()}\n"
    ordered = [f"<!-- {s} -->\n{known[s]}<!-- end -->\n" for s in SECTIONS if s in known]
    RESULTS.write_text(_HEAD + "\n" + "\n".join(ordered))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Format a Markdown table, numbers to the right."""
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(show, row)) + " |" for row in rows]) + "\n"


def show(value: object) -> str:
    """Write a value for a table: two decimals, thousands apart, a dash for nothing."""
    if value is None:
        return "–"  # noqa: RUF001 (a dash, as in the tables of the facts)
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _read_sections() -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    found = re.findall(r"<!-- (\w+) -->\n(.*?)<!-- end -->", RESULTS.read_text(), flags=re.DOTALL)
    return dict(found)
