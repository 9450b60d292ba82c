"""Candidates in words and plain data: the entries of ``campaigns.json``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from stillwatch.detect.answers import Answer
from stillwatch.detect.calibration import Calibration
from stillwatch.detect.distillation import objectives
from stillwatch.detect.find import USE_NAMES, Candidate, Findings
from stillwatch.detect.strands import SYSTEM, TEMPLATE, USE
from stillwatch.detect.substreams import Substream

KIND_NAMES = {TEMPLATE: "template", USE: "use", SYSTEM: "system"}
Json = dict[str, Any]
MAX_OBSERVABLES = 20
MAX_SUBSTREAMS = 12
MAX_POINTS = 400
TIMELINE_STEPS = (1, 24, 168, *(168 * 10**i for i in range(1, 8)))
"""Hours that one point of a timeline may span: by day or week for long campaigns; a wrong clock makes it coarse."""


def hexadecimal(value: int) -> str:
    """Write a 64-bit key as sixteen hexadecimal digits."""
    return f"{int(value) & 0xFFFFFFFFFFFFFFFF:016x}"


def instant(microseconds: int) -> str:
    """Write microseconds since 1970 as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def describe(
    candidate: Candidate,
    findings: Findings,
    *,
    substreams: Sequence[Substream],
    distribution: Json,
    names: Mapping[int, str],
    verification: Mapping[str, int],
    organizations: int,
    calibration: Calibration,
) -> Json:
    """Turn a candidate into the JSON-ready entry that docs/design.md and docs/report.md describe."""
    group, summary = candidate.group, candidate.summary
    rate = calibration.false_alarm_rate(candidate.own_strength, accounts=len(findings.population.account))
    goals = {k: v for k, v in objectives(summary, USE_NAMES).items() if k != "none"} or {"answers": 1.0}
    return {
        "campaign": campaign_id(candidate),
        "accounts": len(group.accounts),
        "entities": candidate.entities,
        "organizations": organizations,
        "calls": summary.calls,
        "exchanges": summary.completed,
        "output_tokens": summary.output_tokens,
        "first_call_at": instant(summary.first),
        "last_call_at": instant(summary.last),
        "strength_bits": round(candidate.strength, 2),
        "coordination": answer(candidate.coordination),
        "distillation": answer(candidate.distillation),
        "false_alarm_rate": float(f"{rate:.3g}"),
        "false_alarm_says": _rate_says(rate, calibration),
        "objective": max(goals.items(), key=lambda g: (g[1], g[0]))[0],
        "objectives": goals,
        "observables": strongest_observables(candidate, names),
        "substreams": [_substream(s) for s in substreams[:MAX_SUBSTREAMS]],
        "share": _share(candidate, findings),
        "distribution": distribution,
        "timeline": _timeline(candidate),
        "verification": dict(sorted(verification.items())),
        "claims": _claims(candidate),
        "otherwise": _otherwise(candidate),
        "next_steps": _next_steps(candidate, findings),
    }


def campaign_id(candidate: Candidate) -> str:
    """Name a campaign after its members and contents: the same campaign has the same name in every run."""
    digest = hashlib.sha256(np.sort(candidate.group.accounts).tobytes())
    digest.update(repr(candidate.group.contents).encode())
    return f"C-{digest.hexdigest()[:12]}"


def answer(given: Answer) -> Json:
    """Write an answer with its evidence by family."""
    return {
        "bits": round(given.bits, 2),
        "prior_bits": given.prior,
        "evidence": {
            str(family): {
                "bits": round(given.family_bits(family), 2),
                "findings": [
                    {"signal": f.signal, "bits": round(f.bits, 2), "says": f.says}
                    for f in given.findings
                    if f.family is family
                ],
            }
            for family in given.families
        },
    }


def _rate_says(rate: float, calibration: Calibration) -> str:
    if rate <= 1.5 / (calibration.scans + 1):
        return f"None of {calibration.scans} composed innocent scans showed anything this strong."
    return f"About {rate:.2g} groups this strong are expected per scan of composed innocent traffic of this size."


def strongest_observables(candidate: Candidate, names: Mapping[int, str]) -> list[Json]:
    """List what holds a group together, the strongest first; ``names`` says what a keyed value stands for."""
    best: dict[tuple[str, int], Json] = {}
    for cell in candidate.group.cells:
        for name, family, observable, holders, elsewhere, bits in cell.observables:
            known = best.get((name, observable))
            if known is None or known["holders"] < holders:
                best[name, observable] = {
                    "signal": name,
                    "family": family,
                    "observable": hexadecimal(observable),
                    "label": names.get(observable),
                    "holders": int(holders),
                    "holders_elsewhere": int(elsewhere),
                    "bits": round(bits, 2),
                }
    ranked = sorted(best.values(), key=lambda o: (-o["bits"] * min(o["holders"], 50), o["signal"], o["observable"]))
    return ranked[:MAX_OBSERVABLES]


def _substream(stream: Substream) -> Json:
    return {
        "skeleton": None if stream.kind == USE else hexadecimal(stream.value),
        "kind": KIND_NAMES[stream.kind],
        "use": USE_NAMES[stream.value] if stream.kind == USE else None,
        "words": stream.words,
        "calls": stream.calls,
        "accounts": stream.accounts,
        "cues": stream.cues,
        "hours": stream.hours,
    }


def _share(candidate: Candidate, findings: Findings) -> Json:
    """Give the campaign's share of its members' traffic with a 95 % interval (accounts are the unit of sampling)."""
    total = findings.population.calls[findings.population.index(candidate.summary.accounts)]
    shares = candidate.summary.account_calls / total
    mean = float(candidate.summary.account_calls.sum() / total.sum())
    spread = 1.96 * float(shares.std()) / max(1.0, np.sqrt(len(shares)))
    return {"mean": round(mean, 4), "low": round(max(0.0, mean - spread), 4), "high": round(min(1.0, mean + spread), 4)}


def _timeline(candidate: Candidate) -> list[Json]:
    summary = candidate.summary
    span = int(summary.hours.max() - summary.hours.min()) + 1
    step = next(s for s in TIMELINE_STEPS if span <= MAX_POINTS * s)
    bucket = summary.hours // step
    first = int(bucket.min())
    calls = np.bincount(bucket - first, weights=summary.hour_calls).astype(int)
    most = np.zeros(len(calls), np.int64)
    np.maximum.at(most, bucket - first, summary.hour_accounts)
    return [
        {"at": instant((first + i) * step * 3_600_000_000), "calls": int(c), "accounts": int(a)}
        for i, (c, a) in enumerate(zip(calls, most, strict=True))
    ]


def _claims(candidate: Candidate) -> Json:
    summary, families = candidate.summary, len(candidate.coordination.supporting)
    return {
        "volume": {
            "status": "measured",
            "says": f"{summary.calls:,} calls in the sub-stream, {summary.completed:,} of them completed (exchanges).",
        },
        "coordination": {
            "status": "inferred",
            "says": f"{candidate.coordination.bits:.1f} bits for one operator, by {families} families of evidence.",
        },
        "attribution": {"status": "not claimed", "says": "Nothing here says who the operator is."},
        "use_in_training": {
            "status": "not claimed",
            "says": "Nothing here shows that a model was trained on the answers.",
        },
    }


def _otherwise(candidate: Candidate) -> list[str]:
    sentences = [
        "The accounts belong to one customer who did not declare it: ask for the common owner.",
        "They use one published tool or prompt: look for it, and for other customers who use it.",
    ]
    if candidate.summary.follow_ups == 0:
        sentences.append(
            "The users of one application share its developer's key setup: ask whether people read the answers."
        )
    if candidate.distillation.bits < 6:
        sentences.append(
            "The answers feed a product, a study or an evaluation, not training: ask what becomes of them."
        )
    return sentences


def _next_steps(candidate: Candidate, findings: Findings) -> list[str]:
    share = _share(candidate, findings)["mean"]
    steps = ["Ask for verification of the members; note the answer and let it reverse what follows."]
    if share < 0.8:
        steps.append(
            f"Only {share:.0%} of the members' traffic is the campaign's: act on the sub-stream, not on the accounts."
        )
    steps.append("Pace or limit the sub-stream, in shadow first, with an expiry.")
    steps.append("Suspend only after review of the samples and of the appeal.")
    return steps
