"""How right a list of accused accounts and found campaigns is: pure functions over names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

Names = frozenset[str]


@dataclass(frozen=True)
class Truth:
    """What was planted: members by campaign, their calls, and the class of every innocent account."""

    members: Mapping[str, Names]
    calls: Mapping[str, int]
    innocent: Mapping[str, str]

    @property
    def guilty(self) -> Names:
        """All members of all campaigns."""
        return frozenset().union(*self.members.values())


@dataclass(frozen=True)
class Found:
    """One found campaign: its accounts and how many calls it is said to have."""

    accounts: Names
    calls: int | None = None


@dataclass(frozen=True)
class Match:
    """How well the best found campaign covers a planted one; ``volume_error`` is relative and signed."""

    campaign: str
    recall: float
    purity: float
    volume_error: float | None


def recall(accused: Collection[str], guilty: Collection[str]) -> float | None:
    """Share of the guilty that were accused; ``None`` if nobody is guilty."""
    return len(set(accused) & set(guilty)) / len(guilty) if guilty else None


def purity(accused: Collection[str], guilty: Collection[str]) -> float | None:
    """Share of the accused that are guilty; ``None`` if nobody was accused."""
    return len(set(accused) & set(guilty)) / len(accused) if accused else None


def match_campaigns(truth: Truth, found: Sequence[Found]) -> list[Match]:
    """Match each planted campaign with the found one of largest Jaccard overlap; recall 0 if none."""
    matches = []
    for campaign, members in sorted(truth.members.items()):
        best = max(found, key=lambda f: (_jaccard(f.accounts, members), sorted(f.accounts)), default=None)
        if best is None or not best.accounts & members:
            matches.append(Match(campaign, 0.0, 0.0, None))
            continue
        shared = len(best.accounts & members)
        error = None if best.calls is None else best.calls / truth.calls[campaign] - 1
        matches.append(Match(campaign, shared / len(members), shared / len(best.accounts), error))
    return matches


def accused_innocents(truth: Truth, accused: Collection[str]) -> dict[str, tuple[int, int]]:
    """For each class of innocent accounts how many were accused, and of how many."""
    counts: dict[str, tuple[int, int]] = {}
    named = set(accused)
    for account, kind in truth.innocent.items():
        wrong, size = counts.get(kind, (0, 0))
        counts[kind] = (wrong + (account in named), size + 1)
    return dict(sorted(counts.items()))


def is_reported(truth: Truth, campaign: str, found: Sequence[Found]) -> bool:
    """Tell whether some found campaign is mostly members of this one, at least two."""
    members = truth.members[campaign]
    return any(len(f.accounts & members) >= 2 and len(f.accounts & members) > len(f.accounts) / 2 for f in found)


def _jaccard(left: Names, right: Names) -> float:
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared) if shared else 0.0
