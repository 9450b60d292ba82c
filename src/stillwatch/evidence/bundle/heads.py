"""The heads of H.R. 8283 as an index into the evidence: the four from which purpose may be inferred, the three limbs.

The words are those of the bill as introduced on 15 April 2026; it was amended since, and is no law. A mark says what
kind of support the bundle holds, never that a head is met.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
BILL = "H.R. 8283, Deterring American AI Model Theft Act of 2026, as introduced on 15 April 2026"
MARKS = {
    "observed": "recorded calls show it, and the bundle proves the record",
    "inferred": "the host's scan concludes it from what was recorded",
    "corroborated": "a source other than the host confirms it, and is attached",
    "not claimed": "this bundle says nothing about it",
}
STRENGTH = ("not claimed", "inferred", "observed", "corroborated")
"""Marks, the weakest first."""
PURPOSE = "purpose"
LIMB = "access"
_FAMILY = "claims/coordination.json#/evidence/{}"


def heads(campaign: Mapping[str, Any], *, whole: bool) -> Json:
    """Return ``heads.json``. A head has the weakest mark of its evidence."""
    families = [f for f in ("content", "timing") if f in campaign["coordination"]["evidence"]]
    recorded = ["claims/volume.json#/numbers/exchanges", *(["claims/volume.json#/numbers/first_hour"] if whole else [])]
    told = [
        _head(
            PURPOSE,
            "volume, structure, pattern, coordination or timing of the queries",
            "The volume is observed; structure, pattern and coordination are the scan's conclusions.",
            observed=recorded,
            inferred=[_FAMILY.format(f) for f in families] or ["claims/coordination.json#/numbers/bits"],
        ),
        _head(
            PURPOSE,
            "concentration on specific capabilities",
            f"The wording of the prompts asks mostly for: {campaign['objective']}. The prompts are not in the bundle.",
            inferred=["heads.json#/distillation/evidence", "heads.json#/objectives"],
        ),
        _head(
            PURPOSE,
            "coordinated use of multiple accounts",
            f"{campaign['accounts']:,} accounts, held to be one operator's: {campaign['coordination']['bits']:g} bits.",
            inferred=["claims/coordination.json#/numbers/bits", "claims/coordination.json#/observables"],
        ),
        _head(PURPOSE, "correlation with the development timeline of another model"),
        _head(LIMB, "circumvents access controls, identity verification or geographic restrictions"),
        _head(LIMB, "uses fraudulent, misrepresented or unauthorised credentials"),
        _head(LIMB, "breaks terms that specifically prohibit such use"),
    ]
    return {
        "bill": BILL,
        "marks": MARKS,
        "heads": told,
        "distillation": campaign["distillation"],
        "objectives": campaign["objectives"],
        "limits": [
            "The bill was amended after its introduction and is not in force; check the text before quoting it.",
            "It excludes training that terms, an exception or an authorisation permit; nothing here speaks to that.",
            "Nothing is marked corroborated: every source here is the host.",
        ],
    }


def _head(kind: str, words: str, says: str = "", **evidence: list[str]) -> Json:
    listed = [{"mark": mark, "at": pointer} for mark, pointers in evidence.items() for pointer in pointers]
    weakest = min((one["mark"] for one in listed), key=STRENGTH.index, default="not claimed")
    return {"kind": kind, "head": words, "mark": weakest, "says": says, "evidence": listed}
