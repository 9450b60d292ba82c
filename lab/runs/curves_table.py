"""Write the tables of docs/lab-defences.md from the committed results.

    python -m runs.curves_table

A second; tests/unit/test_lab_docs.py says when the page and the results have come apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
Json = dict[str, Any]
ENDS = {"n50": "N50", "n90": "N90"}


def read(name: str) -> Json:
    """Read a committed table."""
    found: Json = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def curves_table(curves: Json) -> str:
    """One row a cell, in the order of accuracy at its most queries."""
    rows = ["| defence : attacker | seeds | chains right, by queries | N50 | N90 |", "|---|---:|---|---:|---:|"]
    for cell in sorted(curves["query_limited"], key=lambda c: (len(c["points"]) < 2, c["name"])):
        points = "; ".join(f"{int(n):,}: {_mean(p['chains'])}" for n, p in cell["points"].items())
        curve = len(cell["points"]) > 1
        ends = " | ".join(_queries(cell, key) if curve else "" for key in ENDS)
        rows.append(f"| {cell['name']} | {cell['seeds']} | {points} | {ends} |")
    return "\n".join(rows)


def compute_table(curves: Json) -> str:
    """One row a number of steps."""
    names = list(dict.fromkeys(c["name"] for c in curves["compute_limited"]))
    rows = ["| steps | " + " | ".join(f"{name}" for name in names) + " |", "|---:|" + "---|" * len(names)]
    cells = [*curves["compute_limited"], *(c for c in curves["query_limited"] if c["name"] in names)]
    most = max((int(n) for c in curves["compute_limited"] for n in c["points"]), default=0)
    for steps in sorted({c["steps"] for c in cells}):
        shown = [next((c for c in cells if (c["name"], c["steps"]) == (name, steps)), None) for name in names]
        values = [_mean(c["points"][str(most)]["chains"]) if c and str(most) in c["points"] else "" for c in shown]
        rows.append(f"| {steps} | " + " | ".join(values) + " |")
    return "\n".join(rows)


def costs_table(curves: Json) -> str:
    """One row a defence and setting."""
    rows = [
        "| defence | served: chains, sorts | words made, seen | log-probabilities | time |",
        "|---|---|---|---:|---:|",
    ]
    for cost in curves["costs"]:
        set_to = ", ".join(f"{key} {value:g}" for key, value in cost["settings"].items())
        name = cost["defence"] + (f" ({set_to})" if set_to else "")
        served = f"{cost['chains_right']:.2f}, {cost['sorts_right']:.2f}"
        words = f"{cost['words_made']:.1f}, {cost['words_shown']:.1f}"
        entries, slower = f"{cost['logprob_entries']:,.0f}", f"{cost['latency_multiplier']:.1f}"
        rows.append(f"| {name} | {served} | {words} | {entries} | {slower} |")
    return "\n".join(rows)


def harvest_table(harvest: Json) -> str:
    """One row a step and host."""
    rows = [
        "| step | host | found at the end of day | exchanges with reasoning | student then | student on day 14 |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for one in sorted(harvest["harvests"], key=lambda o: (o["step"], list(HOSTS).index(o["host"]))):
        at = one["found_on_day"]
        found = "never looked" if one["host"] == "unwatched" else "not found" if at is None else f"{at + 1}"
        then = "" if at is None else f"{one['days'][at]['student']:.2f}"
        last = one["days"][-1]
        got = f"{last['exchanges']:,} of {one['wanted']:,}"
        rows.append(f"| {one['step']} | {HOSTS[one['host']]} | {found} | {got} | {then} | {last['student']:.2f} |")
    return "\n".join(rows)


HOSTS = {"unwatched": "limits alone", "example": "examples/rules.toml", "suspending": "suspends from 6 bits"}


def ratios_table(curves: Json) -> str:
    """One row a published ratio."""
    rows = ["| ratio of two students | published | here |", "|---|---:|---:|"]
    rows += [
        f"| {ratio['what']} ({ratio['source']}) | {ratio['published']:.2f} | {ratio['ours']:.2f} |"
        for ratio in curves["ratios"]
    ]
    return "\n".join(rows)


def tables() -> list[str]:
    """Write all of them."""
    curves, harvest = read("curves"), read("harvest")
    return [
        curves_table(curves),
        compute_table(curves),
        costs_table(curves),
        ratios_table(curves),
        harvest_table(harvest),
    ]


def _mean(point: Json) -> str:
    if point["low"] is None:
        return f"{point['value']:.2f}"
    return f"{point['value']:.2f} ({point['low']:.2f} to {point['high']:.2f})"


def _queries(cell: Json, key: str) -> str:
    value, low, high = (cell[key][name] for name in ("value", "low", "high"))
    numbers = list(cell["points"])
    if value is None:
        share = {"n50": 0.5, "n90": 0.9}[key]
        first = cell["points"][numbers[0]]["chains"]["value"]
        return f"below {int(numbers[0]):,}" if first >= share else f"beyond {int(numbers[-1]):,}"
    ends = ["?" if end is None else f"{end:,.0f}" for end in (low, high)]
    return f"{value:,.0f} ({ends[0]} to {ends[1]})"


if __name__ == "__main__":
    print("\n\n".join(tables()))
