"""What else is asked of the scan: exchanges lost, families left out, other prompts."""

from __future__ import annotations

from functools import partial
from statistics import fmean

from benchmarks.incidents import INNOCENTS, LADDER, PROFILES, compose
from benchmarks.metrics import accused_innocents, match_campaigns, purity, recall
from benchmarks.parallel import each
from benchmarks.results import show, table, write_section
from benchmarks.scans import exchanges_lost, scan

FAMILIES = ("content", "timing", "network", "identity", "economy")
STUDIED = ("profile-a", "profile-c", "profile-e", "two-in-one-proxy-pool", "evasion-2", "evasion-3", "evasion-4")
"""For the ablation: cases that lean on different families, found easily and hardly."""
SEARCHED = ("profile-a", "profile-b", "profile-c", "profile-d", "profile-e", "probe-then-scale", *LADDER)
"""For the losses: one case for each public profile, the one that starts small, and the ladder."""

Lost = tuple[str, str, int, int | None, float | None]


def run_lost(*, quick: bool, seeds: int, command: str) -> None:
    """Search the first prefix of each log that shows its campaigns; write the section ``lost``."""
    asked = [(case, seed) for case in SEARCHED[: 1 if quick else None] for seed in range(1, seeds + 1)]
    rows = [row for found in each(partial(_lost, quick=quick), asked) for row in found]
    said = (
        "Calls that a campaign had made when a scan of the log so far first reported it (a found campaign of "
        "which more than half are its members). Steps: 0.5 % to 100 % of its calls, searched by halves, one row a "
        "seed; a dash where even the whole log did not show it.\n\n"
    )
    header = ("case", "campaign", "its calls", "lost before detection", "share")
    write_section("lost", "Exchanges lost before detection", said + table(header, rows), command=command)


def _lost(case_and_seed: tuple[str, int], *, quick: bool) -> list[Lost]:
    case, seed = case_and_seed
    incident = compose(case, seed=seed, quick=quick)
    rows = []
    for campaign, total in sorted(incident.truth.calls.items()):
        lost = exchanges_lost(incident, campaign)
        rows.append((case, campaign, total, lost, None if lost is None else lost / total))
        print(*rows[-1], flush=True)
    return rows


def run_ablation(*, quick: bool, seeds: int, command: str) -> None:
    """Leave each family of signals out in turn; write the section ``ablation``. One seed."""
    del seeds
    cases = (*(STUDIED[:1] if quick else STUDIED), INNOCENTS)
    for _ in each(partial(compose, seed=1, quick=quick), cases):
        pass
    without: list[tuple[str, ...]] = [(), *((family,) for family in FAMILIES)]
    asked = [(case, left_out) for left_out in without for case in cases]
    found = dict(zip(asked, each(partial(_without, quick=quick), asked), strict=True))
    rows = [
        (
            f"without {left_out[0]}" if left_out else "all families",
            *(found[case, left_out][0] for case in cases[:-1]),
            sum(found[case, left_out][1] for case in cases),
        )
        for left_out in without
    ]
    said = (
        "Recall / purity over accounts with each family of signals left out (`--without`), and innocents accused "
        f"over all these cases and `{INNOCENTS}`; one seed. Groups are formed from wording and use even without "
        "the content signals, so that row shows less than the content matters.\n\n"
    )
    header = ("families", *cases[:-1], "accused innocents")
    write_section("ablation", "Each family left out in turn", said + table(header, rows), command=command)


def _without(asked: tuple[str, tuple[str, ...]], *, quick: bool) -> tuple[str, int]:
    case, without = asked
    incident = compose(case, seed=1, quick=quick)
    accused = scan(incident, without=without).accused
    wrong = sum(w for w, _ in accused_innocents(incident.truth, accused).values())
    guilty = incident.truth.guilty
    print(case, *without, len(accused), wrong, flush=True)
    return f"{show(recall(accused, guilty))} / {show(purity(accused, guilty))}", wrong


def run_heldout(*, quick: bool, seeds: int, command: str) -> None:
    """Compare the public pools with the package's own prompts; write the section ``heldout``. One seed."""
    del seeds
    cases = (*PROFILES, *LADDER)[: 1 if quick else None]
    asked = [(case, shared) for case in cases for shared in (True, False)]
    found = dict(zip(asked, each(partial(_with_pool, quick=quick), asked), strict=True))
    rows = [(case, *found[case, True], *found[case, False]) for case in cases]
    said = "The same scenarios over two sets of prompts, one seed: tuned to a pool, the two would differ.\n\n"
    names = [f"{m}, {pool}" for pool in ("public pools", "own prompts") for m in ("recall", "purity", "innocents")]
    write_section("heldout", "Other prompts", said + table(("case", *names), rows), command=command)


def _with_pool(asked: tuple[str, bool], *, quick: bool) -> tuple[float, float, int]:
    case, shared = asked
    incident = compose(case, seed=1, shared=shared, quick=quick)
    found = scan(incident)
    matches = match_campaigns(incident.truth, found.found)
    wrong = sum(w for w, _ in accused_innocents(incident.truth, found.accused).values())
    return fmean(m.recall for m in matches), fmean(m.purity for m in matches), wrong
