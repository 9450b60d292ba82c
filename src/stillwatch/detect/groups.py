"""From weighed strands to groups of accounts: seeds, acceptance, merging.

A group is a candidate campaign: member accounts, and the cells (content) whose strands they were accepted in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stillwatch.detect.mixture import FAMILIES, Background, Codes, Membership, encode, settle
from stillwatch.detect.observe import Observed
from stillwatch.detect.strands import MIN_ENTITIES, USE, Floats, Ints, Population, Strands, entity_weights
from stillwatch.detect.uses import HARVEST_CENTIBITS, PRIOR_CENTIBITS
from stillwatch.records import Family

MIN_LIFT_BITS = 2.0
"""A seed's observable is at least four times as common in its cell as among everybody."""
MIN_SEED_BITS = 15.0
"""And its holders together are surprising by at least this much."""
MAX_SEEDS = 64
"""Seeds weighed per cell, the most surprising first."""
MIN_LINK_BITS = 3.0
"""A strand is a member if families other than content hold it with at least this weight,"""
MIN_FAMILY_BITS = 1.5
"""one of them alone with at least this,"""
MIN_USE_BITS = 8.0
"""In a cell of use, where wording does not hold strands together, all families together must make it 256 to one,"""
MIN_SECOND_BITS = 1.0
"""and a second family must speak for it: the value that seeded the cell is what all its strands have in common."""
MIN_USE_CALLS = 2
"""One such call is no habit, unless the account sends nothing else."""
MIN_PROBABILITY = 0.8
"""and it more probably belongs than not, by four to one."""
MAX_HARVEST_GAP = 3.0
"""Bits by which a cell's wording may be less of a harvest than its group's first cell: one strong cue."""
MAX_ITEM_BITS = 1.0
"""Bits that inserted items may take from a template's wording: documents and questions have cues of their own."""
OWN_SHARE = 0.9
"""A cell whose wording says nothing is the group's own where at least this share of its holders are members,"""
MAX_FOLLOW_UPS = 0.05
"""and less than this share of its calls goes on with a conversation."""
MIN_USE_EXCESS = 4.0
"""A use is a group's own where its members show it this many times as often as all others do."""
OVERLAP = 0.3
"""Two cells are one campaign where at least this share of the smaller one's members are in both."""


@dataclass(frozen=True)
class Cell:
    """A cell after the mixture: accepted strands (numbers), their weights, and their bits."""

    kind: int
    value: int
    words: int
    strands: Ints
    weight: Floats
    bits: Floats
    own_bits: Floats
    probability: Floats
    holders: int
    observables: tuple[tuple[str, str, int, float, float, float], ...] = ()
    """(signal, family, observable, members that hold it, background accounts that do, bits), strongest first."""


@dataclass
class Group:
    """A candidate campaign."""

    accounts: Ints
    match_weight: Floats
    cells: list[Cell] = field(default_factory=list)

    @property
    def contents(self) -> list[tuple[int, int]]:
        """The (kind, value) of its cells."""
        return sorted({(c.kind, c.value) for c in self.cells})


@dataclass(frozen=True)
class _Rows:
    """Strands laid out by cell; a seed repeats the strands of its use cell that hold its observable."""

    strand: Ints
    cell: Ints
    source: Ints


def find_groups(
    strands: Strands, observed: Sequence[Observed], population: Population, background: Background
) -> list[Group]:
    """Weigh every cell and seed, accept members, and merge cells that are one campaign."""
    if not len(strands):
        return []
    rows = _lay_out(strands, observed, population, background)
    weight = _weights(strands, population, rows)
    codes = [encode(o, rows.cell, rows.strand, background) for o in observed]
    in_background, single = _background_flags(strands, background)
    membership = settle(
        codes,
        cell=rows.cell,
        entity=population.entity[population.index(strands.account[rows.strand])],
        weight=weight,
        in_background=in_background[rows.strand],
        single=single[rows.strand],
        background=background,
    )
    cells = _accept(strands, population, rows, weight, membership, codes)
    return drop_chance_uses(merge(cells, strands), strands, population)


def _weights(strands: Strands, population: Population, rows: _Rows) -> Floats:
    view = Strands(
        strands.account[rows.strand],
        *(strands.calls[rows.strand],) * 5,
        strands.cell_kind,
        strands.cell_value,
        strands.cell_words,
    )
    return entity_weights(view, population, rows.cell)


def _background_flags(strands: Strands, background: Background) -> tuple[Floats, Floats]:
    at = np.searchsorted(background.account, strands.account).clip(0, len(background.account) - 1)
    inside = background.account[at] == strands.account
    return inside.astype(float), (inside & background.single_turn[at]).astype(float)


def _lay_out(strands: Strands, observed: Sequence[Observed], population: Population, background: Background) -> _Rows:
    everything = np.arange(len(strands))
    template = strands.cell_kind[strands.cell] != USE
    pieces = [everything[template]]
    sources = [strands.cell[template]]
    use_cells = np.flatnonzero(strands.cell_kind == USE)
    for cell in use_cells:
        for members in _seeds(strands, int(cell), observed, population, background):
            pieces.append(members)
            sources.append(np.full(len(members), cell))
    numbers: list[Ints] = [strands.cell[template]]
    following = len(strands.cell_kind)
    for piece in pieces[1:]:
        numbers.append(np.full(len(piece), following))
        following += 1
    return _Rows(np.concatenate(pieces), np.concatenate(numbers), np.concatenate(sources))


def _seeds(
    strands: Strands, cell: int, observed: Sequence[Observed], population: Population, background: Background
) -> list[Ints]:
    """Return, for one kind of use, the holders of each observable that is surprisingly common among its strands."""
    mine = np.flatnonzero(strands.cell == cell)
    entity = population.entity[population.index(strands.account[mine])]
    if len(np.unique(entity)) < MIN_ENTITIES:
        return []
    zeros = np.zeros(len(mine), np.int64)
    found: list[tuple[float, str, int, Ints]] = []
    for one in observed:
        if not one.signal.seeds:
            continue
        codes = encode(one, zeros, mine, background)
        held = np.bincount(codes.code[codes.code >= 0], minlength=len(codes.code_cell))
        rate = (np.maximum(codes.base_all - held, 0.0) + 0.5) / (len(background.account) + 1.0)
        lift = np.log2(np.maximum(held, 0.5) / len(mine) / rate)
        surprise = held * lift
        good = np.flatnonzero((held >= MIN_ENTITIES) & (lift >= MIN_LIFT_BITS) & (surprise >= MIN_SEED_BITS))
        for code in good:
            members = mine[codes.code == code]
            if len(np.unique(entity[codes.code == code])) >= MIN_ENTITIES:
                found.append((float(surprise[code]), one.signal.name, int(codes.code_observable[code]), members))
    found.sort(key=lambda f: (-f[0], f[1], f[2]))
    return [members for _, _, _, members in found[:MAX_SEEDS]]


def _accept(
    strands: Strands,
    population: Population,
    rows: _Rows,
    weight: Floats,
    membership: Membership,
    codes: Sequence[Codes],
) -> list[Cell]:
    linked = membership.bits[:, [f is not Family.CONTENT for f in FAMILIES]]
    ok = (
        (membership.probability >= MIN_PROBABILITY)
        & (linked.sum(axis=1) >= MIN_LINK_BITS)
        & (linked.max(axis=1) >= MIN_FAMILY_BITS)
    )
    of_use = strands.cell_kind[rows.source] == USE
    second = np.partition(membership.bits, -2, axis=1)[:, -2]
    calls = strands.calls[rows.strand]
    total = population.calls[population.index(strands.account[rows.strand])]
    habit = (calls >= MIN_USE_CALLS) | (calls == total)
    ok &= ~of_use | (habit & (membership.bits.sum(axis=1) >= MIN_USE_BITS) & (second >= MIN_SECOND_BITS))
    cells: list[Cell] = []
    order = np.argsort(rows.cell, kind="stable")
    bounds = np.flatnonzero(np.diff(rows.cell[order])) + 1
    for at in np.split(order, bounds):
        inside = at[ok[at]]
        if weight[inside].sum() < MIN_ENTITIES:
            continue
        source = int(rows.source[at[0]])
        cells.append(
            Cell(
                int(strands.cell_kind[source]),
                int(strands.cell_value[source]),
                int(strands.cell_words[source]),
                rows.strand[inside],
                weight[inside],
                membership.bits[inside],
                membership.own_bits[inside],
                membership.probability[inside],
                len(at),
                _observables(codes, membership, inside),
            )
        )
    return cells


def _observables(
    codes: Sequence[Codes], membership: Membership, inside: Ints
) -> tuple[tuple[str, str, int, float, float, float], ...]:
    out = []
    for c in codes:
        code = c.code[inside]
        has = code >= 0
        if not has.any():
            continue
        values, inverse, counts = np.unique(code[has], return_inverse=True, return_counts=True)
        bits = np.bincount(inverse, weights=membership.by_signal[c.name][inside][has]) / counts
        for v, n, b in zip(values, counts, bits, strict=True):
            if n >= 2 and b >= 1.0:
                out.append((c.name, str(c.family), int(c.code_observable[v]), float(n), float(c.base_all[v]), float(b)))
    out.sort(key=lambda o: (-o[5] * o[3], o[0], o[2]))
    return tuple(out[:24])


def _harvest(cell: Cell, strands: Strands) -> float:
    calls = strands.calls[cell.strands].sum()
    return float(strands.score[cell.strands].sum()) / max(1, int(calls)) / 100.0


def merge(cells: Sequence[Cell], strands: Strands) -> list[Group]:
    """Merge cells with common members, the most harvest-like and largest first; each account ends in one group at most.

    A cell whose own calls do not look like harvest joins nobody's content: it may be what the members' other
    customers send.
    """
    ranked = sorted(
        cells,
        key=lambda c: (
            -float((c.weight * c.bits.sum(axis=1)).sum()) * max(0.1, 3.0 + _harvest(c, strands)),
            c.kind,
            c.value,
        ),
    )
    groups: list[Group] = []
    for cell in ranked:
        accounts = strands.account[cell.strands]
        home = _home(groups, accounts)
        if home is not None and not _may_join(cell, home, strands):
            continue
        taken = np.concatenate([g.accounts for g in groups]) if groups else np.empty(0, np.int64)
        new = ~np.isin(accounts, taken)
        if home is None:
            if cell.weight[new].sum() < MIN_ENTITIES:
                continue
            home = Group(np.empty(0, np.int64), np.empty(0))
            groups.append(home)
        _join(home, cell, accounts[new], cell.bits.sum(axis=1)[new])
    return groups


def drop_chance_uses(groups: Sequence[Group], strands: Strands, population: Population) -> list[Group]:
    """Take from each group the cells of a use that its members show hardly more often than everybody does.

    Members of a mixed pool also carry other people's calls, and some of those happen to look like a harvest.
    """
    value, is_use = strands.cell_value[strands.cell], strands.cell_kind[strands.cell] == USE
    kept = []
    for group in groups:
        member = np.isin(strands.account, group.accounts)
        sent = float(population.calls[population.index(group.accounts)].sum())
        others = max(1.0, float(population.calls.sum()) - sent)
        chance = set()
        for use in sorted({c.value for c in group.cells if c.kind == USE}):
            mine = is_use & (value == use)
            expected = float(strands.calls[mine & ~member].sum()) / others * sent
            if float(strands.calls[mine & member].sum()) < MIN_USE_EXCESS * expected:
                chance.add(use)
        cells = [c for c in group.cells if c.kind != USE or c.value not in chance]
        if len(cells) == len(group.cells):
            kept.append(group)
        elif cells:
            stays = np.isin(group.accounts, np.concatenate([strands.account[c.strands] for c in cells]))
            if stays.sum() >= MIN_ENTITIES:
                kept.append(Group(group.accounts[stays], group.match_weight[stays], cells))
    return kept


def _may_join(cell: Cell, home: Group, strands: Strands) -> bool:
    """Whether a cell of the group's members is the group's own, and not what the members' other customers send.

    It is where its wording is that of a harvest; or where it says nothing either way, but hardly anybody
    outside the group uses it and nobody converses in it.
    """
    harvest = _harvest(cell, strands)
    if harvest >= min(HARVEST_CENTIBITS / 100, _harvest(home.cells[0], strands) - MAX_HARVEST_GAP):
        return True
    calls, turns = strands.calls[cell.strands].sum(), strands.follow_ups[cell.strands].sum()
    own = float(np.isin(strands.account[cell.strands], home.accounts).sum()) / max(1, cell.holders)
    neutral = PRIOR_CENTIBITS / 100 - MAX_ITEM_BITS
    return cell.kind != USE and harvest >= neutral and own >= OWN_SHARE and turns < MAX_FOLLOW_UPS * calls


def _home(groups: Sequence[Group], accounts: Ints) -> Group | None:
    best, best_share = None, OVERLAP
    for group in groups:
        common = int(np.isin(accounts, group.accounts).sum())
        share = common / max(1, min(len(accounts), len(group.accounts)))
        if share > best_share:
            best, best_share = group, share
    return best


def _join(group: Group, cell: Cell, accounts: Ints, bits: Floats) -> None:
    merged = np.concatenate([group.accounts, accounts])
    weights = np.concatenate([group.match_weight, bits])
    order = np.argsort(merged, kind="stable")
    group.accounts, group.match_weight = merged[order], weights[order]
    group.cells.append(cell)


def mean_bits(group: Group) -> tuple[Floats, float]:
    """Average the match weight over the strands of the group's cells, each entity once.

    Returns the weight by family without what only says which program the accounts use, and that part, all families
    together.
    """
    weight = np.concatenate([c.weight for c in group.cells])
    own = np.average(np.concatenate([c.own_bits for c in group.cells]), axis=0, weights=weight)
    every = np.average(np.concatenate([c.bits for c in group.cells]), axis=0, weights=weight)
    linked = [f is not Family.CONTENT for f in FAMILIES]
    return own, float((every - own)[linked].sum())
