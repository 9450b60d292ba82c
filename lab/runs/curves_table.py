"""Write the tables of docs/lab-defences.md from the committed results, between their marks.

python -m runs.curves_table
"""

from __future__ import annotations

import json
from typing import Any

from runs.marked_tables import place
from runs.steps import PAGES, RESULTS

PAGE = PAGES / "lab-defences.md"
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


def keys_table(harvest: Json) -> str:
    """One row a number of keys."""
    rows = [
        "| keys | answers after 30 days | days to the whole harvest | student after 30 days |",
        "|---|---:|---:|---:|",
    ]
    for name, row in harvest["many_keys"]["rows"].items():
        days = row["days_to_whole"]
        shown = f"beyond {len(row['answers'])}" if days is None else str(days)
        rows.append(f"| {name} | {row['answers'][29]:,} | {shown} | {row['students'][29]:.2f} |")
    return "\n".join(rows)


def tables() -> dict[str, str]:
    """Make all of them."""
    curves, harvest = read("curves"), read("harvest")
    return {
        "costs": costs_table(curves),
        "curves": curves_table(curves),
        "compute": compute_table(curves),
        "ratios": ratios_table(curves),
        "keys": keys_table(harvest),
        "harvest": harvest_table(harvest),
    }


def main() -> None:
    """Put the tables where the page has their marks."""
    place(tables(), PAGE)


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
    main()
