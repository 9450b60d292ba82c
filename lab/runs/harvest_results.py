"""Join the harvests with the curve, and count days for many keys.

    python -m runs.harvest_results OUT CURVES.json results/harvest.json

OUT is what ``harvest_runs`` filled, CURVES.json what ``curves_results`` wrote; a few seconds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from stillwatch.gateway.nouns import Level, Unit
from stillwatch.gateway.settings import LimitRule
from stillwatch_lab.campaigns.student import Scale, day_found, day_reached, student_by_day
from stillwatch_lab.curves.estimates import Curve, accuracy_at
from stillwatch_lab.defences.rate_limits import Harvesters, answers_by_day

Json = dict[str, Any]
WHOLE = 2_000
"""Queries of the world that the planned harvest is taken for: where the text curve has nearly reached the teacher."""
REAL = 800_000
"""Exchanges of DeepSeek-R1-Distill: what WHOLE stands for where keys and days are counted."""
CALLS_A_DAY, TOKENS = 200, 900
KEYS = (1, 10, 100, 1_000)
DAYS = 60


def text_curve(curves: Json) -> Curve:
    """Read the curve of text without a defence."""
    (cell,) = [c for c in curves["query_limited"] if c["name"] == "none : text"]
    return {int(n): point["values"] for n, point in cell["points"].items()}


def join(folder: Path, curves: Json) -> list[Json]:
    """Put a student beside every day of every harvest; the largest of them is the whole harvest."""
    pieces = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("step-*.json"))]
    scale = Scale(max(piece["wanted"] for piece in pieces), WHOLE)
    curve, chance = text_curve(curves), curves["chance"]
    return [
        {
            **{key: piece[key] for key in ("step", "host", "seed", "wanted", "calls", "accounts", "scan_days")},
            "found_on_day": day_found(piece["days"]),
            "innocents_listed": max(day["innocents_listed"] for day in piece["days"]),
            "strongest_bits": max(day["strongest_bits"] for day in piece["days"]),
            "refused": piece["days"][-1]["harvest"]["refused"],
            "others_refused": piece["days"][-1]["others"]["refused"],
            "days": student_by_day(piece["days"], curve, scale, chance=chance),
        }
        for piece in pieces
    ]


def many_keys(curves: Json) -> Json:
    """Count the days that keys need to the whole harvest, as strangers and as one listed campaign."""
    rate = CALLS_A_DAY * TOKENS / 1440
    levels = (Level.ACCOUNT, Level.CAMPAIGN)
    limits = [LimitRule(level, Unit.OUTPUT_TOKENS, per_minute=rate, burst=TOKENS * 10) for level in levels]
    # Strangers do not share a budget, so k keys get k times what one gets (tested).
    one = answers_by_day(limits, Harvesters(1, output_tokens=TOKENS), days=DAYS)
    listed = answers_by_day(limits, Harvesters(20, output_tokens=TOKENS, campaign="C"), days=DAYS)
    curve, chance = text_curve(curves), curves["chance"]

    def students(answers: list[int]) -> list[float]:
        return [round(accuracy_at(curve, n * WHOLE / REAL, chance=chance), 4) for n in answers]

    rows = {f"{keys:,} strangers": [keys * n for n in one] for keys in KEYS}
    rows["any number, listed as one campaign"] = listed
    return {
        "answers_a_key_and_day": CALLS_A_DAY,
        "exchanges_for_the_whole": REAL,
        "rows": {
            name: {"answers": answers, "students": students(answers), "days_to_whole": day_reached(answers, REAL)}
            for name, answers in rows.items()
        },
    }


def main(out: Path, curves_path: Path, results: Path) -> None:
    """Write the table."""
    curves = json.loads(curves_path.read_text(encoding="utf-8"))
    table = {
        "teacher_right": curves["teacher_right"],
        "whole_harvest_queries": WHOLE,
        "whole_harvest_units": round(WHOLE / curves["unit_queries"], 1),
        "harvests": join(out / "pieces", curves),
        "many_keys": many_keys(curves),
    }
    results.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
