"""Write the tables of docs/lab.md from the committed results, between their marks.

python -m runs.lab_tables
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runs.forensics_figure import NAMES
from runs.marked_tables import place
from runs.steps import CPU, PAGES, RESULTS

Found = Mapping[str, Any]


def forensics_table(found: Found) -> str:
    """Give the shares found of every group of suspects, by test."""
    errors, keys = found["errors"], "green list 1000"
    head = (
        f"| suspects | canaries (16 asked) | shared errors, rank ({errors['usable']} asked) "
        f"| shared errors, sign test ({errors['facts']} facts) | radioactivity, 1,000 prompts |"
    )
    groups = [name for name in NAMES if name in found["shared_errors"]]
    rows = [_controls(found)]
    for name in groups:
        cell = found["shared_errors"][name]
        scheme = "tournament 1000" if name.startswith("tournament") else keys
        rows.append(
            f"| {found['suspects'][name]} {NAMES[name]} | {_share(found['canaries'][name])} | {_share(cell['rank'])} "
            f"| {_share(cell['sign'])} | {_mark(found['radioactivity'].get(scheme, {}).get(name))} |"
        )
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def _controls(found: Found) -> str:
    groups = [name for name in found["suspects"] if name.startswith("controls-")]
    cells = [
        [found["canaries"][name] for name in groups],
        [found["shared_errors"][name]["rank"] for name in groups],
        [found["shared_errors"][name]["sign"] for name in groups],
    ]
    shares = [f"{sum(round(c['at_alpha'] * c['tests']) for c in them)} of {found['controls']}" for them in cells]
    false = found["radioactivity"]["green list 1000"].get("all unmarked")
    return f"| {found['controls']} controls, each against the others | {' | '.join(shares)} | {_mark(false)} |"


def _share(cell: Found) -> str:
    hits = round(cell["at_alpha"] * cell["tests"])
    return f"{hits} of {cell['tests']} ({cell['interval'][0]:.2f} to {cell['interval'][1]:.2f})"


def _mark(cell: Found | None) -> str:
    if cell is None:
        return ""
    if "interval" in cell:
        return _share(cell)
    return f"{100 * cell['at_alpha']:.2f} % of {cell['tests']:,} tests"


def false_finds_table(found: Found) -> str:
    """Give how often the watermark test finds models that saw no mark, by the number of prompts."""
    rows = [
        f"| {scheme}, {int(prompts):,} prompts | {100 * cell['at_alpha']:.2f} % ± {100 * cell['standard_error']:.2f} "
        f"| {100 * cell['at_0.05']:.2f} % | {cell['tests']:,} |"
        for (scheme, prompts), cell in (
            (name.rsplit(" ", 1), cell["all unmarked"])
            for name, cell in found["radioactivity"].items()
            if "all unmarked" in cell
        )
    ]
    return "\n".join(["| | found at 0.01 ± standard error over keys | at 0.05 | tests |", "|---|---|---|---|", *rows])


def power_table(found: Found) -> str:
    """Give the share of many students found, by how much was asked or read, with the false finds of the same tests."""
    marked = "marked text, 4,000 queries"
    rows = [
        *(_power(marked, f"its words, {int(n):,} prompts", cell) for n, cell in found["words"].items()),
        *(_power(marked, f"its probabilities, {n} texts of the host", c) for n, c in found["probabilities"].items()),
        *(
            _power("log-probabilities, 1,000 queries", f"errors repeated, {name}", found["errors"][key])
            for key, name in (("rank", f"rank ({found['errors']['questions']} asked)"), ("sign", "sign test"))
        ),
    ]
    return "\n".join(["| students of | read | found at 0.01 | false finds |", "|---|---|---|---|", *rows])


def _power(students: str, read: str, cell: Found) -> str:
    false = _mark(cell["false finds"]) if "false finds" in cell else ""
    return f"| {students} | {read} | {_share(cell)} | {false} |"


def inside_table(found: Found) -> str:
    """Give what weights and inner states show."""
    rows = [
        ("controls with each other", found["lineage_of_controls_with_each_other"], None),
        *(
            (NAMES.get(name, name), found["lineage_with_teacher"][name], found["likeness"][name])
            for name in ("logits-1000", "text-4000", "marked-4000")
            if name in found["lineage_with_teacher"]
        ),
        (
            "trained on for a tenth of the steps: with what they were",
            found["lineage_after_training_on"].get("own"),
            None,
        ),
        ("the same, with another student", found["lineage_after_training_on"].get("another"), None),
    ]
    lines = [
        f"| {name} | {_pairs(lineage)} | {_range(lineage['cosine'], '+.3f')} "
        f"| {_range((states or {}).get('likeness'))} |"
        for name, lineage, states in rows
        if lineage
    ]
    return "\n".join(
        ["| pairs | found by weights, p ≤ 0.01 | mean cosine | likeness of states |", "|---|---|---|---|", *lines]
    )


def _pairs(cell: Found) -> str:
    return f"{round(cell['at_alpha'] * cell['tests']):,} of {cell['tests']:,}"


def _range(values: Sequence[float] | None, form: str = ".2f") -> str:
    return f"{values[0]:{form}} to {values[-1]:{form}}" if values else ""


AUDIT_NAMES = {
    "controls-0": "independent",
    "text-4000": "text, 4,000 queries",
    "dropped-4000": "the same, refusals dropped by its maker",
    "marked-4000": "marked text, 4,000 queries",
    "logits-1000": "log-probabilities, 1,000 queries",
    "logits-250": "log-probabilities, 250 queries",
}


def audit_table(found: Found) -> str:
    """Give what students took over and lost: means over students."""
    columns = {
        "right": "right",
        "errors_repeated": "teacher's errors repeated",
        "gap_sampled": "gap, sampled",
        "gap_greedy": "gap, greedy",
        "refusals_kept": "refuses what is to be refused",
        "refusals_too_many": "refuses what is not",
        "same_each_time": "same answer five times",
        "right_each_time": "right five times",
    }
    own = " | ".join(f"{found['teacher'][what]:.2f}" for what in columns)
    rows = [f"| teacher | {own} |"]
    for name, words in AUDIT_NAMES.items():
        if name in found["groups"]:
            cells = found["groups"][name]
            count = len(cells["right"]["values"])
            rows.append(f"| {count} {words} | {' | '.join(_mean(cells[what]) for what in columns)} |")
    return "\n".join([f"| | {' | '.join(columns.values())} |", "|---|" + "---|" * len(columns), *rows])


def _mean(cell: Found) -> str:
    if cell["low"] == cell["high"]:
        return f"{cell['value']:.2f}"
    return f"{cell['value']:.2f} ({cell['low']:.2f} to {cell['high']:.2f})"


DOCS_NAMES = {
    "logits-4000": "whole distributions, 4,000 queries",
    "text-4000": "text, 4,000 queries",
    "logits-1000": "whole distributions, 1,000 queries",
    "text-1000": "text, 1,000 queries",
    "marked-4000": "marked text, 4,000 queries",
    "same-source": "another start, the teacher's own text",
    "controls": "independent, half of the text shared",
}


def docs_table(found: Found) -> str:
    """Give fidelity and shared errors in the second setting."""
    teacher = found["fidelity"]["teacher"]["loss"]["mean"]
    rows = [f"| teacher | {teacher:.3f} | | | |"]
    for name, words in DOCS_NAMES.items():
        if name not in found["fidelity"]:
            continue
        cell, shares = found["fidelity"][name], found["shared_errors"][name]["shares"]
        values = " | ".join(
            f"{cell[k]['mean']:.3f} ± {cell[k]['half_width']:.3f}" for k in ("loss", "divergence", "agreement")
        )
        rows.append(f"| {len(shares)} of {words} | {values} | {min(shares):.2f} to {max(shares):.2f} |")
    head = (
        "| models | loss on held-out text, nats | divergence from the teacher | same likeliest token "
        "| teacher's errors repeated |"
    )
    return "\n".join([head, "|---|---|---|---|---|", *rows])


CORES = 2


def cpu_table(found: Found) -> str:
    """Sum what the steps of the report took, by the first part of their names."""
    parts: dict[str, list[float]] = {}
    for name, seconds in found.items():
        part, _, _ = name.partition("/")
        parts.setdefault(part if part in PARTS else "results", []).append(seconds)
    rows = [f"| {PARTS[part]} | {len(parts[part])} | {sum(parts[part]) / 60:.0f} |" for part in PARTS if part in parts]
    whole = sum(found.values()) / 3600
    total = f"| all, **{whole / CORES:.1f} hours** on {CORES} cores | {len(found)} | {60 * whole:.0f} |"
    return "\n".join(["| | steps | minutes of one core |", "|---|---:|---:|", *rows, total])


PARTS = {
    "forensics": "forensics: training",
    "power": "power: training of more students",
    "docs": "second setting: training",
    "curves": "curves: harvests, training, exams",
    "harvest": "harvests day by day: traffic, calls, scans",
    "results": "judging, tables, pictures",
}

TABLES: dict[str, tuple[str, Callable[[Found], str]]] = {
    "forensics": ("forensics.json", forensics_table),
    "false-finds": ("forensics.json", false_finds_table),
    "power": ("power.json", power_table),
    "inside": ("inside.json", inside_table),
    "audit": ("audit.json", audit_table),
    "docs": ("docs.json", docs_table),
    "cpu": (CPU, cpu_table),
}


def tables() -> dict[str, str]:
    """Make every table whose results are committed; one without rows is none."""
    made = {
        name: make(json.loads((RESULTS / file).read_text(encoding="utf-8")))
        for name, (file, make) in TABLES.items()
        if (RESULTS / file).exists()
    }
    return {name: table for name, table in made.items() if table.count("\n") > 1}


def main() -> None:
    """Put the tables where the page has their marks."""
    place(tables(), PAGES / "lab.md")


if __name__ == "__main__":
    main()
