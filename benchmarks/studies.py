"""What else is asked of the scan: losses, families left out, other prompts, honest false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from benchmarks import figures
from benchmarks.incidents import INNOCENT, LADDER, PROFILES, compose
from benchmarks.metrics import accused_innocents, match_campaigns, observed_false_alarms, purity, recall
from benchmarks.results import table, write_section
from benchmarks.scans import exchanges_lost, scan

FAMILIES = ("content", "timing", "network", "identity", "economy")
STUDIED = ("profile-a", "profile-c", "profile-e", "two-in-one-pool", "ladder-2", "ladder-3", "ladder-4")
"""For the ablation: cases that lean on different families, found easily and hardly."""

INNOCENT_SCANS = 100
PROMISED = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def run_lost(*, quick: bool, command: str) -> None:
    """Search the first prefix of each log that shows its campaigns; write the section ``lost``."""
    rows = []
    for scenario in (*PROFILES, *LADDER)[: 2 if quick else None]:
        incident = compose(scenario, seed=1, quick=quick)
        for campaign, total in sorted(incident.truth.calls.items()):
            lost = exchanges_lost(incident, campaign)
            rows.append((scenario, campaign, total, lost, None if lost is None else lost / total))
            print(*rows[-1])
    said = (
        "Calls that a campaign had made when a scan of the log so far first reported it (a found campaign of "
        "which more than half are its members). Steps: 0.5 % to 100 % of its calls, searched by halves; one "
        "seed.\n\n"
    )
    header = ("scenario", "campaign", "its calls", "lost before detection", "share")
    write_section("lost", "Exchanges lost before detection", said + table(header, rows), command=command)


def run_ablation(*, quick: bool, command: str) -> None:
    """Leave each family of signals out in turn; write the section ``ablation``."""
    rows = []
    studied = STUDIED[-2:] if quick else STUDIED
    for without in ((), *((family,) for family in FAMILIES)):
        cells, wrong = [], 0
        for scenario in (*studied, INNOCENT):
            incident = compose(scenario, seed=1, quick=quick)
            accused = scan(incident, without=without).accused
            wrong += sum(w for w, _ in accused_innocents(incident.truth, accused).values())
            guilty = incident.truth.guilty
            if guilty:
                cells.append(f"{recall(accused, guilty):.2f} / {purity(accused, guilty) or 0:.2f}")
        rows.append((f"without {without[0]}" if without else "all families", *cells, wrong))
        print(*rows[-1])
    said = "Recall / purity over accounts with each family of signals left out (`--without`); one seed.\n\n"
    header = ("families", *studied, "accused innocents")
    write_section("ablation", "Each family left out in turn", said + table(header, rows), command=command)


def run_heldout(*, quick: bool, command: str) -> None:
    """Compare the public pools with the package's own prompts; write the section ``heldout``."""
    rows = []
    for scenario in (*PROFILES, *LADDER)[: 3 if quick else None]:
        cells: list[object] = [scenario]
        for shared in (True, False):
            incident = compose(scenario, seed=1, shared=shared, quick=quick)
            found = scan(incident)
            matches = match_campaigns(incident.truth, found.found)
            cells += [fmean(m.recall for m in matches), fmean(m.purity for m in matches)]
            cells.append(sum(w for w, _ in accused_innocents(incident.truth, found.accused).values()))
        rows.append(cells)
        print(*cells)
    said = "The same scenarios over two sets of prompts, one seed: tuned to a pool, the two would differ.\n\n"
    names = [f"{m}, {pool}" for pool in ("public pools", "own prompts") for m in ("recall", "purity", "innocents")]
    write_section("heldout", "Other prompts", said + table(("scenario", *names), rows), command=command)


def run_calibration(*, quick: bool, command: str) -> None:
    """Scan small innocent logs; write the section ``calibration`` and its plot."""
    scans = []
    for number in range(5 if quick else INNOCENT_SCANS):
        said = scan(compose(INNOCENT, seed=2000 + number, quick=True)).campaigns
        scans.append([(_strength(c), c["false_alarm_rate"]) for c in said])
    write_section("calibration", "Honest false alarms", describe_calibration(scans), command=command)


def describe_calibration(scans: Sequence[Sequence[tuple[float, float]]]) -> str:
    """Write and draw promised against observed rates, from (strength, rate) of each innocent scan."""
    points = observed_false_alarms(scans, PROMISED)
    figures.calibration(points, scans=len(scans), file="calibration.svg")
    said = (
        f"Campaigns reported at or below a promised `false_alarm_rate`, per scan, over {len(scans)} innocent "
        "scans. Honest = observed at or below promised, up to chance.\n\n"
    )
    return (
        said
        + table(("promised", "observed"), [(f"{p:g}", f"{o:.3f}") for p, o in points])
        + ("\n![Calibration](figures/calibration.svg)\n")
    )


def _strength(campaign: dict[str, object]) -> float:
    return min(_bits(campaign["coordination"]), _bits(campaign["distillation"]))


def _bits(answer: object) -> float:
    """Read the bits of an answer, whether it is a number or has them beside its evidence."""
    return float(answer["bits"]) if isinstance(answer, dict) else float(answer)  # type: ignore[arg-type]
