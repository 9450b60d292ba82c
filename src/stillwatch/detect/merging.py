"""Which cells are one campaign, and which of them each account belongs to.

Cells join one by one, those that are the most of a harvest first, and so make drafts; drafts that turn out to send the
same wording become one; each account then goes where most of its evidence is; and what hardly anybody outside a draft
sends is added to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from stillwatch.detect.cells import MIN_LINK_BITS, MIN_SEED_BITS, Cell
from stillwatch.detect.mixture import FAMILIES
from stillwatch.detect.strands import FIRM_WORDS, MIN_ENTITIES, USE, Floats, Ints, Population, Strands
from stillwatch.detect.uses import HARVEST_CENTIBITS, PRIOR_CENTIBITS
from stillwatch.records import Family

LEAST_FACTOR = 0.5
"""Cells are merged in the order of what links them times how much of a harvest they are, neutral wording counted so."""
MOSTLY_NEW = 0.5
"""A cell that may not join founds a group of its own where more than this share of its members is in none."""
MAX_HARVEST_GAP = 3.0
"""Bits by which a cell's wording may be less of a harvest than its group's first cell: one strong cue,"""
MIN_HARVEST_BITS = PRIOR_CENTIBITS / 100 + 1.0
"""as long as it is more of a harvest than wording that says nothing, by one weak cue."""
NEUTRAL_BITS = PRIOR_CENTIBITS / 100 - 1.0
"""Wording down to here says nothing either way: one weak cue against it."""
OWN_SHARE = 0.9
"""A cell whose wording says nothing is the group's own where at least this share of its holders are members,"""
MAX_FOLLOW_UPS = 0.05
"""and less than this share of its calls goes on with a conversation."""
OVERLAP = 0.3
"""Two cells are one campaign where at least this share of the smaller one's members are in both."""
MIN_SHARED = 0.5
"""Two drafts are one campaign where this share of what each one sends in firm wording is wording that both send;"""
MIN_EXCLUSIVE = 0.5
"""wording counts if at least this share of all who send it are in drafts."""
MIN_COMMON = 0.1
"""Wordings are of one part where at least this share of the senders of one send wording of the other."""
MIN_SHOWN = 3.0
"""Calls an account sends in a part's firm wording, on average, so that another part's would have shown."""
MAX_PARTS = 8
"""Drafts looked at for one wording, those with the most senders first."""
USE_FACTOR = 0.5
"""A kind of use says half as much of where an account belongs as a wording does."""
_PERSONAL = [f in {Family.NETWORK, Family.IDENTITY} for f in FAMILIES]
_LINKED = [f is not Family.CONTENT for f in FAMILIES]


@dataclass
class Draft:
    """A group in the making: its first cell's harvest, its cells, and the contents that only its members send."""

    harvest: float
    cells: list[Cell] = field(default_factory=list)
    own: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Merging:
    """Cells joining drafts. ``home`` holds the draft of each account number, -1 for none."""

    strands: Strands
    population: Population
    drafts: list[Draft] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Number the accounts that have strands."""
        self.known, self.number = np.unique(self.strands.account, return_inverse=True)
        self.home = np.full(len(self.known), -1, np.int64)
        self.weight = np.zeros(len(self.known))

    def add_all(self, cells: Sequence[Cell]) -> None:
        """Let cells join, the most harvest-like and best linked first; those refused are asked once more at the end."""
        refused = [c for c in sorted(cells, key=self._rank) if not self._add(c)]
        self._unite(cells)
        for cell in refused:
            self._add(cell)

    def _rank(self, cell: Cell) -> tuple[float, int, int]:
        linked = float((cell.weight * cell.bits.sum(axis=1)).sum())
        return -linked * max(LEAST_FACTOR, 3.0 + self.harvest(cell)), cell.kind, cell.value

    def harvest(self, cell: Cell) -> float:
        """Return how much a cell is a harvest: a template by its wording, a use by the accepted strands' calls."""
        if cell.kind != USE:
            return float(self.strands.cell_wording[self.strands.cell_number(cell.kind, cell.value)])
        calls = self.strands.calls[cell.strands].sum()
        return float(self.strands.score[cell.strands].sum()) / max(1, int(calls)) / 100.0

    def _add(self, cell: Cell) -> bool:
        """Join the draft with the most common members, or found one; or neither, and return False."""
        accounts = self.number[cell.strands]
        homes = self.home[accounts]
        common = np.bincount(homes[homes >= 0], minlength=len(self.drafts))
        best = self._best(common, len(accounts))
        new = homes < 0
        if best >= 0 and not self._may_join(cell, best, accounts):
            if new.mean() <= MOSTLY_NEW:
                return False
            best = -1
        if best < 0:
            if cell.weight[new].sum() < MIN_ENTITIES:
                return False
            best = len(self.drafts)
            self.drafts.append(Draft(self.harvest(cell)))
        elif cell.kind == USE:
            # A use is no wording: it holds strangers too, who may yet be found to belong elsewhere.
            new = np.zeros(len(new), bool)
        elif self._is_public(cell, best):
            cell, new = _part(cell, homes == best), np.zeros(len(new), bool)
        self.home[accounts[new]] = best
        self.drafts[best].cells.append(cell)
        return True

    def _is_public(self, cell: Cell, best: int) -> bool:
        """Whether most of those who send a wording are neither in the draft nor accepted: it makes nobody a member."""
        sends = self.number[self.strands.of_cell(cell.kind, cell.value)]
        ours = (self.home[sends] == best) | np.isin(sends, self.number[cell.strands])
        return bool(ours.mean() < MIN_EXCLUSIVE)

    def _best(self, common: Ints, members: int) -> int:
        if not len(common):
            return -1
        sizes = np.bincount(self.home[self.home >= 0], minlength=len(self.drafts))
        share = common / np.maximum(1, np.minimum(members, sizes))
        best = int(np.argmax(share))
        return best if share[best] > OVERLAP else -1

    def _may_join(self, cell: Cell, best: int, accounts: Ints) -> bool:
        """Whether a cell of the draft's members is the draft's own, and not what the members' other customers send.

        It is where its wording is that of a harvest; or where it says nothing either way, nobody converses in it, and
        hardly anybody sends it but the draft's members and accounts as closely linked; or all of these and
        hardly anybody else were accepted in it, and the draft is but a part of them.
        """
        harvest = self.harvest(cell)
        least = min(HARVEST_CENTIBITS / 100, max(MIN_HARVEST_BITS, self.drafts[best].harvest - MAX_HARVEST_GAP))
        if harvest >= least:
            return True
        if cell.kind == USE or not self._is_neutral(self.strands.cell_number(cell.kind, cell.value)):
            return False
        sends = self.number[self.strands.of_cell(cell.kind, cell.value)]
        linked = accounts[cell.own_bits[:, _LINKED].sum(axis=1) >= MIN_LINK_BITS]
        ours = (self.home[sends] == best) | np.isin(sends, linked)
        if ours.mean() >= OWN_SHARE:
            return True
        members = np.flatnonzero(self.home == best)
        whole = np.isin(members, accounts).mean() >= OWN_SHARE
        return bool(whole and len(accounts) >= OWN_SHARE * len(sends))

    def _is_neutral(self, number: int) -> bool:
        at = slice(*np.searchsorted(self.strands.cell, [number, number + 1]))
        calls, turns = self.strands.calls[at].sum(), self.strands.follow_ups[at].sum()
        return bool(self.strands.cell_wording[number] >= NEUTRAL_BITS and turns < MAX_FOLLOW_UPS * calls)

    def _unite(self, cells: Sequence[Cell]) -> None:
        """Make one of drafts that send the same firm wording, until there are none."""
        while pairs := self._pairs(cells):
            for first, second in pairs:
                self.home[self.home == second] = first
                self.drafts[first].cells += self.drafts[second].cells
                self.drafts[second].cells = []

    def _pairs(self, cells: Sequence[Cell]) -> list[tuple[int, int]]:
        """Return pairs of drafts to unite, each draft in one pair at most."""
        sent = np.zeros(len(self.drafts))
        shared: dict[tuple[int, int], Floats] = defaultdict(lambda: np.zeros(2))
        for kind, value in sorted({(c.kind, c.value) for c in cells if c.kind != USE and c.words >= FIRM_WORDS}):
            homes = self.home[self.number[self.strands.of_cell(kind, value)]]
            count = np.bincount(homes[homes >= 0], minlength=len(self.drafts))
            present = [int(d) for d in np.argsort(-count, kind="stable")[:MAX_PARTS] if count[d] >= 2]
            if count[present].sum() < MIN_EXCLUSIVE * len(homes):
                continue
            sent += count
            for a, b in combinations(sorted(present), 2):
                shared[a, b] += count[[a, b]]
        found, taken = [], set[int]()
        for (a, b), both in sorted(shared.items()):
            if (both >= MIN_SHARED * sent[[a, b]]).all() and not taken & {a, b}:
                found.append((a, b))
                taken |= {a, b}
        return found

    def split(self) -> None:
        """Part drafts that a use brought together though their members never send each other's wording.

        A part takes its wording with it; the uses go with both, so that each account follows its wording. Parts
        stay together where all of them are held by addresses or papers too.
        """
        for number in range(len(self.drafts)):
            parts = [p for p in self._parts(number) if len(np.unique(self._senders(p, number))) >= MIN_ENTITIES]
            if len(parts) < 2 or min(self._held(p, number) for p in parts) >= MIN_LINK_BITS:
                continue
            uses = [c for c in self.drafts[number].cells if c.kind == USE]
            for part in parts[1:]:
                taken = {(c.kind, c.value) for c in part}
                self.drafts.append(Draft(max(self.harvest(c) for c in part), part + uses))
                self.drafts[number].cells = [c for c in self.drafts[number].cells if (c.kind, c.value) not in taken]

    def _senders(self, part: Sequence[Cell], number: int) -> Ints:
        sends = np.concatenate([self.number[c.strands] for c in part])
        return sends[self.home[sends] == number]

    def _held(self, part: Sequence[Cell], number: int) -> float:
        """Return the mean bits by which addresses and papers hold the members of a part."""
        sends = np.concatenate([self.number[c.strands] for c in part])
        bits = np.concatenate([c.own_bits[:, _PERSONAL].sum(axis=1) for c in part])
        return float(bits[self.home[sends] == number].mean())

    def _parts(self, number: int) -> list[list[Cell]]:
        """Return the firm wordings of a draft, those with common senders together, the part with most senders first.

        Only parts whose members send so many calls that another part's wording would have shown.
        """
        cells = [c for c in self.drafts[number].cells if c.kind != USE and c.words >= FIRM_WORDS]
        group = np.full(len(self.known), -1, np.int64)
        parts: list[list[Cell]] = []
        for cell in sorted(cells, key=lambda c: (-len(c.strands), c.kind, c.value)):
            rows = self.strands.of_cell(cell.kind, cell.value)
            sends = self.number[rows][self.home[self.number[rows]] == number]
            mine = group[sends]
            near = [
                int(g) for g in np.unique(mine[mine >= 0]) if (mine == g).sum() >= max(1.0, MIN_COMMON * len(sends))
            ]
            home = near[0] if near else len(parts)
            if not near:
                parts.append([])
            parts[home].append(cell)
            group[sends[mine < 0]] = home
            for other in near[1:]:
                parts[home] += parts[other]
                parts[other] = []
                group[group == other] = home
        out = []
        for part in parts:
            if part:
                rows = np.concatenate([self.strands.of_cell(c.kind, c.value) for c in part])
                rows = rows[self.home[self.number[rows]] == number]
                if self.strands.calls[rows].sum() >= MIN_SHOWN * len(np.unique(self.number[rows])):
                    out.append(part)
        return sorted(out, key=lambda p: (-len(np.unique(self._senders(p, number))), p[0].kind, p[0].value))

    def settle(self) -> None:
        """Send each account to the draft with most of its evidence: calls times bits, each content once."""
        account, draft, content, value, weight = self._evidence()
        order = np.lexsort((-value, content, draft, account))
        new = np.ones(len(order), bool)
        new[1:] = np.any(np.stack([np.diff(c[order]) != 0 for c in (account, draft, content)]), axis=0)
        first = order[new]
        account, draft, value, weight = account[first], draft[first], value[first], weight[first]
        key, inverse = np.unique(account * max(1, len(self.drafts)) + draft, return_inverse=True)
        total = np.bincount(inverse, weights=value)
        of, where = key // max(1, len(self.drafts)), key % max(1, len(self.drafts))
        np.maximum.at(self.weight, account, weight)
        while True:
            self.home[:] = -1
            order = np.lexsort((where, -total, of))
            start = np.ones(len(order), bool)
            start[1:] = np.diff(of[order]) != 0
            best = order[start]
            self.home[of[best]] = where[best]
            size = np.bincount(self.home[of[best]], weights=self.weight[of[best]], minlength=len(self.drafts))
            keep = size[where] >= MIN_ENTITIES
            if keep.all():
                break
            of, where, total = of[keep], where[keep], total[keep]

    def _evidence(self) -> tuple[Ints, Ints, Ints, Floats, Floats]:
        pieces: list[tuple[npt.NDArray[np.generic], ...]] = []
        for number, draft in enumerate(self.drafts):
            for cell in draft.cells:
                factor = USE_FACTOR if cell.kind == USE else 1.0
                value = factor * self.strands.calls[cell.strands] * cell.bits.sum(axis=1)
                where = np.full(len(cell.strands), number)
                pieces.append((self.number[cell.strands], where, self.strands.cell[cell.strands], value, cell.weight))
        return tuple(np.concatenate(column) for column in zip(*pieces, strict=True))  # type: ignore[return-value]

    def absorb(self) -> None:
        """Add to each draft the wording that hardly anybody else sends, and then who else sends it and is linked."""
        owned = self._owned()
        for number, best in owned:
            content = (int(self.strands.cell_kind[number]), int(self.strands.cell_value[number]))
            if content not in {(c.kind, c.value) for c in self.drafts[best].cells}:
                self.drafts[best].own.append(content)
        mine = {best: [n for n, d in owned if d == best] for _, best in owned}
        for best, numbers in mine.items():
            for cell in self.drafts[best].cells:
                if cell.words >= FIRM_WORDS and self.strands.cell_number(cell.kind, cell.value) in numbers:
                    for strands in (cell.strands, cell.likely):
                        if strands is not None:
                            accounts = self.number[strands]
                            self.home[accounts[self.home[accounts] < 0]] = best

    def _owned(self) -> list[tuple[int, int]]:
        """Return (cell, draft) where at least OWN_SHARE of a neutral cell's senders are the draft's, beyond chance."""
        drafts = len(self.drafts)
        rows = np.flatnonzero(self.strands.cell_kind[self.strands.cell] != USE)
        homes = self.home[self.number[rows]]
        mine = rows[homes >= 0]
        pair, held = np.unique(self.strands.cell[mine] * drafts + homes[homes >= 0], return_counts=True)
        cell, draft = pair // drafts, pair % drafts
        senders = np.bincount(self.strands.cell, minlength=len(self.strands.cell_kind))
        calls = self.population.calls[self.population.index(self.known)]
        share = np.bincount(self.home[self.home >= 0], weights=calls[self.home >= 0], minlength=drafts)
        chance = np.log2(np.maximum(share, 1.0) / self.population.calls.sum())
        good = (held >= OWN_SHARE * senders[cell]) & (-held * chance[draft] >= MIN_SEED_BITS)
        return [(int(c), int(d)) for c, d in zip(cell[good], draft[good], strict=True) if self._is_neutral(int(c))]

    def members(self, number: int) -> tuple[Ints, Floats, list[Cell]]:
        """Return a draft's accounts in ascending order, the most that each is held by, and its cells without others."""
        accounts = np.flatnonzero(self.home == number)
        most = np.zeros(len(self.known))
        cells = []
        for cell in self.drafts[number].cells:
            for strands, bits in ((cell.strands, cell.bits.sum(axis=1)), (cell.likely, cell.likely_bits)):
                if strands is not None and bits is not None:
                    np.maximum.at(most, self.number[strands], bits)
            inside = self.home[self.number[cell.strands]] == number
            if inside.any():
                cells.append(_part(cell, inside))
        return self.known[accounts], most[accounts], cells


def _part(cell: Cell, inside: npt.NDArray[np.bool_]) -> Cell:
    if inside.all():
        return cell
    names = ("strands", "weight", "bits", "own_bits", "probability", "rows")
    return replace(cell, **{n: None if (v := getattr(cell, n)) is None else v[inside] for n in names})
