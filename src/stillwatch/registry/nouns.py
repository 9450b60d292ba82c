"""The nouns of the register: who, what is claimed, on what evidence, what was answered. Times: whole seconds, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from stillwatch.registry.criteria import Criteria
from stillwatch.registry.statuses import STANDING, TOMBSTONES, Status

RUNGS = ("volume", "coordination", "attribution", "training-use")
"""The claim ladder, as in evidence bundles: each is claimed and proved alone."""


class Kind(StrEnum):
    """What the named party is: schemata of FollowTheMoney."""

    COMPANY = "Company"
    ORGANIZATION = "Organization"
    LEGAL_ENTITY = "LegalEntity"
    PERSON = "Person"


@dataclass(frozen=True, slots=True)
class Entity:
    """The named party. ``country`` tells namesakes apart; it is evidence of nothing.

    ``weak_aliases`` are names that many share (a brand word, a pinyin spelling): alone they match nobody.
    """

    kind: Kind
    name: str
    aliases: tuple[str, ...] = ()
    weak_aliases: tuple[str, ...] = ()
    previous_names: tuple[str, ...] = ()
    country: str = ""
    city: str = ""
    lei: str = ""
    uscc: str = ""
    registration_number: str = ""
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """One rung: the words used, kept verbatim, who used them, and how sure they are, 0 to 100 as in STIX."""

    rung: str
    words: str
    said_by: str
    confidence: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an entry rests on: a provider's bundle by its digest and its place in that provider's log.

    ``owner``: who controls the provider; providers of one owner are not independent. ``repeats``: the bundle that this
    one only repeats, which makes it no second source. ``verdicts``: what the verifier said of each rung. An official
    list has ``authority`` and ``url`` instead of a bundle.
    """

    provider: str
    shows: str
    owner: str = ""
    bundle: str = ""
    origin: str = ""
    index: int | None = None
    repeats: str = ""
    verdicts: dict[str, str] = field(default_factory=dict)
    authority: str = ""
    url: str = ""

    @property
    def is_official(self) -> bool:
        """Whether it is a public authority's list."""
        return bool(self.authority)


@dataclass(frozen=True, slots=True)
class Notice:
    """That the party was told: how, what (``letter``: SHA-256 of it), and until when it may answer.

    ``covers``: how many pieces of evidence the party was told of.
    """

    sent_at: int
    channel: str
    deadline: int
    covers: int
    letter: str = ""


class Stance(StrEnum):
    """What an answer does."""

    DISPUTES = "disputes"
    COMMENTS = "comments"
    ADMITS = "admits"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the party said, verbatim; a long one by its address and the SHA-256 of its bytes."""

    received_at: int
    sender: str
    stance: Stance
    text: str = ""
    url: str = ""
    sha256: str = ""


class Ground(StrEnum):
    """Why an entry should not stand, or not so."""

    MISTAKEN_IDENTITY = "mistaken_identity"
    FACTS_WRONG = "facts_wrong"
    AUTHORISED_USE = "authorised_use"
    FREE_EXPRESSION = "free_expression"
    EVIDENCE_FLAWED = "evidence_flawed"
    NO_LONGER_TRUE = "no_longer_true"
    PROCEDURE = "procedure"
    PRIVACY = "privacy"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Appeal:
    """An objection, by the party or (``by_register``) by the register itself; ``decide_by`` is the register's clock."""

    filed_at: int
    sender: str
    grounds: tuple[Ground, ...]
    words: str
    decide_by: int
    by_register: bool = False


def actor_of(name: str, key: str) -> frozenset[str]:
    """Return a person's name, and the bare public key where there is one: who shares either is the same person.

    A vkey is name+id+base64, and base64 has + too; without the name, one key under two names stays one key.
    """
    return frozenset({name, key.split("+", 2)[-1]} - {""})


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decided about an appeal or about publishing, and why."""

    decided_at: int
    reviewer: str
    outcome: str
    reasons: str
    key: str = ""

    @property
    def actor(self) -> frozenset[str]:
        """Who decided, as reviewers are compared."""
        return actor_of(self.reviewer, self.key)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as its changes made it. ``steps`` counts them.

    ``authors`` are the names and keys of who wrote it or attached evidence; ``is_signed``: its changes have keys.
    """

    entry: str
    status: Status
    entity: Entity
    claims: tuple[Claim, ...]
    criteria: Criteria
    authors: frozenset[str]
    drafted_at: int
    changed_at: int
    steps: int = 1
    follows: str = ""
    evidence: tuple[Evidence, ...] = ()
    notices: tuple[Notice, ...] = ()
    answers: tuple[Answer, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    decisions: tuple[Decision, ...] = ()
    published_at: int | None = None
    expires_at: int | None = None
    counted: int = 0
    """How many pieces of evidence there were when the term was set."""
    ended_because: str = ""
    is_erased: bool = False
    is_signed: bool = False

    @property
    def is_public(self) -> bool:
        """Whether it was ever published; a tombstone of what never was is nobody's business."""
        return self.published_at is not None

    @property
    def own_appeals(self) -> tuple[Appeal, ...]:
        """The appeals of the party itself."""
        return tuple(appeal for appeal in self.appeals if not appeal.by_register)

    def stood_until(self, now: int) -> int | None:
        """Return when it stops or stopped to stand: at its end if it ended, else when it expires."""
        ended_early = self.status is Status.WITHDRAWN or self.is_erased
        return self.changed_at if ended_early and self.status_at(now) in TOMBSTONES else self.expires_at

    def status_at(self, now: int) -> Status:
        """Return the status, expired as soon as its time is over even if nobody wrote that down yet."""
        over = self.status in STANDING and self.expires_at is not None and self.expires_at <= now
        return Status.EXPIRED if over else self.status

    def is_tombstone_at(self, now: int) -> bool:
        """Answer whether nobody may rely on it any more."""
        return self.status_at(now) in TOMBSTONES

    def answer_at(self, now: int) -> str:
        """Return the state of the party's answer (an appeal is one): given, awaited, none, or not asked yet."""
        if self.answers or self.own_appeals:
            return "given"
        if not self.notices:
            return "not asked yet"
        return "awaited" if now < self.notices[-1].deadline else "none"
