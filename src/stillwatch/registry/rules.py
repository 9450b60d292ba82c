"""What must hold before a change counts: evidence, notice, answer, reviewer, terms. Pure: values in, errors out."""

from __future__ import annotations

from collections.abc import Iterable

from stillwatch.errors import RegistryError
from stillwatch.registry.changes import Amend, Draft, Signed
from stillwatch.registry.criteria import check_criteria
from stillwatch.registry.ids import check_lei, check_uscc
from stillwatch.registry.nouns import RUNGS, Claim, Entity, Entry, Evidence, Kind

DAY = 86_400
MIN_NOTICE_DAYS = 30
"""Ours: the time in which the U.S. End-User Review Committee decides a removal request (15 CFR 744.16); a party that is
to answer an accusation, perhaps in another language, needs no less."""
MAX_TERM_DAYS = 365
"""The bill's list is of attacks "in the past year" (section 4(g))."""
MAX_TOTAL_DAYS = 5 * 365
"""The bill's list is published for up to five years (section 4(g))."""
REVIEW_DAYS = 30
"""The register's own clock for an appeal, as the committee's for a removal request."""
INDEPENDENT_PROVIDERS = 2
DIGEST_CHARACTERS = 64


def check_said(said: Draft | Amend) -> None:
    """Raise RegistryError unless entity, claims and criteria may be an entry's."""
    check_entity(said.entity)
    check_claims(said.claims)
    check_criteria(said.criteria)


def check_entity(entity: Entity) -> None:
    """Raise RegistryError for an id whose check digits are wrong, or a country that is no code."""
    if entity.lei:
        check_lei(entity.lei)
    if entity.uscc:
        check_uscc(entity.uscc)
    if entity.country and not (len(entity.country) == 2 and entity.country.isalpha() and entity.country.islower()):
        raise RegistryError(f"entity: country: {entity.country!r}; write two small letters (ISO 3166-1), such as no")
    for domain in entity.domains:
        if "." not in domain or "/" in domain or domain != domain.strip().lower():
            raise RegistryError(f"entity: domains: {domain!r} is no bare domain in small letters, such as example.org")


def check_claims(claims: tuple[Claim, ...]) -> None:
    """Raise RegistryError without claims, for an unknown rung, or a confidence that is no percentage."""
    if not claims:
        raise RegistryError("claims: none; say what is claimed, on which rung, in whose words")
    for claim in claims:
        if claim.rung not in RUNGS:
            raise RegistryError(f"claims: rung {claim.rung!r}; the ladder has {', '.join(RUNGS)}")
        if not 0 <= claim.confidence <= 100:
            raise RegistryError(f"claims: {claim.rung}: confidence {claim.confidence} is not between 0 and 100")


def check_evidence(entry: Entry, new: Evidence) -> None:
    """Raise RegistryError for evidence without a digest or a source, or that is attached already."""
    if new.is_official:
        if not new.url:
            raise RegistryError("evidence: an official list needs its address (url)")
    else:
        check_digest(new.bundle, "evidence: bundle")
        if not new.origin or new.index is None or new.index < 0:
            raise RegistryError("evidence: say where it is in its provider's log: origin and index")
    if new.repeats:
        check_digest(new.repeats, "evidence: repeats")
    if any(_name(e) == _name(new) for e in entry.evidence):
        raise RegistryError(f"evidence: {_name(new)} is attached already; the same thing twice is no more")


def check_digest(text: str, what: str) -> None:
    """Raise RegistryError unless this is a SHA-256 in small hex."""
    if len(text) != DIGEST_CHARACTERS or set(text) - set("0123456789abcdef"):
        raise RegistryError(f"{what}: {text[:80]!r} is no SHA-256 of {DIGEST_CHARACTERS} small hex digits")


def check_deadline(sent_at: int, deadline: int) -> None:
    """Raise RegistryError for a deadline too near."""
    if deadline - sent_at < MIN_NOTICE_DAYS * DAY:
        raise RegistryError(f"notice: the deadline is less than {MIN_NOTICE_DAYS} days away; give the party that long")


def check_heard(entry: Entry, *, now: int) -> None:
    """Raise RegistryError unless the party was told of all evidence there is, and answered or let the time pass."""
    if not entry.evidence:
        raise RegistryError("no evidence is attached; add some: stillwatch register evidence")
    if not entry.notices or entry.notices[-1].covers < len(entry.evidence):
        raise RegistryError("the party was not told of all the evidence; send it: stillwatch register notice")
    notice = entry.notices[-1]
    answered = any(a.received_at >= notice.sent_at for a in entry.answers)
    if not answered and now < notice.deadline:
        days = -(-(notice.deadline - now) // DAY)
        raise RegistryError(f"the party may still answer, for {days} more day(s); wait, or record its answer")


def check_person(entry: Entry) -> None:
    """Raise RegistryError for a natural person whom no public authority listed."""
    if entry.entity.kind is Kind.PERSON and not any(e.is_official for e in entry.evidence):
        raise RegistryError(
            "a natural person is published only if a public authority listed them (GDPR article 10); attach that list "
            "as evidence, or name the organisation"
        )


def check_reviewer(entry: Entry, signed: Signed, *, deciding: bool = False) -> None:
    """Raise RegistryError if this person wrote the entry, or (``deciding``) let it be published or stand before.

    Persons are compared by key and by name: another name on the same key is the same person, and so is another key
    under the same name.
    """
    if signed.actor & entry.authors:
        raise RegistryError(f"{signed.by} wrote this entry or attached evidence; somebody else must review it")
    if deciding and any(signed.actor & d.actor for d in entry.decisions):
        raise RegistryError(f"{signed.by} decided about this entry before; an appeal goes to somebody else")


def check_term(entry: Entry, expires_at: int, *, now: int) -> None:
    """Raise RegistryError for a term that is over, longer than a year, or beyond five years in all."""
    if not now < expires_at <= now + MAX_TERM_DAYS * DAY:
        raise RegistryError(f"the entry must expire within {MAX_TERM_DAYS} days from now")
    begun = entry.published_at if entry.published_at is not None else now
    if expires_at > begun + MAX_TOTAL_DAYS * DAY:
        raise RegistryError("an entry stands for five years at most; draft a new one if there is new evidence")


def check_new_evidence(entry: Entry) -> None:
    """Raise RegistryError unless evidence came after the decision that set the present term."""
    if len(entry.evidence) <= entry.counted:
        raise RegistryError("renew: no new evidence came since the term was set; without it the entry expires")


def check_correction(entry: Entry, said: Amend) -> None:
    """Raise RegistryError for a correction that accuses anew: of another party, of more, or more surely.

    The party was told of none of that: it needs an entry of its own, with its own notice.
    """
    old = entry.entity
    if said.entity.name not in {old.name, *old.aliases, *old.previous_names}:
        raise RegistryError(
            f"decide: {said.entity.name!r} was no name of this party; withdraw the entry, draft another"
        )
    if said.entity.kind is not old.kind:
        raise RegistryError(f"decide: a {old.kind} was named, not a {said.entity.kind}; withdraw this, draft another")
    for claim in said.claims:
        before = max((c.confidence for c in entry.claims if c.rung == claim.rung), default=-1)
        if claim.confidence > before:
            raise RegistryError(f"decide: a correction claims no more than before, and {claim.rung} would be surer")


def check_independent(entry: Entry) -> None:
    """Raise RegistryError unless at least two providers that nobody controls in common saw it themselves."""
    owners = independent_owners(entry.evidence)
    if len(owners) < INDEPENDENT_PROVIDERS:
        raise RegistryError(
            f"corroborate: evidence of {len(owners)} independent provider(s) ({', '.join(owners) or 'none'}); "
            f"{INDEPENDENT_PROVIDERS} are needed; what repeats another's bundle, or is of one owner, counts once"
        )


def independent_owners(evidence: Iterable[Evidence]) -> list[str]:
    """Return who controls the providers whose bundles do not repeat others', each once."""
    return sorted({(e.owner or e.provider).casefold() for e in evidence if e.bundle and not e.repeats})


def check_listed(entry: Entry) -> None:
    """Raise RegistryError unless a public authority's list is attached."""
    if not any(e.is_official for e in entry.evidence):
        raise RegistryError("list: no official list is attached; add it: stillwatch register evidence --authority")


def _name(evidence: Evidence) -> str:
    return evidence.bundle or f"{evidence.authority} {evidence.url}"
