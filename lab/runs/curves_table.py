"""Write the tables of docs/lab-defences.md from the committed results, between their marks.

python -m runs.curves_table
"""

from __future__ import annotations

import json
from itertools import product
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


def contrasts_table(curves: Json) -> str:
    """One row a comparison; the difference is bold where its interval leaves zero out."""
    rows = [
        "| | of what | queries | difference in chains right |",
        "|---|---|---:|---:|",
    ]
    for found in curves["contrasts"]:
        one, other = found["one"], found["other"]
        names = one["name"] if one["name"] == other["name"] else f"{one['name']}, less {other['name']}"
        counts = list(dict.fromkeys(f"{side['queries']:,}" for side in (one, other)))
        apart = "" if found["low"] <= 0 <= found["high"] else "**"
        value = f"{apart}{found['value']:+.2f}{apart} ({found['low']:+.2f} to {found['high']:+.2f})"
        rows.append(f"| {found['question']} | {names} | {' and '.join(counts)} | {value} |")
    return "\n".join(rows)


def longer_table(curves: Json) -> str:
    """One row a cell that was trained for longer, beside itself at the usual steps."""
    usual = {c["name"]: c for c in curves["query_limited"]}
    rows = ["| defence : attacker | queries | usual steps | twice as many |", "|---|---:|---|---|"]
    for cell in curves["longer_trained"]:
        for queries, point in cell["points"].items():
            before = usual[cell["name"]]["points"][queries]["chains"]
            rows.append(f"| {cell['name']} | {int(queries):,} | {_mean(before)} | {_mean(point['chains'])} |")
    return "\n".join(rows)


def another_table(curves: Json) -> str:
    """One row a cell that was made in another world too."""
    here = {c["name"]: c for c in curves["query_limited"]}
    rows = ["| defence : attacker | queries | this world | another |", "|---|---:|---|---|"]
    for cell in curves.get("another_world", {"query_limited": []})["query_limited"]:
        for queries, point in cell["points"].items():
            mine = here[cell["name"]]["points"][queries]["chains"]
            rows.append(f"| {cell['name']} | {int(queries):,} | {_mean(mine)} | {_mean(point['chains'])} |")
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
    """One row a step and host, with what each seed gave."""
    rows = [
        "| step | host | found at the end of day | exchanges with reasoning, % | student then | student on day 14 |",
        "|---:|---|---|---|---|---|",
    ]
    steps = sorted({one["step"] for one in harvest["harvests"]})
    for step, host in product(steps, HOSTS):
        seeds = [one for one in harvest["harvests"] if (one["step"], one["host"]) == (step, host)]
        at = [one["found_on_day"] for one in seeds]
        found = ", ".join("never" if day is None else f"{day + 1}" for day in at)
        then = [one["days"][day]["student"] for one, day in zip(seeds, at, strict=True) if day is not None]
        got = [100 * one["days"][-1]["exchanges"] / one["wanted"] for one in seeds]
        last = [one["days"][-1]["student"] for one in seeds]
        cells = ("never looked" if host == "unwatched" else found, _span(got, ".0f"), _span(then), _span(last))
        rows.append(f"| {step} | {HOSTS[host]} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _span(values: list[float], form: str = ".2f") -> str:
    ends = list(dict.fromkeys(f"{end:{form}}" for end in (min(values), max(values)))) if values else []
    return " to ".join(ends)


HOSTS = {"unwatched": "limits alone", "example": "examples/rules.toml", "suspending": "suspends from 6 bits"}


def ratios_table(curves: Json) -> str:
    """One row a published ratio."""
    rows = ["| ratio of two students | published | here |", "|---|---:|---:|"]
    rows += [
        f"| {ratio['what']} ({ratio['source']}) | {ratio['published']:.2f} | {_mean(ratio['ours'])} |"
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
    """Make all of them; one without rows is none."""
    curves, harvest = read("curves"), read("harvest")
    made = {
        "costs": costs_table(curves),
        "curves": curves_table(curves),
        "contrasts": contrasts_table(curves),
        "longer": longer_table(curves),
        "another": another_table(curves),
        "compute": compute_table(curves),
        "ratios": ratios_table(curves),
        "keys": keys_table(harvest),
        "harvest": harvest_table(harvest),
    }
    return {name: table for name, table in made.items() if table.count("\n") > 1}


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
