"""From changes to entries: each step checked against the table and the rules, then applied. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stillwatch.errors import RegistryError
from stillwatch.registry import rules
from stillwatch.registry.changes import (
    AddEvidence,
    Amend,
    Change,
    Corroborate,
    Decide,
    Draft,
    Erase,
    Expire,
    FileAppeal,
    GiveNotice,
    ListOfficially,
    OpenReview,
    Publish,
    Renew,
    Signed,
    TakeAnswer,
    Withdraw,
)
from stillwatch.registry.nouns import Answer, Appeal, Decision, Entry, Notice, Stance
from stillwatch.registry.statuses import STANDING, Status, Step, check_step, check_transition, forbidden

Applied = tuple[Entry, Status]


def apply(entry: Entry | None, name: str, signed: Signed) -> Entry:
    """Return the entry as the change makes it. Raises RegistryError for a change that may not be made.

    ``entry`` is None before the first one. A change is never earlier than the one before it.
    """
    change, at = signed.change, signed.at
    before = entry.status if entry else None
    check_step(change.step, before)
    if not signed.by.strip():
        raise RegistryError(f"{change.step}: by whom? A change has a name to it")
    if entry is None:
        if not isinstance(change, Draft):
            raise forbidden(change.step, None)
        return _draft(name, change, signed)
    if bool(signed.key) is not entry.is_signed:
        raise RegistryError(f"{change.step}: an entry's changes are all signed, or none of them is")
    if at < entry.changed_at:
        raise RegistryError(f"{change.step}: it is dated before the change it follows; check this machine's clock")
    if entry.status in STANDING and change.step not in _AFTER_TIME and entry.status_at(at) is not entry.status:
        raise RegistryError(f"{change.step}: the entry's time is over; write that down: stillwatch register expire")
    made, after = _APPLY[type(change)](entry, change, signed)
    return replace(made, status=check_transition(change.step, before, after), changed_at=at, steps=entry.steps + 1)


_AFTER_TIME = frozenset({Step.EXPIRE, Step.WITHDRAW, Step.ANSWER})


def _draft(name: str, change: Draft, signed: Signed) -> Entry:
    rules.check_said(change)
    return Entry(
        entry=name,
        status=Status.DRAFT,
        entity=change.entity,
        claims=change.claims,
        criteria=change.criteria,
        authors=signed.actor,
        is_signed=bool(signed.key),
        drafted_at=signed.at,
        changed_at=signed.at,
        follows=change.follows,
    )


def _amend(entry: Entry, change: Amend, signed: Signed) -> Applied:
    rules.check_said(change)
    return replace(_said(entry, change), authors=entry.authors | signed.actor), Status.DRAFT


def _said(entry: Entry, change: Amend) -> Entry:
    return replace(entry, entity=change.entity, claims=change.claims, criteria=change.criteria)


def _evidence(entry: Entry, change: AddEvidence, signed: Signed) -> Applied:
    rules.check_evidence(entry, change.evidence)
    made = replace(entry, evidence=(*entry.evidence, change.evidence), authors=entry.authors | signed.actor)
    return made, entry.status if entry.status in STANDING else Status.DRAFT


def _notice(entry: Entry, change: GiveNotice, signed: Signed) -> Applied:
    if not entry.evidence:
        raise RegistryError("notice: no evidence is attached yet; the party must be able to answer it")
    rules.check_deadline(signed.at, change.deadline)
    if change.letter:
        rules.check_digest(change.letter, "notice: letter")
    notice = Notice(signed.at, change.channel, change.deadline, len(entry.evidence), change.letter)
    made = replace(entry, notices=(*entry.notices, notice))
    return made, entry.status if entry.status in STANDING else Status.NOTIFIED


def _answer(entry: Entry, change: TakeAnswer, signed: Signed) -> Applied:
    if not change.text.strip() and not (change.url and change.sha256):
        raise RegistryError("answer: give its text, or its address with the SHA-256 of its bytes")
    if change.sha256:
        rules.check_digest(change.sha256, "answer: sha256")
    answer = Answer(signed.at, change.sender, change.stance, change.text, change.url, change.sha256)
    stays = entry.status in {Status.NOTIFIED, Status.UNDER_REVIEW} or change.stance is not Stance.DISPUTES
    return replace(entry, answers=(*entry.answers, answer)), entry.status if stays else Status.CONTESTED


def _publish(entry: Entry, change: Publish, signed: Signed) -> Applied:
    rules.check_reviewer(entry, signed)
    rules.check_heard(entry, now=signed.at)
    rules.check_person(entry)
    rules.check_term(entry, change.expires_at, now=signed.at)
    made = replace(_decided(entry, "published", change.reasons, signed), expires_at=change.expires_at)
    disputed = any(a.stance is Stance.DISPUTES for a in entry.answers)
    made = replace(made, published_at=signed.at, counted=len(entry.evidence))
    return made, Status.CONTESTED if disputed else Status.ALLEGED


def _renew(entry: Entry, change: Renew, signed: Signed) -> Applied:
    rules.check_reviewer(entry, signed)
    rules.check_new_evidence(entry)
    rules.check_heard(entry, now=signed.at)
    rules.check_term(entry, change.expires_at, now=signed.at)
    made = replace(_decided(entry, "renewed", change.reasons, signed), expires_at=change.expires_at)
    return replace(made, counted=len(entry.evidence)), entry.status


def _corroborate(entry: Entry, change: Corroborate, signed: Signed) -> Applied:
    rules.check_reviewer(entry, signed)
    rules.check_independent(entry)
    rules.check_heard(entry, now=signed.at)
    return _decided(entry, "corroborated", change.reasons, signed), Status.CORROBORATED


def _list(entry: Entry, change: ListOfficially, signed: Signed) -> Applied:
    rules.check_reviewer(entry, signed)
    rules.check_listed(entry)
    rules.check_heard(entry, now=signed.at)
    return _decided(entry, "officially_listed", change.reasons, signed), Status.OFFICIALLY_LISTED


def _appeal(entry: Entry, change: FileAppeal | OpenReview, signed: Signed) -> Applied:
    if not change.grounds:
        raise RegistryError(f"{change.step}: name at least one ground")
    sender, own = (change.sender, False) if isinstance(change, FileAppeal) else (signed.by, True)
    until = signed.at + rules.REVIEW_DAYS * rules.DAY
    appeal = Appeal(signed.at, sender, change.grounds, change.words, until, own)
    return replace(entry, appeals=(*entry.appeals, appeal)), Status.UNDER_REVIEW


def _decide(entry: Entry, change: Decide, signed: Signed) -> Applied:
    rules.check_reviewer(entry, signed, deciding=True)
    check_transition(Step.DECIDE, entry.status, change.outcome)
    corrects = change.outcome is Status.CORRECTED
    if corrects is not bool(change.corrections or change.struck):
        raise RegistryError("decide: corrections go with the outcome corrected, and that outcome with corrections")
    if unknown := set(change.struck) - {e.bundle for e in entry.evidence}:
        raise RegistryError(f"decide: struck: {min(unknown)[:80]!r} is no bundle of this entry")
    made = _decided(entry, change.outcome.value, change.reasons, signed)
    if change.corrections:
        rules.check_said(change.corrections)
        rules.check_correction(entry, change.corrections)
        made = _said(made, change.corrections)
    if change.struck:
        made = _strike(made, frozenset(change.struck))
    return replace(made, ended_because=change.reasons if change.outcome is Status.WITHDRAWN else ""), change.outcome


def _strike(entry: Entry, struck: frozenset[str]) -> Entry:
    left = tuple(e for e in entry.evidence if e.bundle not in struck)
    if not left:
        raise RegistryError("decide: struck: no evidence is left; withdraw the entry instead")
    # A notice covers the first so many pieces: those that went no longer count.
    told = [sum(e.bundle not in struck for e in entry.evidence[: n.covers]) for n in entry.notices]
    notices = tuple(replace(n, covers=c) for n, c in zip(entry.notices, told, strict=True))
    counted = sum(e.bundle not in struck for e in entry.evidence[: entry.counted])
    return replace(entry, evidence=left, notices=notices, counted=counted)


def _withdraw(entry: Entry, change: Withdraw, _signed: Signed) -> Applied:
    return replace(entry, ended_because=change.reasons), Status.WITHDRAWN


def _expire(entry: Entry, _change: Change, signed: Signed) -> Applied:
    if entry.expires_at is None or signed.at < entry.expires_at:
        raise RegistryError("expire: the entry's time is not over; withdraw it if it should not stand")
    return replace(entry, ended_because="No new evidence came within its time."), Status.EXPIRED


def _erase(entry: Entry, change: Erase, _signed: Signed) -> Applied:
    if change.was_public is not entry.is_public:
        raise RegistryError("erase: it must say whether the entry was public")
    return replace(entry, ended_because=change.reasons, is_erased=True), entry.status


def _decided(entry: Entry, outcome: str, reasons: str, signed: Signed) -> Entry:
    return replace(entry, decisions=(*entry.decisions, Decision(signed.at, signed.by, outcome, reasons, signed.key)))


_APPLY: dict[type[Change], Callable[[Entry, Any, Signed], Applied]] = {
    Amend: _amend,
    AddEvidence: _evidence,
    GiveNotice: _notice,
    TakeAnswer: _answer,
    Publish: _publish,
    Renew: _renew,
    Corroborate: _corroborate,
    ListOfficially: _list,
    FileAppeal: _appeal,
    OpenReview: _appeal,
    Decide: _decide,
    Withdraw: _withdraw,
    Expire: _expire,
    Erase: _erase,
}
