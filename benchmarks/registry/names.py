"""``python -m benchmarks.registry.names CASES.csv --peer PYTHON``: a published name bench, its own matcher beside ours.

``CASES.csv`` is nomenklatura's ``contrib/name_bench/cases.csv`` (MIT, github.com/opensanctions/nomenklatura), or rows
of it; it is not part of this repository. Columns read: schema, name1 (query), name2 (listed), is_match. Vessels are
left out: nobody here screens ships. The peer is logic-v2 of the nomenklatura that PYTHON has, each at every threshold.
"""

from __future__ import annotations

import argparse
import csv
import time
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--peer", help="a Python with nomenklatura")
    parser.add_argument("--misses", action="store_true", help="also what ours gets wrong at 0.7")
    asked = parser.parse_args()
    with asked.cases.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["schema"] in set(Kind)]
    right = [row["is_match"] == "true" for row in rows]
    began = time.process_time()
    ours = [compare_names(row["name1"], row["name2"], Kind(row["schema"])).score for row in rows]
    print(f"{len(rows)} pairs, {sum(right)} of them the same; ours took {time.process_time() - began:.2f} s, cold")
    systems = {"ours": ours}
    if asked.peer:
        systems["nomenklatura logic-v2"] = peer_scores(
            asked.peer, [(r["name1"], r["name2"], r["schema"]) for r in rows]
        )
    for name, scores in systems.items():
        for threshold in THRESHOLDS:
            precision, recall, both = f1(scores, right, threshold)
            print(f"{name:>22} at {threshold}: precision {precision:.3f}, recall {recall:.3f}, F1 {both:.3f}")
    if asked.misses:
        for row, score, same in zip(rows, ours, right, strict=True):
            if (score >= 0.7) is not same:
                print(f"{score:.2f} {'missed' if same else 'wrong'}: {row['schema']}: {row['name1']} / {row['name2']}")


if __name__ == "__main__":
    main()
