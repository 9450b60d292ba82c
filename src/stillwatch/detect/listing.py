"""The entries of a report: campaigns, tenants and operators joined with the accounts table, and the scan itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch import __version__
from stillwatch.detect.calibration import shipped
from stillwatch.detect.describe import answer, campaign_id, describe, hexadecimal, instant, strongest_observables
from stillwatch.detect.distribution import Distribution, tell
from stillwatch.detect.find import Candidate, Findings
from stillwatch.detect.operators import explain, why_no_campaign
from stillwatch.detect.signal import Signal
from stillwatch.detect.strands import Ints
from stillwatch.detect.substreams import Substream
from stillwatch.detect.tenants import Tenant
from stillwatch.settings import ScanSettings

Json = dict[str, Any]

LIMITS = [
    "Transcripts bought elsewhere never touch this API and cannot be seen here.",
    "A strength says how two questions were answered, not who the operator is, and not that a model was trained.",
    "Fewer than five accounts, or accounts of one declared owner, are never called a campaign.",
    "Campaigns without recurring wording and without cues of use are found only where accounts share a card or device.",
]


@dataclass(frozen=True)
class Listing:
    """Joins candidates with what the accounts table says about their members."""

    findings: Findings
    listed: list[Candidate]
    known: pa.Table | None
    keyed: pa.Table | None
    names: Mapping[int, str]
    substreams: list[list[Substream]]
    """Of each listed campaign."""
    distributions: list[Distribution]
    """Of each listed campaign."""

    def campaigns(self) -> list[Json]:
        """Return all that ``campaigns.json`` lists."""
        return [self.campaign(c) for c in self.listed]

    def members(self) -> Ints:
        """Return the keys of all listed campaigns' accounts."""
        return np.concatenate([c.group.accounts for c in self.listed]) if self.listed else np.empty(0, np.int64)

    def campaign(self, candidate: Candidate) -> Json:
        """Return a campaign's entry in ``campaigns.json``."""
        verification, organizations = self._accounts(candidate.group.accounts)
        number = next(i for i, c in enumerate(self.listed) if c is candidate)
        return describe(
            candidate,
            self.findings,
            substreams=self.substreams[number],
            distribution=tell(self.distributions[number]),
            names=self.names,
            verification=verification,
            organizations=organizations,
            calibration=shipped(),
        )

    def tenant(self, tenant: Tenant) -> Json:
        """Return a tenant's entry in ``tenants.json``."""
        verification, _ = self._accounts(tenant.accounts)
        return {
            "organization": self._organization(tenant),
            "accounts": len(tenant.accounts),
            "account_names": sorted(self.names.get(int(a), hexadecimal(a)) for a in tenant.accounts[:20]),
            "calls": tenant.calls,
            "harvest_calls": tenant.harvest,
            "output_tokens": tenant.output_tokens,
            "first_call_at": instant(tenant.first),
            "last_call_at": instant(tenant.last),
            "verification": verification,
            "says": "One declared tenant makes what looks like training data: no campaign; its contract decides.",
        }

    def operator(self, candidate: Candidate) -> Json:
        """Return a group's entry in ``operators.json``: all its accounts, for no other table names them."""
        group, summary = candidate.group, candidate.summary
        verification, organizations = self._accounts(group.accounts)
        return {
            "operator": campaign_id(candidate).replace("C-", "O-", 1),
            "accounts": len(group.accounts),
            "account_names": sorted(self.names.get(int(a), hexadecimal(a)) for a in group.accounts),
            "entities": candidate.entities,
            "organizations": organizations,
            "calls": summary.calls,
            "output_tokens": summary.output_tokens,
            "first_call_at": instant(summary.first),
            "last_call_at": instant(summary.last),
            "coordination": answer(candidate.coordination),
            "distillation_bits": round(candidate.distillation.bits, 2),
            "why_no_campaign": why_no_campaign(candidate),
            "observables": strongest_observables(candidate, self.names),
            "verification": verification,
            "says": explain(candidate),
        }

    def _organization(self, tenant: Tenant) -> str | None:
        if self.known is None or self.keyed is None:
            return None
        mine = pc.equal(self.keyed["organization"], pa.scalar(tenant.entity, pa.int64()))
        found = self.known.filter(pc.fill_null(mine, fill_value=False))["organization"]
        return found[0].as_py() if len(found) else None

    def _accounts(self, accounts: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[dict[str, int], int]:
        if self.known is None or self.keyed is None:
            return {}, 0
        mine = self.known.filter(pc.is_in(self.keyed["account"], pa.array(accounts)))
        counted = Counter(v or "unknown" for v in mine["verification"].to_pylist())
        return dict(sorted(counted.items())), len(set(mine["organization"].to_pylist()) - {None})


def scan_json(
    findings: Findings,
    signals: Sequence[Signal],
    rejects: list[Json],
    settings: ScanSettings,
    *,
    inputs: int,
    calls_with_text: int,
) -> Json:
    """Return ``scan.json``: what was scanned, with which signals and settings, and what it cannot show."""
    population = findings.population
    seen = {o.signal.name: len(o.strands.unit) for o in findings.observed}
    calibration = shipped()
    return {
        "version": __version__,
        "calls": int(population.calls.sum()),
        "calls_with_text": calls_with_text,
        "accounts": len(population.account),
        "first_call_at": instant(int(population.first.min())) if len(population.account) else None,
        "last_call_at": instant(int(population.last.max())) if len(population.account) else None,
        "inputs": inputs,
        "rejects": rejects,
        "signals": [
            {
                "signal": s.name,
                "family": str(s.family),
                "sightings": seen.get(s.name, 0),
                "skipped": findings.skipped.get(s.name),
            }
            for s in signals
        ],
        "settings": {
            "min_strength_bits": settings.min_strength_bits,
            "without": sorted(settings.without),
            "signals": settings.signals,
        },
        "candidates": [round(c.strength, 2) for c in findings.candidates],
        "candidates_unquestioned": findings.others,
        "limits": LIMITS,
        "calibration": {
            "scans": calibration.scans,
            "says": f"False-alarm rates are counted over {calibration.scans} composed scans of innocent traffic.",
        },
    }
