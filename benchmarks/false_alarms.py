"""Whether ``false_alarm_rate`` means what it says: rates promised by some innocent scans, observed on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from benchmarks.results import table
from stillwatch.detect.calibration import Calibration
from stillwatch.settings import MIN_STRENGTH_BITS

PROMISED = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Innocent:
    """One scan of innocent traffic: which, of what prompts, how many accounts, and the strength of each candidate."""

    number: int
    pool: str
    accounts: int
    strengths: tuple[float, ...]


@dataclass(frozen=True)
class Point:
    """At or below a promised rate so many groups were seen in so many scans."""

    promised: float
    seen: int
    scans: int

    @property
    def observed(self) -> float:
        """Groups a scan."""
        return self.seen / self.scans

    @property
    def interval(self) -> tuple[float, float]:
        """About 95 %: Poisson, square-root scale; it has no gap at zero."""
        low = max(0.0, sqrt(self.seen) - 0.98) ** 2 if self.seen else 0.0
        return low / self.scans, (sqrt(self.seen + 1) + 0.98) ** 2 / self.scans

    @property
    def is_refuted(self) -> bool:
        """Whether more was seen than the promise and chance can explain."""
        return self.interval[0] > self.promised

    @property
    def is_shown(self) -> bool:
        """Whether so much was scanned that twice the promised rate can be excluded."""
        return self.interval[1] <= 2 * self.promised


@dataclass(frozen=True)
class Check:
    """Scans judged by a calibration of others."""

    name: str
    reference: int
    points: tuple[Point, ...]


def calibrate(scans: Sequence[Innocent]) -> Calibration:
    """Make of innocent scans the calibration that judges others."""
    accounts = round(sum(s.accounts for s in scans) / len(scans), 1)
    return Calibration(len(scans), accounts, tuple(sorted(x for s in scans for x in s.strengths)))


def check(name: str, reference: Sequence[Innocent], held_out: Sequence[Innocent]) -> Check:
    """Count the groups of held-out scans at or below each rate that the reference promises.

    Rates below the least that the reference can say are left out: nothing would ever be at or below them.
    """
    known = calibrate(reference)
    rates = [known.false_alarm_rate(x, accounts=s.accounts) for s in held_out for x in s.strengths]
    told = [p for p in PROMISED if p >= 1 / (known.scans + 1)]
    points = tuple(Point(p, sum(r <= p for r in rates), len(held_out)) for p in told)
    return Check(name, len(reference), points)


def describe(scans: Sequence[Innocent], checked: Sequence[Check]) -> str:
    """Write what the scans showed and how the promises held."""
    known = calibrate(scans)
    listed = sum(x >= MIN_STRENGTH_BITS for x in known.strengths)
    strongest = ", ".join(f"{x:.1f}" for x in known.strengths[:-6:-1])
    said = (
        f"{known.scans} scans of innocent traffic of {known.accounts:,.0f} accounts on average, "
        f"{sum(s.pool == 'shared' for s in scans)} with public prompts and {sum(s.pool == 'own' for s in scans)} with "
        f"the package's own: {len(known.strengths):,} candidates, the strongest {strongest} bits. At the default of "
        f"{MIN_STRENGTH_BITS:g} bits {listed} would be listed: {listed / known.scans:.3f} a scan.\n\n"
        "Below: groups seen a scan at or below each promised `false_alarm_rate`, with a 95 % interval, in scans that "
        "the calibration was not made from. Each check uses half of the scans, the shipped calibration all of them. "
        "**Yes**: twice the promised rate is excluded. *Open*: so few scans neither show nor refute the promise. "
        "**No**: more was seen than chance explains. The interval takes groups as independent; those of one scan are "
        "not quite.\n\n"
    )
    rows = [
        (c.name, f"{p.promised:g}", f"{p.observed:.3f}", "{:.3f} to {:.3f}".format(*p.interval), p.scans, _kept(p))
        for c in checked
        for p in c.points
    ]
    header = ("scans judged", "promised", "observed", "95 %", "scans", "kept")
    return said + table(header, rows) + "\n![Calibration](../docs/calibration.svg)\n"


def _kept(point: Point) -> str:
    if point.is_refuted:
        return "**no**"
    return "yes" if point.is_shown else "open"
