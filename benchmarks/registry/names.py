"""``python -m benchmarks.registry.names CASES.csv --peer PYTHON``: a published name bench, its own matcher beside ours.

``CASES.csv`` is nomenklatura's ``contrib/name_bench/cases.csv`` (MIT, github.com/opensanctions/nomenklatura), or rows
of it; it is not part of this repository. Columns read: schema, name1 (query), name2 (listed), is_match. Vessels are
left out: nobody here screens ships. The peer is logic-v2 of the nomenklatura that PYTHON has, each at every threshold.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from benchmarks.registry.chinese import peer_scores
from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.names import compare_names

THRESHOLDS = (0.65, 0.7, 0.75, 0.8, 0.85)


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
        "weights were chosen on 311 of the bench's 812 pairs, the peer's on its own bench: neither is measured on rows "
        "that it never saw."
    )


def rows(path: Path, peer: str) -> list[tuple[object, ...]]:
    """Return for each system and threshold: system, pairs, threshold, precision, recall, F1."""
    cases = read_cases(path)
    right = [row["is_match"] == "true" for row in cases]
    systems = {"**Stillwatch**": our_scores(cases)}
    if peer:
        systems["nomenklatura, logic-v2"] = peer_scores(peer, [(r["name1"], r["name2"], r["schema"]) for r in cases])
    return [
        (name, len(cases), f"{threshold}", *(f"{value:.3f}" for value in f1(scores, right, threshold)))
        for name, scores in systems.items()
        for threshold in THRESHOLDS
    ]


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
