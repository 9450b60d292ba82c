"""What is found and who is accused, by Stillwatch and by every peer, on the same calls."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cache, partial

from benchmarks import tables
from benchmarks.incidents import CONTAMINATED, HISTORY, INNOCENTS, LADDER, PROFILES, Incident, compose
from benchmarks.metrics import Match, Names, accused_innocents, match_campaigns, purity, recall
from benchmarks.parallel import each
from benchmarks.peers.history import History
from benchmarks.peers.mmd import is_group_unusual
from benchmarks.peers.panel import peers
from benchmarks.results import show, write_section
from benchmarks.scans import NAME, scan
from benchmarks.tables import Outcome

HISTORY_SEED = 1000
"""Far from the seeds of the incidents: what the learning peers know is never what they are asked about."""
ORACLE = "MMD, told the true groups"


@cache
def history(*, quick: bool) -> History:
    """Compose the innocent traffic that the learning peers are given."""
    return History(compose(HISTORY, seed=HISTORY_SEED, quick=quick).traffic)


def judge(incident: Incident, known: History) -> Iterator[Outcome]:
    """Let every method look at an incident."""
    ours = scan(incident)
    matches = tuple(match_campaigns(incident.truth, ours.found))
    yield _outcome(incident, NAME, ours.accused, ours.seconds, matches)
    for name, accuse in peers(known).items():
        started = time.perf_counter()
        accused = accuse(incident.traffic).accounts
        yield _outcome(incident, name, accused, time.perf_counter() - started)
    started = time.perf_counter()
    yield _outcome(incident, ORACLE, _oracle(incident, known), time.perf_counter() - started)


def _oracle(incident: Incident, known: History) -> Names:
    """Accuse the true campaigns and innocent classes whose traffic, taken together, MMD calls unusual."""
    number = {account: i for i, account in enumerate(incident.traffic.names)}
    classes: dict[str, set[str]] = {}
    for account, kind in incident.truth.innocent.items():
        classes.setdefault(kind, set()).add(account)
    groups = [*incident.truth.members.values(), *map(frozenset, classes.values())]
    present = [(group, [number[a] for a in group if a in number]) for group in groups]
    unusual = [group for group, held in present if held and is_group_unusual(incident.traffic, known, held)]
    return frozenset().union(*unusual)


def _outcome(
    incident: Incident, method: str, accused: Names, seconds: float, matches: tuple[Match, ...] = ()
) -> Outcome:
    truth = incident.truth
    return Outcome(
        incident.case,
        method,
        recall(accused, truth.guilty),
        purity(accused, truth.guilty) if truth.guilty else None,
        accused_innocents(truth, accused),
        seconds,
        matches,
    )


def _judge_one(case_and_seed: tuple[str, int], *, quick: bool) -> list[Outcome]:
    case, seed = case_and_seed
    return list(judge(compose(case, seed=seed, quick=quick), history(quick=quick)))


def judge_all(cases: Sequence[str], *, quick: bool, seeds: int = 1) -> list[Outcome]:
    """Judge every case with every seed; say on standard output what was found."""
    compose(HISTORY, seed=HISTORY_SEED, quick=quick)
    outcomes: list[Outcome] = []
    asked = [(case, seed) for case in cases for seed in range(1, seeds + 1)]
    for (case, seed), found in zip(asked, each(partial(_judge_one, quick=quick), asked), strict=True):
        outcomes += found
        wrong = sum(w for w, _ in found[0].innocents.values())
        shown = f"recall {show(found[0].recall)}, purity {show(found[0].purity)}"
        print(f"{case}, seed {seed}: {shown}, {wrong} innocents accused", flush=True)
    return outcomes


def run_profiles(*, quick: bool, seeds: int, command: str) -> None:
    """Measure the profiles and the innocent scenario; write the sections ``quality`` and ``innocents``."""
    profiles = PROFILES[:1] if quick else PROFILES
    outcomes = judge_all((*profiles, INNOCENTS), quick=quick, seeds=seeds)
    body = tables.compare(outcomes, profiles, ours=NAME) + "\n" + tables.describe_matches(outcomes)
    write_section("quality", "Quality by campaign profile", body, command=command)
    write_section("innocents", "Accused innocents", tables.describe_innocents(outcomes, ours=NAME), command=command)


def run_ladder(*, quick: bool, seeds: int, command: str) -> None:
    """Measure the evasion ladder; write the section ``ladder`` and its plots."""
    cases = LADDER[::4] if quick else LADDER
    outcomes = judge_all(cases, quick=quick, seeds=seeds)
    tables.draw(outcomes, cases, ours=NAME, file="ladder", ticks=[f"step {c[-1]}" for c in cases])
    body = tables.compare(outcomes, cases, ours=NAME) + "\n" + tables.describe_matches(outcomes)
    body += "\n![Recall](figures/ladder-recall.svg)\n![Purity](figures/ladder-purity.svg)\n"
    write_section("ladder", "The evasion ladder", body, command=command)


def run_contamination(*, quick: bool, seeds: int, command: str) -> None:
    """Measure how small a share of harvest is still found; write the section ``contamination`` and its plots."""
    cases = list(CONTAMINATED)[1:2] if quick else list(CONTAMINATED)
    outcomes = judge_all(cases, quick=quick, seeds=seeds)
    tables.draw(outcomes, cases, ours=NAME, file="contamination", ticks=[f"{CONTAMINATED[c]:.0%}" for c in cases])
    said = (
        "300 accounts of about 100 calls, of which this percentage is one operator's harvest and the rest "
        "the calls of a reseller's real customers.\n\n"
    )
    body = said + tables.compare(outcomes, cases, ours=NAME) + "\n" + tables.describe_matches(outcomes)
    body += "\n![Recall](figures/contamination-recall.svg)\n![Purity](figures/contamination-purity.svg)\n"
    write_section("contamination", "Harvest between other people's calls", body, command=command)
