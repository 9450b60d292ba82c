"""From fingerprinted calls to candidate campaigns with both questions answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from stillwatch.detect.answers import Answer, strength
from stillwatch.detect.codes import Background
from stillwatch.detect.columns import integers
from stillwatch.detect.distillation import is_distillation
from stillwatch.detect.group import Group
from stillwatch.detect.groups import find_groups
from stillwatch.detect.load import Load, find_loads
from stillwatch.detect.observe import BACKGROUND_CALLS, Observed, observe, skipped_because
from stillwatch.detect.owners import with_openly_owned
from stillwatch.detect.questions import one_operator
from stillwatch.detect.signal import Signal
from stillwatch.detect.strands import CELL_COLUMNS, Ints, Population, Strands, find_strands, mark_calls
from stillwatch.detect.summary import Summary, group_calls, summarise
from stillwatch.detect.suspects import find_suspects, mark_bare
from stillwatch.detect.topics import BINS, TopicSpread, find_topic_spreads
from stillwatch.detect.uses import Use, score_cues
from stillwatch.store.engine import Engine

_TOPICS = tuple(f"topic_{i}" for i in range(BINS))
COLUMNS = frozenset(
    (
        *("call", "account", "started_at", "hour", "completed", "cues", "turns", "tools"),
        *("input_tokens", "cached_input_tokens", "output_tokens"),
        *("system", "system_words", "skeleton", "skeleton_words", "item", "artefact"),
        *_TOPICS,
    )
)
"""What is read of each call, whatever the signals read."""
FIRST_CALLS = 100_000
"""Calls that are looked at first for which columns have values."""


def columns_read(signals: Sequence[Signal]) -> frozenset[str]:
    """Return the columns of ``records.CALLS`` without which these signals cannot be run."""
    return COLUMNS.union(*(s.needs for s in signals if s.reads == "calls"))


@dataclass(frozen=True)
class Candidate:
    """A group with both answers; ``strength`` is the weaker one in bits."""

    group: Group
    summary: Summary
    entities: int
    coordination: Answer
    distillation: Answer

    @property
    def strength(self) -> float:
        """Bits of the weaker answer."""
        return strength(self.coordination, self.distillation)

    @property
    def own_strength(self) -> float:
        """The same without what partners say: this is what innocent scans were held against."""
        return strength(self.coordination.own, self.distillation.own)


@dataclass(frozen=True)
class Findings:
    """Everything a report needs: candidates (strongest first), population, strands, observations, skipped signals."""

    candidates: list[Candidate]
    population: Population
    strands: Strands
    observed: list[Observed]
    skipped: dict[str, str]
    calls: nw.LazyFrame[Any] | None
    """The sub-streams' calls with a column ``group``: the position of the group as found, kept in ``order``."""
    order: list[int]
    """For each candidate, its number in ``calls``."""
    others: int = 0
    """Further groups, which could not have reached the bits asked for whatever their calls show."""


def find_candidates(
    engine: Engine,
    calls: nw.LazyFrame[Any],
    *,
    accounts: pa.Table | None,
    signals: Sequence[Signal],
    least: float = -np.inf,
    on_step: Callable[[str], None] = lambda _step: None,
) -> Findings:
    """Find groups, and question those that may reach ``least`` bits for one operator.

    ``accounts`` has keyed int64 columns: account, organization, created_hour, ….
    """
    on_step("reading cues")
    cue_rows = engine.collect(calls.group_by("cues").agg(calls=nw.len()))
    cue_table = score_cues(np.sort(cue_rows["cues"].to_numpy())).to_arrow()
    marked = mark_calls(engine, calls, cue_table)
    on_step("counting accounts")
    population = _population(engine, marked, accounts)
    marked = mark_bare(engine, marked, find_suspects(accounts, population.account, population.entity))
    present = _present(engine, calls, columns_read(signals))
    on_step("finding cells")
    strands = find_strands(engine, marked, population)
    skipped = {
        s.name: why
        for s in signals
        if (why := skipped_because(s, present | _filled(accounts), has_accounts=accounts is not None))
    }
    if not len(strands):
        return Findings([], population, strands, [], skipped, None, [])
    background = _background(population)
    read = sorted({"account", *(n for s in signals if s.reads == "calls" for n in s.needs)} & present)
    everybody = _background_calls(engine, marked, background, read)
    observed = observe(
        engine,
        [s for s in signals if s.name not in skipped],
        strand_calls=_strand_calls(engine, marked, strands, read),
        strand_accounts=_strand_accounts(engine, accounts, strands),
        background_calls=everybody,
        background_accounts=_background_accounts(engine, accounts, background),
        on_signal=lambda name: on_step(f"signal {name}"),
    )
    on_step("linking")
    found = find_groups(strands, observed, population, background, least=least)
    groups = found.promising
    if not groups:
        return Findings([], population, strands, observed, skipped, None, [], found.others)
    on_step("questioning")
    kept = group_calls(engine, marked, groups, population)
    summaries = summarise(engine, kept, len(groups))
    loads = find_loads(engine, kept, [g.accounts for g in groups])
    topics = _topics_of_everybody(engine, everybody)
    candidates = [
        _question(g, s, load, population, topics) for g, s, load in zip(groups, summaries, loads, strict=True)
    ]
    order = sorted(range(len(candidates)), key=lambda i: (-candidates[i].strength, int(groups[i].accounts[0])))
    ordered = [candidates[i] for i in order]
    return Findings(ordered, population, strands, observed, skipped, kept, order, found.others)


def _topics_of_everybody(engine: Engine, background_calls: nw.LazyFrame[Any]) -> TopicSpread:
    """Measure how far accounts in general keep to topics of their own, in first questions without any template."""
    own = (nw.col("turns") == 0) & nw.col("template").is_null() & (nw.col("use") == 0)
    first = background_calls.filter(own).select("account", *_TOPICS, group=nw.lit(0))
    return find_topic_spreads(engine, first, 1)[0]


def _question(group: Group, summary: Summary, load: Load, population: Population, everybody: TopicSpread) -> Candidate:
    entities = population.entities(group.accounts)
    coordination = one_operator(
        group, summary, load, entities=entities, accounts=len(population.account), everybody=everybody
    )
    return Candidate(group, summary, entities, coordination, is_distillation(group, summary, coordination))


def _population(engine: Engine, marked: nw.LazyFrame[Any], accounts: pa.Table | None) -> Population:
    table = engine.collect(
        marked.group_by("account").agg(
            calls=nw.len(),
            output_tokens=nw.col("output_tokens").cast(nw.Int64).sum().cast(nw.Int64),
            first=nw.col("started_at").min(),
            last=nw.col("started_at").max(),
            follow_ups=nw.when(nw.col("turns") > 0).then(1).otherwise(0).sum().cast(nw.Int64),
            harvest=nw.when(nw.col("use") > 0).then(1).otherwise(0).sum().cast(nw.Int64),
        )
    ).sort_by("account")
    columns = {n: integers(table[n]) for n in table.column_names}
    return Population(**columns, entity=_entities(columns["account"], accounts))


def _entities(account: Ints, accounts: pa.Table | None) -> Ints:
    """Return the owner of each account: the declared one, or that of declared accounts with its payer and domain."""
    entity = account.copy()
    if accounts is None:
        return entity
    accounts = with_openly_owned(accounts)
    declared = accounts.filter(pa.compute.is_valid(accounts["organization"])).sort_by("account")
    known = declared["account"].to_numpy()
    if not len(known):
        return entity
    at = np.searchsorted(known, account).clip(0, len(known) - 1)
    mine = known[at] == account
    entity[mine] = declared["organization"].to_numpy()[at[mine]]
    return entity


def _present(engine: Engine, calls: nw.LazyFrame[Any], read: frozenset[str]) -> frozenset[str]:
    """Return which of these columns have a value: most show one at once, the others are looked through."""
    columns = [n for n in calls.collect_schema().names() if n in read]
    found = _filled_in(engine, calls.head(FIRST_CALLS), columns)
    return found | _filled_in(engine, calls, [n for n in columns if n not in found])


def _filled_in(engine: Engine, calls: nw.LazyFrame[Any], columns: Sequence[str]) -> frozenset[str]:
    if not columns:
        return frozenset()
    counts = engine.collect(calls.select(*[nw.col(n).count().alias(n) for n in columns]))
    return frozenset(n for n in columns if counts[n][0].as_py() > 0)


def _filled(accounts: pa.Table | None) -> frozenset[str]:
    if accounts is None:
        return frozenset()
    return frozenset(n for n in accounts.column_names if accounts[n].null_count < len(accounts))


def _background(population: Population) -> Background:
    """Choose accounts by key, which is a keyed hash and so a random order, until BACKGROUND_CALLS calls are in."""
    enough = int(np.searchsorted(np.cumsum(population.calls), BACKGROUND_CALLS)) + 1
    chosen = slice(0, max(1, enough))
    single = population.follow_ups[chosen] * 10 < population.calls[chosen]
    return Background(population.account[chosen], single)


def _strand_calls(
    engine: Engine, marked: nw.LazyFrame[Any], strands: Strands, read: Sequence[str]
) -> nw.LazyFrame[Any]:
    """Return the calls of every strand with the columns that signals read; ``account`` is the strand's number."""
    number = np.arange(len(strands))
    kind, value = strands.cell_kind[strands.cell], strands.cell_value[strands.cell]
    pieces = []
    for which, column in CELL_COLUMNS.items():
        mine = kind == which
        table = pa.table({"account": strands.account[mine], column: value[mine], "strand": number[mine]})
        joined = marked.join(engine.lazy(table), on=["account", column], how="inner")
        pieces.append(joined.select("strand", *[n for n in read if n != "account"]).rename({"strand": "account"}))
    return engine.keep(nw.concat(pieces, how="vertical"))


def _background_calls(
    engine: Engine, marked: nw.LazyFrame[Any], background: Background, read: Sequence[str]
) -> nw.LazyFrame[Any]:
    """Return the background's calls with the columns that signals read, and those of _topics_of_everybody."""
    chosen = engine.lazy(pa.table({"account": background.account}))
    columns = sorted({"account", "turns", "template", "use", *_TOPICS, *read})
    return engine.keep(marked.select(*columns).join(chosen, on="account", how="inner"))


def _strand_accounts(engine: Engine, accounts: pa.Table | None, strands: Strands) -> nw.LazyFrame[Any] | None:
    if accounts is None:
        return None
    table = pa.table({"account": strands.account, "strand": np.arange(len(strands))})
    joined = engine.lazy(table).join(engine.lazy(accounts), on="account", how="inner")
    return engine.keep(joined.drop("account").rename({"strand": "account"}))


def _background_accounts(engine: Engine, accounts: pa.Table | None, background: Background) -> nw.LazyFrame[Any] | None:
    if accounts is None:
        return None
    chosen = engine.lazy(pa.table({"account": background.account}))
    return engine.keep(engine.lazy(accounts).join(chosen, on="account", how="inner"))


USE_NAMES = tuple("answers" if u in {Use.NONE, Use.BARE} else u.name.lower() for u in Use)
