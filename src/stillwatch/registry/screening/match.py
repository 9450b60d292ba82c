"""One customer against one listed party: what speaks for it being the same, what against, in points and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stillwatch.registry.ids import fold_id, is_lei, is_uscc
from stillwatch.registry.nouns import Kind
from stillwatch.registry.screening.customers import Customer
from stillwatch.registry.screening.listing import Listed
from stillwatch.registry.screening.names import NameMatch, compare_names
from stillwatch.registry.screening.scripts import fold

REVIEW = 0.65
"""From here on somebody should look: where both ours and the peer have their best F1 (benchmarks/registry)."""
STRONG = 0.85
SAME_ID = 0.98
"""An identifier with right check digits that both have; the rest is for slips of whoever copied it."""
SAME_NUMBER = 0.85
"""A registration number: unique only within one office."""
SAME_DOMAIN = 0.9
ALONE = 0.55
"""The most that a weak name gives alone: below review."""
NAME_ONLY = 0.97
"""The most that any name gives: 6,220 of 755,540 analysed pairs had the same name and were somebody else."""
OTHER_ID, OTHER_COUNTRY, SAME_CITY = 0.3, 0.1, 0.03


@dataclass(frozen=True, slots=True)
class Reason:
    """A feature that was compared: what it is, what it did to the score, and in words."""

    feature: str
    points: float
    words: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A listed party that the customer may be. It is a reason to look, never one to refuse."""

    entry: str
    name: str
    score: float
    level: str
    status: str
    answer: str
    steps: int
    reasons: tuple[Reason, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON, numbers as whole thousandths: canonical JSON has no fractions."""
        reasons = [{"feature": r.feature, "points": _thousandths(r.points), "words": r.words} for r in self.reasons]
        said = {"entry": self.entry, "name": self.name, "score": _thousandths(self.score), "level": self.level}
        return said | {"status": self.status, "answer": self.answer, "steps": self.steps, "reasons": reasons}


def match(customer: Customer, listed: Listed) -> Hit | None:
    """Compare; None below REVIEW, unless a weak name matched: that is returned as ``weak`` with what it lacks."""
    name, reasons = _names(customer, listed)
    firm = _ids(customer, listed) + _domains(customer, listed)
    second = firm + _city(customer, listed)
    against = _against(customer, listed)
    base = min(name.score, NAME_ONLY)
    if name.weak and not second:
        lacks = "many bear this name: it needs a second attribute (number, domain, city)"
        reasons.append(Reason("weak name", min(0.0, ALONE - base), lacks))
        base = min(base, ALONE)
    base = max([base + sum(r.points for r in second if r.feature == "city"), *(r.points for r in firm)])
    score = max(0.0, min(1.0, base + sum(r.points for r in against)))
    if score < REVIEW and not (name.weak and name.score >= REVIEW):
        return None
    level = "strong" if score >= STRONG else "review" if score >= REVIEW else "weak"
    told = (*reasons, *second, *against)
    return Hit(listed.entry, listed.entity.name, score, level, listed.status, listed.answer, listed.steps, told)


def _names(customer: Customer, listed: Listed) -> tuple[NameMatch, list[Reason]]:
    entity = listed.entity
    # A customer's kind tells firms apart; who is a person, the list says: another's names are not read as given names.
    kind = entity.kind if customer.kind in {Kind.LEGAL_ENTITY, Kind.PERSON} else customer.kind
    best, reason = NameMatch(0.0, "", weak=False), Reason("name", 0.0, "")
    for mine, whose in [
        (customer.name, "name"),
        *((a, "alias") for a in customer.aliases),
        *((o, "owner") for o in customer.owners),
    ]:
        for theirs in (entity.name, *entity.aliases, *entity.previous_names, *entity.weak_aliases):
            found = compare_names(mine, theirs, kind)
            weak = found.weak or theirs in entity.weak_aliases
            if (found.score, not weak) > (best.score, not best.weak):
                best = NameMatch(found.score, found.why, weak)
                reason = Reason(whose, min(found.score, NAME_ONLY), f"{mine} / {theirs}: {found.why}")
    return best, [reason] if best.score else []


def _ids(customer: Customer, listed: Listed) -> list[Reason]:
    entity, found = listed.entity, []
    for name, mine, theirs, is_right in (
        ("LEI", customer.lei, entity.lei, is_lei),
        ("USCC", customer.uscc, entity.uscc, is_uscc),
    ):
        if mine and theirs and fold_id(mine) == fold_id(theirs) and is_right(fold_id(mine)):
            found.append(Reason(name, SAME_ID, f"the same {name} {fold_id(mine)}"))
    mine, theirs = fold_id(customer.registration_number), fold_id(entity.registration_number)
    if mine and mine == theirs and customer.country.lower() == entity.country:
        found.append(Reason("registration number", SAME_NUMBER, f"the same number {mine} in one country"))
    return found


def _domains(customer: Customer, listed: Listed) -> list[Reason]:
    for mine in (*customer.domains, customer.email_domain):
        for theirs in listed.entity.domains:
            bare = mine.strip().lower().removeprefix("www.")
            if bare and (bare == theirs or bare.endswith(f".{theirs}")):
                return [Reason("domain", SAME_DOMAIN, f"{bare} is {theirs} or below it")]
    return []


def _city(customer: Customer, listed: Listed) -> list[Reason]:
    if customer.city and listed.entity.city and fold(customer.city) == fold(listed.entity.city):
        return [Reason("city", SAME_CITY, f"both in {listed.entity.city}")]
    return []


def _against(customer: Customer, listed: Listed) -> list[Reason]:
    entity, found = listed.entity, []
    for name, mine, theirs, is_right in (
        ("LEI", fold_id(customer.lei), fold_id(entity.lei), is_lei),
        ("USCC", fold_id(customer.uscc), fold_id(entity.uscc), is_uscc),
    ):
        if mine and theirs and mine != theirs and is_right(mine) and is_right(theirs):
            found.append(Reason(f"other {name}", -OTHER_ID, f"{mine} is not {theirs}"))
    if customer.country and entity.country and customer.country.lower() != entity.country:
        words = f"{customer.country.lower()} is not {entity.country}"
        found.append(Reason("other country", -OTHER_COUNTRY, words))
    return found


def _thousandths(number: float) -> int:
    return round(1000 * number)
