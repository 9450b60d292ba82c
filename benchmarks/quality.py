"""What is found and who is accused, by Stillwatch and by every peer, on the same calls."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks import figures
from benchmarks.incidents import INNOCENT, LADDER, PROFILES, Incident, compose
from benchmarks.metrics import Match, Names, accused_innocents, match_campaigns, purity, recall
from benchmarks.peers.history import History
from benchmarks.peers.mmd import is_group_unusual
from benchmarks.peers.panel import peers
from benchmarks.results import table, write_section
from benchmarks.scans import NAME, scan

SEEDS = (1, 2, 3)
HISTORY_SEED = 1000
ORACLE = "MMD, told the true groups"


@dataclass(frozen=True)
class Outcome:
    """What one method said about one incident."""

    scenario: str
    method: str
    recall: float | None
    purity: float | None
    innocents: dict[str, tuple[int, int]]
    seconds: float
    matches: tuple[Match, ...] = ()


def history(*, quick: bool) -> History:
    """Compose the innocent traffic that the learning peers are given."""
    return History(compose(INNOCENT, seed=HISTORY_SEED, quick=quick).traffic)


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
    classes = {kind: set() for kind in incident.truth.innocent.values()}
    for account, kind in incident.truth.innocent.items():
        classes[kind].add(account)
    groups = [*incident.truth.members.values(), *map(frozenset, classes.values())]
    present = [(group, [number[a] for a in group if a in number]) for group in groups]
    unusual = [group for group, held in present if held and is_group_unusual(incident.traffic, known, held)]
    return frozenset().union(*unusual)


def _outcome(
    incident: Incident, method: str, accused: Names, seconds: float, matches: tuple[Match, ...] = ()
) -> Outcome:
    truth = incident.truth
    return Outcome(
        incident.scenario,
        method,
        recall(accused, truth.guilty),
        purity(accused, truth.guilty) if truth.guilty else None,
        accused_innocents(truth, accused),
        seconds,
        matches,
    )


def judge_all(scenarios: Sequence[str], *, quick: bool, shared: bool = True) -> list[Outcome]:
    """Judge every scenario with every seed."""
    known = history(quick=quick)
    outcomes: list[Outcome] = []
    for scenario in scenarios:
        for seed in SEEDS[:1] if quick else SEEDS:
            outcomes += judge(compose(scenario, seed=seed, quick=quick, shared=shared), known)
            print(scenario, seed, *(f"{o.method} {o.recall} {o.purity}" for o in outcomes[-13:-12]))
    return outcomes


def run_profiles(*, quick: bool, command: str) -> None:
    """Measure the profiles and the innocent scenario; write the sections ``quality`` and ``innocents``."""
    outcomes = judge_all((*PROFILES, INNOCENT), quick=quick)
    body = compare(outcomes, PROFILES) + "\n" + describe_matches(outcomes)
    write_section("quality", "Quality by campaign profile", body, command=command)
    write_section("innocents", "Accused innocents", describe_innocents(outcomes), command=command)


def run_ladder(*, quick: bool, command: str) -> None:
    """Measure the evasion ladder; write the section ``ladder`` and its plot."""
    outcomes = judge_all(LADDER, quick=quick)
    for measure in ("recall", "purity"):
        drawn = {m: [mean(outcomes, s, m, measure) for s in LADDER] for m in methods(outcomes)}
        figures.lines(drawn, [s[-1] for s in LADDER], label=measure, file=f"ladder-{measure}.svg", ours=NAME)
    body = compare(outcomes, LADDER) + "\n" + describe_matches(outcomes)
    body += "\n![Recall](figures/ladder-recall.svg)\n![Purity](figures/ladder-purity.svg)\n"
    write_section("ladder", "The evasion ladder", body, command=command)


def methods(outcomes: Sequence[Outcome]) -> list[str]:
    """All methods in their order."""
    return list(dict.fromkeys(o.method for o in outcomes))


def mean(outcomes: Sequence[Outcome], scenario: str, method: str, measure: str) -> float | None:
    """Mean of a measure over seeds; ``None`` where it is not defined for any."""
    values = [getattr(o, measure) for o in outcomes if (o.scenario, o.method) == (scenario, method)]
    known = [v for v in values if v is not None]
    return fmean(known) if known else None


def compare(outcomes: Sequence[Outcome], scenarios: Sequence[str]) -> str:
    """Write recall / purity over accounts by scenario and method, and seconds."""
    rows = []
    for method in methods(outcomes):
        pairs = ((mean(outcomes, s, method, "recall"), mean(outcomes, s, method, "purity")) for s in scenarios)
        cells = [f"{_two(r)} / {_two(p)}" for r, p in pairs]
        seconds = fmean(o.seconds for o in outcomes if o.method == method)
        rows.append((f"**{method}**" if method == NAME else method, *cells, round(seconds, 1)))
    said = "Recall / purity over accounts, mean over seeds; a dash where nobody was accused.\n\n"
    return said + table(("method", *scenarios, "s"), rows)


def describe_matches(outcomes: Sequence[Outcome]) -> str:
    """Write for each planted campaign how well the best found one covers it, and the error of its volume."""
    rows = [
        (
            o.scenario,
            m.campaign,
            m.recall,
            m.purity,
            None if m.volume_error is None else f"{m.volume_error:+.1%}",
        )
        for o in outcomes
        for m in o.matches
    ]
    said = "Each planted campaign against the one found campaign that fits it best (one row a seed).\n\n"
    return said + table(("scenario", "campaign", "recall", "purity", "volume error"), rows)


def describe_innocents(outcomes: Sequence[Outcome]) -> str:
    """Write accused / all accounts by class and method over all incidents, the overall rate, and its plot."""
    kinds = sorted({kind for o in outcomes for kind in o.innocents})
    rows, rates = [], {}
    for method in methods(outcomes):
        held = [o.innocents for o in outcomes if o.method == method]
        sums = [tuple(map(sum, zip(*(h[k] for h in held if k in h), strict=True))) for k in kinds]
        wrong, size = sum(w for w, _ in sums), sum(n for _, n in sums)
        rates[method] = wrong / size
        rate = f"1 in {size / wrong:,.0f}" if wrong else f"0 of {size:,}"
        rows.append((method, *(f"{w}/{n}" for w, n in sums), rate))
    figures.bars(
        {m: 100 * r for m, r in rates.items()},
        label="% of innocents accused",
        file="innocents.svg",
        ours=NAME,
    )
    said = "Innocent accounts accused, by class, over all scenarios and seeds of this section.\n\n"
    return said + table(("method", *kinds, "all"), rows) + "\n![Innocents](figures/innocents.svg)\n"


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"  # noqa: RUF001 (a dash, as in the other tables)
