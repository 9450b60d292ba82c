"""The heads of H.R. 8283 as an index into the evidence: the four from which purpose may be inferred, the three limbs.

The words are those of the bill as introduced on 15 April 2026; it was amended since, and is no law. A mark says what
kind of support the bundle holds, never that a head is met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from stillwatch.evidence.bundle.claims import against

Json = dict[str, Any]
BILL = "H.R. 8283, Deterring American AI Model Theft Act of 2026, as introduced on 15 April 2026"
MARKS = {
    "observed": "recorded calls show it, and the bundle proves the record",
    "inferred": "the host's scan concludes it from what was recorded",
    "corroborated": "the same, and a source other than the host confirms it in a signed statement that is attached",
    "not claimed": "this bundle says nothing about it",
}
STRENGTH = ("not claimed", "inferred", "observed", "corroborated")
"""Marks, the weakest first."""
HEADS = (
    "volume, structure, pattern, coordination or timing of the queries",
    "concentration on specific capabilities",
    "coordinated use of multiple accounts",
    "correlation with the development timeline of another model",
    "circumvents access controls, identity verification or geographic restrictions",
    "uses fraudulent, misrepresented or unauthorised credentials",
    "breaks terms that specifically prohibit such use",
)
"""The four heads of purpose, then the three limbs of access, in the bill's words."""
PURPOSE = "purpose"
LIMB = "access"
PURPOSES = 4
_FAMILY = "claims/coordination.json#/evidence/{}"


def heads(
    campaign: Mapping[str, Any], *, whole: bool, confirmed: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> Json:
    """Return ``heads.json``; ``confirmed`` are, by head, the files of second sources that speak to it.

    A head has the weakest mark of its evidence, and is corroborated where there is any and a second source confirms
    it. A second source alone makes no mark: the host does not claim what it has not seen.
    """
    families = [f for f in ("content", "timing") if f in campaign["coordination"]["evidence"]]
    recorded = ["claims/volume.json#/numbers/exchanges", *(["claims/volume.json#/numbers/first_hour"] if whole else [])]
    told = [
        _head(
            0,
            "The volume is observed; structure, pattern and coordination are the scan's conclusions.",
            observed=recorded,
            inferred=[_FAMILY.format(f) for f in families] or ["claims/coordination.json#/numbers/bits"],
        ),
        _head(
            1,
            f"The wording of the prompts asks mostly for: {campaign['objective']}. The prompts are not in the bundle.",
            inferred=["heads.json#/distillation/evidence", "heads.json#/objectives"],
        ),
        _head(
            2,
            f"{campaign['accounts']:,} accounts, held to be one operator's: {campaign['coordination']['bits']:g} bits.",
            inferred=["claims/coordination.json#/numbers/bits", "claims/coordination.json#/observables"],
        ),
        *(_head(number) for number in range(3, len(HEADS))),
    ]
    for head in told:
        _confirm(head, confirmed.get(head["head"], ()))
    return {
        "bill": BILL,
        "marks": MARKS,
        "heads": told,
        "distillation": campaign["distillation"],
        "objectives": campaign["objectives"],
        "contrary": against(campaign["distillation"]["evidence"]),
        "limits": [
            "The bill was amended after its introduction and is not in force; check the text before quoting it.",
            "It excludes training that terms, an exception or an authorisation permit; nothing here speaks to that.",
            "What is corroborated is so by the statement of somebody else; bring that source's key to check it."
            if confirmed
            else "Nothing is marked corroborated: every source here is the host.",
        ],
    }


def _confirm(head: Json, sources: Sequence[str]) -> None:
    head["second_sources"] = list(sources)
    if sources and head["mark"] != "not claimed":
        head["mark"] = "corroborated"
    elif sources:
        head["says"] = "Only a second source speaks to it; the host does not."


def _head(number: int, says: str = "", **evidence: list[str]) -> Json:
    listed = [{"mark": mark, "at": pointer} for mark, pointers in evidence.items() for pointer in pointers]
    weakest = min((one["mark"] for one in listed), key=STRENGTH.index, default="not claimed")
    kind = PURPOSE if number < PURPOSES else LIMB
    return {"kind": kind, "head": HEADS[number], "mark": weakest, "says": says, "evidence": listed}
