"""What other hosts shared, as evidence about groups that this host's own evidence has found already.

It can make a group that two of our own families hold together more likely, by MAX_PARTNER_BITS at most; it finds no
group, joins no account to one, and is never one of the two families. That an indicator is *not* seen says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from stillwatch.detect.answers import Answer, Finding
from stillwatch.detect.columns import integers
from stillwatch.detect.find import Candidate, Findings
from stillwatch.detect.strands import Floats, Ints
from stillwatch.records import Family
from stillwatch.store.engine import Engine

MAX_PARTNER_BITS = 3.0
"""As much as agreement in time can say: another host may be wrong, and may have had it from us."""
LEAST_BITS = 0.05
"""Less is not worth a sentence."""
CUES = "cues"


@dataclass(frozen=True)
class Watched:
    """A value to look for: its column in ``records.CALLS`` or the accounts table, its key under ours.

    For ``cues`` the key is a set of bits, all of which a call must have. ``confidence`` is the sender's, 0 to 1.
    """

    column: str
    key: int
    confidence: float


@dataclass(frozen=True)
class Seen:
    """Accounts that had something watched, ascending, with the best confidence of what each had."""

    account: Ints
    confidence: Floats

    def of(self, accounts: Ints) -> Floats:
        """Return the confidence for each account, 0 where nothing was seen."""
        if not len(self.account):
            return np.zeros(len(accounts))
        at = np.searchsorted(self.account, accounts).clip(0, len(self.account) - 1)
        found: Floats = np.where(self.account[at] == accounts, self.confidence[at], 0.0)
        return found


def find_watched(
    engine: Engine, calls: nw.LazyFrame[Any], accounts: pa.Table | None, watched: Sequence[Watched]
) -> Seen:
    """Return which accounts had any of the watched values."""
    frames = dict.fromkeys(calls.collect_schema().names(), calls)
    if accounts is not None:
        frames |= {n: engine.lazy(accounts) for n in accounts.column_names if n not in {"account", "created_hour"}}
    best: dict[int, float] = {}
    for column in sorted({w.column for w in watched} & set(frames)):
        mine = [w for w in watched if w.column == column]
        keys = _expand(engine, calls, mine) if column == CUES else {w.key: 0.0 for w in mine}
        for one in mine:
            if column != CUES:
                keys[one.key] = max(keys[one.key], one.confidence)
        holders = frames[column].filter(nw.col(column).is_in(sorted(keys))).select("account", column).unique()
        found = engine.collect(holders)
        for account, key in zip(integers(found["account"]).tolist(), integers(found[column]).tolist(), strict=True):
            best[account] = max(best.get(account, 0.0), keys[key])
    account = np.array(sorted(best), np.int64)
    return Seen(account, np.array([best[a] for a in account.tolist()], np.float64))


def with_partner_evidence(findings: Findings, seen: Seen) -> Findings:
    """Return the findings with what partners say added to the first question, and the strongest first again."""
    everybody = seen.of(findings.population.account) > 0
    candidates = [_weigh(c, seen, int(everybody.sum()), len(everybody)) for c in findings.candidates]
    order = sorted(range(len(candidates)), key=lambda i: (-candidates[i].strength, i))
    return replace(findings, candidates=[candidates[i] for i in order], order=[findings.order[i] for i in order])


def _weigh(candidate: Candidate, seen: Seen, holders: int, accounts: int) -> Candidate:
    confidence = seen.of(candidate.group.accounts)
    inside, members = int((confidence > 0).sum()), len(confidence)
    elsewhere, others = holders - inside, accounts - members
    # How much commoner it is among the members (half an account is added to each side, against small numbers).
    lift = np.log2((inside + 0.5) / (members + 1.0)) - np.log2((elsewhere + 0.5) / (others + 1.0))
    bits = float(np.clip(lift, 0.0, MAX_PARTNER_BITS)) * float(confidence.mean())
    if bits < LEAST_BITS:
        return candidate
    says = (
        f"Other hosts shared what {inside} of the {members} accounts have and {elsewhere} of the {others} others do; "
        f"they are {confidence[confidence > 0].mean():.0%} sure. Their word alone makes no campaign."
    )
    told = Finding("shared_by_partners", Family.PARTNERS, bits, says)
    answer = Answer(candidate.coordination.prior, (*candidate.coordination.findings, told))
    return replace(candidate, coordination=answer)


def _expand(engine: Engine, calls: nw.LazyFrame[Any], mine: Sequence[Watched]) -> dict[int, float]:
    """Return the sets of cues that occur and have all bits of something watched."""
    there = engine.collect(calls.select(CUES).unique())
    found: dict[int, float] = {}
    for cues in integers(there[CUES]).tolist():
        sure = [w.confidence for w in mine if w.key and cues & w.key == w.key]
        if sure:
            found[cues] = max(sure)
    return found
