"""Connected groups of numbers, for the peers that join accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


class Links:
    """Union-find over ``size`` numbers, with path halving."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, number: int) -> int:
        """Return the representative of the number's group."""
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def join(self, numbers: Iterable[int]) -> None:
        """Put all these numbers into one group; the smallest root represents it."""
        roots = sorted({self.root(number) for number in numbers})
        for root in roots[1:]:
            self._parent[root] = roots[0]

    def groups(self, *, least: int = 2) -> list[list[int]]:
        """All groups with at least this many numbers."""
        members: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._parent)):
            members[self.root(number)].append(number)
        return [group for group in members.values() if len(group) >= least]
