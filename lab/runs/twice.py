"""The same report from two kinds of processor: by the same seeds their rounding makes other weights.

python -m runs.twice writes the table of docs/lab-twice.md. ``results/first`` keeps the tables of the first run as they
were committed; ``results`` has the second.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from runs.marked_tables import place
from runs.steps import PAGES, RESULTS

Found = Mapping[str, Any]
FIRST, PAGE = RESULTS / "first", PAGES / "lab-twice.md"
COMPARED = ("forensics", "audit", "curves")


def tables() -> dict[str, str]:
    """Give what the conclusions lean on, from both runs."""
    runs = [
        {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in COMPARED}
        for folder in (FIRST, RESULTS)
    ]
    rows = [f"| {says} | {' | '.join(cell(run) for run in runs)} |" for says, cell in ROWS]
    return {"twice": "\n".join(["| | first run | second run |", "|---|---|---|", *rows])}


def _hits(cell: Found) -> str:
    return f"{round(cell['at_alpha'] * cell['tests'])} of {cell['tests']}"


def _marks(group: str) -> Callable[[Found], str]:
    return lambda run: _hits(run["forensics"]["radioactivity"]["green list 1000"][group])


def _false_finds(run: Found) -> str:
    marks = run["forensics"]["radioactivity"]
    cells = [marks[f"green list {prompts}"]["all unmarked"] for prompts in (100, 300, 1000)]
    return ", ".join(f"{100 * cell['at_alpha']:.2f} % ± {100 * cell['standard_error']:.2f}" for cell in cells)


def _errors(test: str) -> Callable[[Found], str]:
    def cell(run: Found) -> str:
        shared = run["forensics"]["shared_errors"]
        return ", ".join(_hits(shared[group][test]) for group in ("marked-4000", "logits-1000"))

    return cell


def _apart(one: str, other: str, queries: int) -> Callable[[Found], str]:
    def cell(run: Found) -> str:
        (it,) = [
            c
            for c in run["curves"]["contrasts"]
            if (c["one"]["name"], c["other"]["name"], c["one"]["queries"], c["one"]["steps"])
            == (one, other, queries, None)
        ]
        return f"{it['value']:+.2f} ({it['low']:+.2f} to {it['high']:+.2f})"

    return cell


def _kept(group: str) -> Callable[[Found], str]:
    return lambda run: f"{run['audit']['groups'][group]['refusals_kept']['value']:.2f}"


ROWS: tuple[tuple[str, Callable[[Found], str]], ...] = (
    ("questions that the teacher gets wrong", lambda run: str(run["forensics"]["errors"]["usable"])),
    ("radioactivity, 1,000 prompts: marked text", _marks("marked-4000")),
    ("the same, half diluted", _marks("diluted-4000")),
    ("the same, paraphrased", _marks("paraphrased-4000")),
    ("false finds: 100, 300, 1,000 prompts", _false_finds),
    ("errors by rank: marked text, log-probabilities", _errors("rank")),
    ("errors by sign test: the same", _errors("sign")),
    ("refusals kept where their rows are dropped", _kept("dropped-4000")),
    ("hiding the reasoning, 2,000 queries", _apart("reasoning-hidden : text", "none : text", 2000)),
    (
        "single steps asked, 125 queries, against hidden reasoning",
        _apart("reasoning-hidden : decomposition", "reasoning-hidden : text", 125),
    ),
    ("log-probabilities beside text, 250 queries", _apart("none : logprobs", "none : text", 250)),
    ("antidistillation 0.7 beside temperature 1.5", _apart("antidistillation : text", "temperature : text", 2000)),
    (
        "antidistillation 1.3 beside temperature 2",
        _apart("antidistillation (strength 1.3) : text", "temperature (degree 2) : text", 2000),
    ),
    ("votes, against temperature", _apart("temperature : filtering", "temperature : text", 2000)),
)


def main() -> None:
    """Put the table where the page has its marks."""
    place(tables(), PAGE)


if __name__ == "__main__":
    main()
