"""What a strength is worth: how often innocent traffic reaches it.

Conformal, as in Vovk, Gammerman and Shafer (2005), section 2: the strengths of all groups found in many composed scans
of innocent traffic are the reference. With n innocent scans, of which k groups were at least as strong, the expected
number of such groups in one more innocent scan is at most (k + 1) / (n + 1). Nothing is extrapolated: no rate below
1 / (n + 1) is claimed. A scan of more accounts than the reference scans have has more chances, so the rate grows in
proportion.

``python -m benchmarks.calibrate`` measures it: innocent logs of the honest uses that ``simulate`` knows, in sizes and
mixtures that change with the seed, a key each. It also judges half of the scans by the rest (docs/calibration.svg,
benchmarks/RESULTS.md). A kind of honest use that the reference lacks is not covered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from stillwatch.errors import SettingsError


@dataclass(frozen=True)
class Calibration:
    """Strengths (bits, ascending) of all groups in ``scans`` innocent scans of ``accounts`` accounts on average."""

    scans: int
    accounts: float
    strengths: tuple[float, ...]

    def false_alarm_rate(self, strength: float, *, accounts: int) -> float:
        """Return how many groups at least this strong to expect in one innocent scan of this many accounts."""
        reached = len(self.strengths) - int(np.searchsorted(self.strengths, strength, side="left"))
        rate = (reached + 1) / (self.scans + 1)
        return rate * max(1.0, accounts / self.accounts)


@cache
def shipped() -> Calibration:
    """Read the calibration that ``benchmarks/calibrate.py`` measured."""
    text = resources.files("stillwatch.detect").joinpath("calibration.json").read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> Calibration:
    """Read a calibration from JSON. Raises SettingsError if it is not one."""
    try:
        data = json.loads(text)
        return Calibration(
            int(data["scans"]), float(data["accounts"]), tuple(sorted(float(s) for s in data["strengths"]))
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise SettingsError(
            f"calibration.json: not a calibration ({problem}); make it anew with benchmarks/calibrate.py"
        ) from problem
