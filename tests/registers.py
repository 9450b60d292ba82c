"""Fictional entries, and registers with a clock that a test sets: for the tests of the register."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stillwatch.registry.changes import (
    AddEvidence,
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
from stillwatch.registry.changes import Amend as AmendChange
from stillwatch.registry.criteria import Category, Criteria, Exemption, Met
from stillwatch.registry.fold import apply
from stillwatch.registry.nouns import Claim, Entity, Entry, Evidence, Ground, Kind, Stance
from stillwatch.registry.records import Record
from stillwatch.registry.register import Register
from stillwatch.registry.rules import DAY
from stillwatch.registry.statuses import Status, Step

DAY_SECONDS = 86_400
NOW = 1_790_000_000
"""21 September 2026."""
AUTHOR, REVIEWER, OTHER = "author", "reviewer", "second reviewer"
ENTITY = Entity(
    Kind.COMPANY,
    "Quillfern Model Works Ltd",
    aliases=("羽蕨模型工坊有限公司",),
    weak_aliases=("Quillfern",),
    country="zz",
    city="Example City",
    domains=("quillfern.example",),
)
CLAIMS = (
    Claim("volume", "28,000 completed calls of 310 accounts", "Harbour Inference (fictional)", 95),
    Claim("attribution", "operators affiliated with Quillfern", "Harbour Inference (fictional)", 60),
)
CRITERIA = Criteria(
    Category.EXTRACTION,
    Exemption(applies=False, words="The terms forbid training; no agreement with the party was found."),
    limbs=(Met("terms", "observed", "Section 4 of the host's terms forbids training on outputs."),),
    purpose=(Met("accounts", "inferred", "310 accounts share one template and rest on the same days."),),
)
NETWORK = Criteria(
    Category.ACCOUNT_NETWORK,
    Exemption(applies=False, words="No reseller agreement."),
    free_expression=Exemption(applies=False, words="It sells accounts, not connections."),
    acts=("sells",),
    knowing="Its price list names accounts by ban risk.",
)


def evidence(number: int = 1, **more: Any) -> Evidence:
    """Make evidence of provider ``number``."""
    made = Evidence(
        provider=f"Provider {number}",
        shows="One template over 310 accounts.",
        bundle=f"{number:064x}",
        origin=f"log{number}.example",
        index=number,
    )
    return replace(made, **more)


OFFICIAL = Evidence(
    "Office of Examples", "Listed on 1 June 2026.", authority="Office of Examples", url="https://o.example"
)
DRAFT = Draft(ENTITY, CLAIMS, CRITERIA)
AMEND = AmendChange(ENTITY, CLAIMS, CRITERIA)
CHANGES: dict[Step, Change] = {
    Step.DRAFT: DRAFT,
    Step.AMEND: AMEND,
    Step.EVIDENCE: AddEvidence(evidence(99)),
    Step.NOTICE: GiveNotice("registered letter", NOW + 400 * DAY),
    Step.ANSWER: TakeAnswer("its counsel", Stance.DISPUTES, "That was not us."),
    Step.PUBLISH: Publish("The evidence is sound.", NOW + 400 * DAY),
    Step.RENEW: Renew("New evidence.", NOW + 400 * DAY),
    Step.CORROBORATE: Corroborate("Two saw it."),
    Step.LIST: ListOfficially("It is on the list."),
    Step.APPEAL: FileAppeal("its counsel", (Ground.FACTS_WRONG,), "We were hacked."),
    Step.REVIEW: OpenReview((Ground.EVIDENCE_FLAWED,), "A bundle was retracted."),
    Step.DECIDE: Decide(Status.UPHELD, "The grounds do not touch the evidence."),
    Step.WITHDRAW: Withdraw("It was a mistake."),
    Step.EXPIRE: Expire(),
    Step.ERASE: Erase("The party asked."),
}
"""One change of each kind."""


@dataclass
class Story:
    """An entry, and the time; each step moves both on."""

    at: int = NOW
    entry: Entry | None = None

    def do(self, change: Change, *, by: str = AUTHOR, days: float = 0) -> Entry:
        """Make a change ``days`` later."""
        self.at += int(days * DAY)
        self.entry = apply(self.entry, "R-1", Signed(self.at, by, change))
        return self.entry

    def notified(self, change: Draft = DRAFT, *pieces: Evidence) -> Entry:
        """Draft, attach, give notice."""
        self.do(change)
        for piece in pieces or (evidence(),):
            self.do(AddEvidence(piece))
        return self.notice()

    def notice(self) -> Entry:
        """Give notice, with the shortest deadline."""
        return self.do(GiveNotice("registered letter", self.at + 30 * DAY))

    def published(self, change: Draft = DRAFT, *pieces: Evidence, days: int = 365) -> Entry:
        """Go on to publication, without an answer."""
        self.notified(change, *pieces)
        self.at += 30 * DAY
        return self.do(Publish("Sound.", self.at + days * DAY), by=REVIEWER)


def at_status(status: Status) -> Story:
    """Return an entry of that status, by the shortest way."""
    story = Story()
    if status is Status.DRAFT:
        story.do(DRAFT)
        story.do(AddEvidence(evidence()))
    elif status is Status.NOTIFIED:
        story.notified()
    else:
        story.published(DRAFT, evidence(1), evidence(2), OFFICIAL)
        for step, by in _WAYS[status]:
            change: Change = CHANGES[step] if step is not Step.DECIDE else _OUTCOMES[status]
            story.do(change, by=by, days=400 if step is Step.EXPIRE else 0)
    assert story.entry is not None
    assert story.entry.status is status
    return story


_REVIEWED = ((Step.APPEAL, AUTHOR), (Step.DECIDE, OTHER))
_WAYS: dict[Status, tuple[tuple[Step, str], ...]] = {
    Status.ALLEGED: (),
    Status.CORROBORATED: ((Step.CORROBORATE, REVIEWER),),
    Status.OFFICIALLY_LISTED: ((Step.LIST, REVIEWER),),
    Status.CONTESTED: ((Step.ANSWER, AUTHOR),),
    Status.UNDER_REVIEW: ((Step.APPEAL, AUTHOR),),
    Status.UPHELD: _REVIEWED,
    Status.CORRECTED: _REVIEWED,
    Status.WITHDRAWN: ((Step.WITHDRAW, AUTHOR),),
    Status.EXPIRED: ((Step.EXPIRE, AUTHOR),),
}
_OUTCOMES: dict[Status, Change] = {
    Status.UPHELD: Decide(Status.UPHELD, "The grounds do not touch the evidence."),
    Status.CORRECTED: Decide(Status.CORRECTED, "One claim goes.", replace(AMEND, claims=CLAIMS[:1])),
}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = float(NOW)

    def __call__(self) -> float:
        return self.at

    def days(self, number: float) -> None:
        """Go on."""
        self.at += number * DAY


def open_test_register(folder: Path, clock: Clock) -> Register:
    """Open a register whose entries are called R-1, R-2, …"""
    register: Register = Register(
        folder,
        clock=clock,
        origin="register.example",
        typed_names=True,
        names=lambda: f"R-{len(register.records) + 1}",
    )
    return register


def publish_one(register: Register, clock: Clock, change: Draft = DRAFT, *pieces: Evidence) -> Record:
    """Take an entry from its draft to publication without an answer."""
    name = register.draft(change, by=AUTHOR).name
    for piece in pieces or (evidence(),):
        register.make(name, AddEvidence(piece), by=AUTHOR)
    register.make(name, GiveNotice("registered letter", int(clock()) + 30 * DAY), by=AUTHOR)
    clock.days(30)
    return register.make(name, Publish("The evidence is sound.", int(clock()) + 365 * DAY), by=REVIEWER)
