"""``python -m benchmarks.registry.chinese [--peer PYTHON]``: Chinese names against Latin ones, every one against all.

``chinese_names.csv`` holds 294 pairs of public facts: universities, institutes, newspapers, companies with their
official English names, writers with their names in pinyin (and a few in Wade-Giles). Nobody in it is accused of
anything. Each Chinese name is compared with *every* Latin one, so that each right pair stands among 293 wrong ones. The
vocabulary was compiled before the set and then mended on the even rows; the odd rows were not looked at.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.match import REVIEW
from stillwatch.registry.screening.names import compare_names
from stillwatch.registry.screening.scripts import fold

PAIRS = Path(__file__).parent / "chinese_names.csv"
Compare = Callable[[str, str, Kind], float]


@dataclass(frozen=True)
class Score:
    """How many right pairs were found, how many missed, and how many wrong ones were found."""

    found: int
    missed: int
    wrong: int

    @property
    def recall(self) -> float:
        """Return the share of right pairs that were found."""
        return self.found / (self.found + self.missed)

    @property
    def precision(self) -> float:
        """Return the share of what was found that is right."""
        return self.found / (self.found + self.wrong) if self.found else 0.0

    def __str__(self) -> str:
        counts = f"{self.found} of {self.found + self.missed}, {self.wrong} wrong"
        return f"recall {self.recall:.3f}, precision {self.precision:.3f} ({counts})"


def read_pairs() -> list[dict[str, str]]:
    """Return the rows."""
    return list(csv.DictReader(PAIRS.open(encoding="utf-8", newline="")))


def measure(
    pairs: list[dict[str, str]], compare: Compare, *, every: slice = slice(None), threshold: float = REVIEW
) -> Score:
    """Compare the Chinese names of some rows with the Latin names of all."""
    found = missed = wrong = 0
    for row in pairs[every]:
        kind = _kind(row["kind"])
        for other in pairs:
            right = other is row
            if not right and (other["latin"] == row["latin"] or fold(other["chinese"]) == fold(row["chinese"])):
                continue
            hit = compare(row["chinese"], other["latin"], kind) >= threshold
            found += hit and right
            missed += right and not hit
            wrong += hit and not right
    return Score(found, missed, wrong)


def _kind(kind: str) -> Kind:
    return Kind.PERSON if kind == "writer" else Kind.ORGANIZATION


PEER = """
import json, sys
from followthemoney import ValueEntity, model
from nomenklatura.matching.logic_v2.model import LogicV2
config = LogicV2.default_config()
def entity(name, schema):
    made = ValueEntity(model.get(schema), {"id": name + schema})
    made.add("name", name)
    return made
for line in sys.stdin:
    a, b, schema = json.loads(line)
    print(LogicV2.compare(entity(a, schema), entity(b, schema), config).score, flush=False)
"""
"""nomenklatura's own comparison (logic-v2), run by a Python that has it; as in its contrib/name_bench."""


def peer_scores(python: str, pairs: list[tuple[str, str, str]]) -> list[float]:
    """Return the peer's scores of (query, listed, schema)."""
    asked = "".join(json.dumps(pair) + "\n" for pair in pairs)
    done = subprocess.run([python, "-c", PEER], input=asked, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


PARTS = {"all": slice(None), "even": slice(0, None, 2), "odd, not looked at": slice(1, None, 2)}


def ours(a: str, b: str, kind: Kind) -> float:
    """Compare two names."""
    return compare_names(a, b, kind).score


def rows(peer: str) -> list[tuple[object, ...]]:
    """Return for ours on each part, and the peer on the right pairs: rows, found, missed, wrong, recall, precision."""
    pairs = read_pairs()
    scores = {name: measure(pairs, ours, every=every) for name, every in PARTS.items()}
    made: list[tuple[object, ...]] = [
        ("**Stillwatch**", name, s.found, s.missed, s.wrong, f"{s.recall:.3f}", f"{s.precision:.3f}")
        for name, s in scores.items()
    ]
    if peer:
        right = [(r["chinese"], r["latin"], _kind(r["kind"]).value) for r in pairs]
        found = sum(score >= REVIEW for score in peer_scores(peer, right))
        share = f"{found / len(pairs):.3f}"
        made.append(("nomenklatura, logic-v2", "right pairs only", found, len(pairs) - found, None, share, None))
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="a Python with nomenklatura")
    asked = parser.parse_args()
    pairs = read_pairs()
    for name, every in PARTS.items():
        print(f"ours, {name}: {measure(pairs, ours, every=every)}")
    for kind in sorted({row["kind"] for row in pairs}):
        mine = [row for row in pairs if row["kind"] == kind]
        found = [ours(r["chinese"], r["latin"], _kind(kind)) >= REVIEW for r in mine]
        print(f"ours, {kind}: {sum(found)} of {len(mine)}")
    if asked.peer:
        right = [(r["chinese"], r["latin"], _kind(r["kind"]).value) for r in pairs]
        scores = peer_scores(asked.peer, right)
        for threshold in (REVIEW, 0.5):
            print(f"nomenklatura, right pairs at {threshold}: {sum(s >= threshold for s in scores)} of {len(scores)}")


if __name__ == "__main__":
    main()
