"""The table in docs/signals.md says what the code says."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from stillwatch.detect.signal import Signal, find_signals

PAGE = Path(__file__).parents[4] / "docs" / "signals.md"


def row(signal: Signal) -> str:
    """Render a signal as a line of the table, from its declaration and docstring."""
    doc = inspect.getdoc(signal.function) or ""
    said = dict(re.findall(r"^(Catches|Misses|False alarms|Source): (.*)", doc, re.MULTILINE))
    value = re.sub(r"^See ", "", doc.split("\n")[0]).replace("``", "`")
    known = (
        ("seeds", signal.seeds),
        ("tool", signal.of_tool),
        ("compares", signal.compares),
        ("partial", signal.partial),
    )
    marks = [w for w, on in known if on]
    needs = ", ".join(f"`{n}`" for n in signal.needs)
    cells = [
        f"`{signal.name}`",
        str(signal.family),
        f"{signal.max_bits:g}",
        ", ".join(marks),
        needs,
        value,
        *(said[w].strip() for w in ("Catches", "Misses", "False alarms", "Source")),
    ]
    return f"| {' | '.join(cells)} |"


def test_every_signal_has_its_line_as_the_code_has_it() -> None:
    expected = [row(s) for s in find_signals() if s.function.__module__.startswith("stillwatch.")]
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert lines == expected, "replace the table's lines by:\n" + "\n".join(expected)
