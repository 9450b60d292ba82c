"""What can happen to an entry, as data: one record a step, written into the register's log as canonical JSON."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from stillwatch.errors import EvidenceError, RegistryError
from stillwatch.evidence.canonical import canonical, parse_canonical
from stillwatch.registry.criteria import Criteria
from stillwatch.registry.forms import from_json, to_json
from stillwatch.registry.nouns import Claim, Entity, Evidence, Ground, Stance, actor_of
from stillwatch.registry.statuses import Status, Step


@dataclass(frozen=True, slots=True)
class Change:
    """The base of all: ``step`` names it."""

    step: ClassVar[Step]


@dataclass(frozen=True, slots=True)
class Draft(Change):
    """A new entry; ``follows`` is an earlier one about the same party that ended."""

    step: ClassVar[Step] = Step.DRAFT
    entity: Entity
    claims: tuple[Claim, ...]
    criteria: Criteria
    follows: str = ""


@dataclass(frozen=True, slots=True)
class Amend(Change):
    """What an entry says, said anew before it is published."""

    step: ClassVar[Step] = Step.AMEND
    entity: Entity
    claims: tuple[Claim, ...]
    criteria: Criteria


@dataclass(frozen=True, slots=True)
class AddEvidence(Change):
    """One more piece of evidence."""

    step: ClassVar[Step] = Step.EVIDENCE
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class GiveNotice(Change):
    """The party was told; it may answer until ``deadline``."""

    step: ClassVar[Step] = Step.NOTICE
    channel: str
    deadline: int
    letter: str = ""


@dataclass(frozen=True, slots=True)
class TakeAnswer(Change):
    """The party answered."""

    step: ClassVar[Step] = Step.ANSWER
    sender: str
    stance: Stance
    text: str = ""
    url: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Publish(Change):
    """A reviewer lets the entry be public until ``expires_at``."""

    step: ClassVar[Step] = Step.PUBLISH
    reasons: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Renew(Change):
    """A reviewer finds that new evidence carries the entry on until ``expires_at``."""

    step: ClassVar[Step] = Step.RENEW
    reasons: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Corroborate(Change):
    """A reviewer finds that two independent providers show the same."""

    step: ClassVar[Step] = Step.CORROBORATE
    reasons: str


@dataclass(frozen=True, slots=True)
class ListOfficially(Change):
    """A public authority's list, attached as evidence, names the party."""

    step: ClassVar[Step] = Step.LIST
    reasons: str


@dataclass(frozen=True, slots=True)
class FileAppeal(Change):
    """The party, or who speaks for it, objects."""

    step: ClassVar[Step] = Step.APPEAL
    sender: str
    grounds: tuple[Ground, ...]
    words: str


@dataclass(frozen=True, slots=True)
class OpenReview(Change):
    """The register looks at an entry again of its own accord."""

    step: ClassVar[Step] = Step.REVIEW
    grounds: tuple[Ground, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Decide(Change):
    """A reviewer decides. ``corrections`` say the entry anew; ``struck`` are bundles that count no longer."""

    step: ClassVar[Step] = Step.DECIDE
    outcome: Status
    reasons: str
    corrections: Amend | None = None
    struck: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdraw(Change):
    """The register takes the entry back."""

    step: ClassVar[Step] = Step.WITHDRAW
    reasons: str


@dataclass(frozen=True, slots=True)
class Expire(Change):
    """The entry's time is over."""

    step: ClassVar[Step] = Step.EXPIRE


@dataclass(frozen=True, slots=True)
class Erase(Change):
    """What opens the entry's earlier changes is destroyed; its tombstone stays and says why, naming nobody."""

    step: ClassVar[Step] = Step.ERASE
    reasons: str
    was_public: bool = False


KINDS: MappingProxyType[Step, type[Change]] = MappingProxyType(
    {
        kind.step: kind
        for kind in (
            Draft, Amend, AddEvidence, GiveNotice, TakeAnswer, Publish, Renew, Corroborate, ListOfficially, FileAppeal,
            OpenReview, Decide, Withdraw, Expire, Erase,
        )
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signed:
    """A change with who made it and when, in whole seconds UTC: what one leaf of the log commits to.

    ``key`` (a vkey) and ``signature`` (base64) are those of whoever made it (``actors``); both are empty where names
    are only typed, as in the fictional example.
    """

    at: int
    by: str
    change: Change
    key: str = ""
    signature: str = ""

    @property
    def actor(self) -> frozenset[str]:
        """Who made it, as reviewers are compared."""
        return actor_of(self.by, self.key)

    def text(self) -> str:
        """Return its canonical JSON. Raises RegistryError for what has none (a lone surrogate, a number too large)."""
        key = {n: v for n, v in (("key", self.key), ("signature", self.signature)) if v}
        said = {"at": self.at, "by": self.by, "step": self.change.step.value, **key, **to_json(self.change)}
        try:
            return canonical(said).decode()
        except EvidenceError as problem:
            raise RegistryError(f"{self.change.step}: {problem}") from None


def read_signed(text: str, *, where: str) -> Signed:
    """Read a change back. Raises RegistryError, beginning with ``where``, if it is none."""
    try:
        said: dict[str, Any] = dict(parse_canonical(text.encode()))
        at, by, step = said.pop("at"), said.pop("by"), Step(said.pop("step"))
        key, signature = said.pop("key", ""), said.pop("signature", "")
    except (EvidenceError, KeyError, TypeError, ValueError) as problem:
        raise RegistryError(f"{where}: not a change of a register: {problem}") from None
    if type(at) is not int or not all(isinstance(text, str) for text in (by, key, signature)):
        raise RegistryError(f"{where}: at and by are not a time and a name, or key and signature no texts")
    return Signed(at, by, from_json(KINDS[step], said, where=where), key, signature)
