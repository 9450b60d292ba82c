"""The claim ladder: four rungs, each a file with what it rests on, its limits, and what speaks against it.

``rests_on`` is ``log`` where the bundle proves the claim, ``statement`` where it only carries it: the verifier never
calls a statement verified. ``otherwise`` is what else could explain it, ``contrary`` what was found against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.evidence.bundle.leaves import Listed
from stillwatch.evidence.bundle.membership import Counted

Json = dict[str, Any]
UNITS = {
    "exchange": "one completed call: the host answered it with a status from 200 to 299, or no status was recorded; "
    "a retry that was answered is another exchange, a call that was refused or failed is none",
    "account": "one credential holder by the host's records; not a person, not a company",
    "hour": "whole hours since 1970-01-01 00:00 UTC",
    "token": "as the host's own tokenizer counted it",
}
COUNT_RULE = (
    "Counted is every entry of the log that (1) is a call, (2) was completed, (3) is of an account in accounts.txt, "
    "(4) is of a call in the campaign's sub-stream as the scan found it (campaign_calls.parquet of the report), and "
    "(5) is the first entry of its call id. Other calls of the same accounts are not counted."
)


def volume(listed: Listed, counted: Counted, *, whole: bool) -> Json:
    """Return ``claims/volume.json``."""
    totals = listed.totals
    numbers: Json = {"exchanges": totals.exchanges, "accounts": len(listed.accounts)}
    if whole:
        numbers |= {"models": dict(sorted(totals.models.items())), **totals.tokens}
        numbers |= {"first_hour": totals.first_hour, "last_hour": totals.last_hour}
    return {
        "rung": "volume",
        "claimed": True,
        "rests_on": "log",
        "unit": "exchange",
        "unit_means": UNITS["exchange"],
        "numbers": numbers,
        "count_rule": COUNT_RULE,
        "method": "Each counted entry is listed in calls.csv with its place in the log; "
        + ("all of them are in the bundle, with what leads to the log's signed root." if whole else _SAMPLED),
        "confidence": _CONFIDENCE,
        "limits": [
            "A log proves what was recorded, not that it is true: a host could record calls that nobody made.",
            "That an entry is of its account, and of this campaign, is the host's word, except where it is opened.",
            "Nothing here says what the calls were used for.",
        ],
        "otherwise": [],
        "contrary": _gaps(listed, counted),
    }


_CONFIDENCE = (
    "Under this checkpoint no counted entry can be altered, added or taken out. That there was no other checkpoint "
    "before, only those show who cosigned or dated it. What the log says is the host's record."
)
_SAMPLED = "a sample of them, chosen by a public random value, is in the bundle with its proofs."


def _gaps(listed: Listed, counted: Counted) -> list[str]:
    said = []
    if counted.missing:
        said.append(
            f"The report counts {counted.reported:,} exchanges; {counted.missing:,} of them are not counted here, "
            "because they are not in the log up to this checkpoint, or what opens them was erased."
        )
    if listed.disagree:
        said.append(f"{listed.disagree:,} calls that the report counts are not completed in the log, and not counted.")
    return said


def coordination(campaign: Mapping[str, Any], observables: list[Json], *, repeatable: bool) -> Json:
    """Return ``claims/coordination.json``; ``observables`` as ``edges`` made them.

    ``repeatable`` says that the bundle has the fingerprints from which all of this can be computed again.
    """
    answer = campaign["coordination"]
    return {
        "rung": "coordination",
        "claimed": True,
        "rests_on": "statement",
        "says": f"The host's scan holds it likely that one operator runs {campaign['accounts']:,} accounts.",
        "numbers": {"accounts": campaign["accounts"], "bits": answer["bits"], "prior_bits": answer["prior_bits"]},
        "evidence": answer["evidence"],
        "observables": observables,
        "method": "Bits are odds as a power of two: a prior, and at most twelve that each family of evidence adds.",
        "confidence": {
            "rate": campaign["false_alarm_rate"],
            "says": f"{campaign['false_alarm_says']} Those scans are of composed traffic, not of this host's.",
        },
        "repeatable": repeatable,
        "limits": [
            _REPEATABLE if repeatable else _NOT_REPEATABLE,
            "Names of what is shared hold inside this bundle only; what they stand for is not disclosed.",
            "One operator is not yet a wrongdoer: see what else it could be, and what speaks against it.",
        ],
        "otherwise": campaign["otherwise"],
        "contrary": against(answer["evidence"]),
    }


_REPEATABLE = (
    "All numbers here can be computed again from the fingerprints in replay/, other accounts' among them. The weights "
    "are the program's, and that the fingerprints are of the calls is the host's word."
)
_NOT_REPEATABLE = (
    "The weights are the host's, and so is how many other accounts share the same: neither can be recomputed."
)


def against(evidence: Mapping[str, Any]) -> list[str]:
    """Return what an answer's evidence found against it: the family, the finding, and what it counted."""
    return [
        f"{name}: {finding['says']} Counted as {finding['bits']:g} bits."
        for name, family in evidence.items()
        for finding in family["findings"]
        if finding["bits"] < 0
    ]


def attribution(attached: str | None) -> Json:
    """Return ``claims/attribution.json``; ``attached`` names the file with the words, which nobody here rewords."""
    return {
        "rung": "attribution",
        "claimed": attached is not None,
        "rests_on": "statement",
        "attached": attached,
        "says": "Who the operator is: in the words of the attached file, and in no others."
        if attached
        else "Nothing here says who the operator is.",
        "limits": [
            "Operators affiliated with an entity are not that entity.",
            "Names, addresses and payments can be borrowed, bought or stolen.",
        ],
        "otherwise": [],
        "contrary": [],
    }


def training_use(attached: str | None) -> Json:
    """Return ``claims/training-use.json``; ``attached`` names the report of a laboratory's test."""
    return {
        "rung": "training-use",
        "claimed": attached is not None,
        "rests_on": "statement",
        "attached": attached,
        "says": "That a model was trained on the answers: as the attached test reports it."
        if attached
        else "Nothing here shows that a model was trained on the answers.",
        "limits": [
            "Only a test of the suspected model can show this; calls to an API cannot.",
            "Answers published or resold by third parties can reach a model without its maker's calling this API.",
        ],
        "otherwise": [],
        "contrary": [],
    }
