"""``python -m benchmarks.registry.names CASES.csv --peer PYTHON``: a published name bench, its own matcher beside ours.

``CASES.csv`` is nomenklatura's ``contrib/name_bench/cases.csv`` (MIT, github.com/opensanctions/nomenklatura), or rows
of it; it is not part of this repository. Columns read: case_group, schema, name1 (query), name2 (listed), is_match.
Vessels are left out: nobody here screens ships. The peer is logic-v2 of the nomenklatura that PYTHON has, each at every
threshold, and by group of cases at the threshold that suits it best.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from pathlib import Path

from benchmarks.registry.chinese import peer_scores
from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.names import compare_names

THRESHOLDS = (0.65, 0.7, 0.75, 0.8, 0.85)
LEAST_PAIRS = 50
"""Of fewer pairs a group's F1 is an anecdote."""


def f1(scores: list[float], right: list[bool], threshold: float) -> tuple[float, float, float]:
    """Return precision, recall and F1."""
    hits = [s >= threshold for s in scores]
    true = sum(h and r for h, r in zip(hits, right, strict=True))
    precision, recall = true / max(1, sum(hits)), true / sum(right)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def read_cases(path: Path) -> list[dict[str, str]]:
    """Return the rows about parties that a register may have."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["schema"] in set(Kind)]


def our_scores(cases: list[dict[str, str]]) -> list[float]:
    """Compare each pair."""
    return [compare_names(row["name1"], row["name2"], Kind(row["schema"])).score for row in cases]


def said(path: Path) -> str:
    """Say what the rows are, and what is not known of them."""
    cases = read_cases(path)
    same = sum(row["is_match"] == "true" for row in cases)
    return (
        f"nomenklatura's `contrib/name_bench`: {len(cases):,} pairs without ships, {same:,} of them the same. Our "
        "weights were chosen on its first 311 pairs (groups `nk_checks` and `nk_unit_tests`), on none of the groups "
        "`synth_…`; the peer's maker wrote the bench."
    )


def rows(path: Path, peer: str) -> list[tuple[object, ...]]:
    """Return for each system and threshold: system, group, pairs, threshold, precision, recall, F1.

    Then the same of each group of cases, at the threshold of its best F1.
    """
    cases = read_cases(path)
    systems = {"**Stillwatch**": our_scores(cases)}
    if peer:
        systems["nomenklatura, logic-v2"] = peer_scores(peer, [(r["name1"], r["name2"], r["schema"]) for r in cases])
    groups = Counter(row["case_group"] for row in cases)
    large = [group for group, pairs in groups.items() if pairs >= LEAST_PAIRS]
    whole = [_row(name, cases, scores, "", at) for name, scores in systems.items() for at in THRESHOLDS]
    return whole + [
        max((_row(name, cases, scores, group, at) for at in THRESHOLDS), key=lambda row: str(row[-1]))
        for group in large
        for name, scores in systems.items()
    ]


def _row(
    system: str, cases: list[dict[str, str]], scores: list[float], group: str, threshold: float
) -> tuple[object, ...]:
    of_group = [(score, row) for score, row in zip(scores, cases, strict=True) if group in {"", row["case_group"]}]
    right = [row["is_match"] == "true" for _, row in of_group]
    found = f1([score for score, _ in of_group], right, threshold)
    return (system, group or "all", len(of_group), f"{threshold}", *(f"{value:.3f}" for value in found))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--peer", help="a Python with nomenklatura")
    parser.add_argument("--misses", action="store_true", help="also what ours gets wrong at 0.7")
    asked = parser.parse_args()
    print(said(asked.cases))
    for line in rows(asked.cases, asked.peer or ""):
        print(*line)
    if asked.misses:
        cases = read_cases(asked.cases)
        for row, score in zip(cases, our_scores(cases), strict=True):
            same = row["is_match"] == "true"
            if (score >= 0.7) is not same:
                print(f"{score:.2f} {'missed' if same else 'wrong'}: {row['schema']}: {row['name1']} / {row['name2']}")


if __name__ == "__main__":
    main()
