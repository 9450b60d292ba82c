"""A fictional register: one entry of each status, so that everybody can see what a register looks like.

No person, company, product or event in it exists; domains end in .example (RFC 2606).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from stillwatch.registry.changes import (
    AddEvidence,
    Amend,
    Change,
    Corroborate,
    Decide,
    Draft,
    Erase,
    FileAppeal,
    GiveNotice,
    ListOfficially,
    Publish,
    TakeAnswer,
    Withdraw,
)
from stillwatch.registry.criteria import Category, Criteria, Exemption, Met
from stillwatch.registry.nouns import Claim, Entity, Evidence, Ground, Kind, Stance
from stillwatch.registry.publication import About, Publication
from stillwatch.registry.register import Register, open_register
from stillwatch.registry.rules import DAY
from stillwatch.registry.site.write import write_site
from stillwatch.registry.statuses import Status

ABOUT = About("Example register of model extraction", "answers@register.example", fictional=True)
ORIGIN = "register.example"
BEGAN_DAYS_AGO = 430
"""So that one entry's year is over by now."""
AUTHOR, REVIEWER, SECOND = "author 1", "reviewer 2", "reviewer 3"
HARBOUR, TERN = "Harbour Inference (fictional)", "Tern Cloud (fictional)"
NO_LICENCE = Exemption(
    applies=False, words="The terms forbid training on answers; no agreement with the party was found."
)
QUILLFERN = Entity(
    Kind.COMPANY,
    "Quillfern Model Works Ltd",
    aliases=("羽蕨模型工坊有限公司",),
    weak_aliases=("Quillfern", "Yujue"),
    city="Port Sedge",
    domains=("quillfern.example",),
)
LUNAR = Entity(
    Kind.COMPANY,
    "ООО «Лунный папоротник»",  # noqa: RUF001 - Cyrillic on purpose
    aliases=("Lunar Fern Computing LLC",),
    city="Verkhny Primer",
    domains=("lunarfern.example",),
)
SALTMARSH = Entity(
    Kind.ORGANIZATION, "Saltmarsh Token Exchange", domains=("saltmarsh.example", "saltmarsh-api.example")
)
GULL = Entity(Kind.ORGANIZATION, "مختبر النورس الخيالي", aliases=("Fictional Gull Laboratory",), city="Ras Mithal")
GOSARI = Entity(Kind.COMPANY, "가상고사리연구소 주식회사", aliases=("Gasang Gosari Research Co., Ltd.",), city="Yesi")
THISTLE = Entity(Kind.COMPANY, "Thistledown Analytics GmbH", city="Beispielstadt", domains=("thistledown.example",))
MARRAM = Entity(Kind.ORGANIZATION, "Marram Data Cooperative", domains=("marram.example",))
BRACKEN = Entity(Kind.COMPANY, "Bracken & Vole Accounts Ltd", previous_names=("Vole Logins Ltd",), city="Port Sedge")
PASSERBY = Entity(Kind.COMPANY, "Entered In Error Ltd")


def extraction(accounts: int) -> Criteria:
    """Return criteria of an extraction by so many accounts."""
    return Criteria(
        Category.EXTRACTION,
        NO_LICENCE,
        limbs=(
            Met("terms", "observed", "Section 4 of the provider's terms forbids training another model on answers."),
            Met("credentials", "inferred", f"{accounts:,} accounts, each declared as a private person's."),
        ),
        purpose=(
            Met("pattern", "observed", "One prompt template, without human rhythm, around the clock."),
            Met("accounts", "inferred", f"{accounts:,} accounts share the template, an address pool and days of rest."),
            Met("concentration", "inferred", "Nine of ten calls ask for worked solutions in mathematics and code."),
        ),
    )


NETWORK = Criteria(
    Category.ACCOUNT_NETWORK,
    Exemption(applies=False, words="It has no reseller agreement with any provider that was asked."),
    free_expression=Exemption(
        applies=False, words="It sells logins, not connections; readers of news gain nothing from it."
    ),
    acts=("obtains", "sells"),
    knowing="Its price list sorts accounts by how soon they will be banned, and replaces banned ones.",
)


def claims(calls: int, accounts: int, who: str, *, by: str = HARBOUR, sure: int = 60) -> tuple[Claim, ...]:
    """Return the usual three claims; nobody claims training use."""
    return (
        Claim("volume", f"{calls:,} completed calls of {accounts:,} accounts", by, 95),
        Claim("coordination", "the accounts are one operator's", by, 85),
        Claim("attribution", f"operators affiliated with {who}", by, sure),
    )


def bundle(number: int, shows: str, *, provider: str = HARBOUR, owner: str = "") -> AddEvidence:
    """Return evidence by the digest of a bundle that does not exist."""
    digest = sha256(f"fictional bundle {number}".encode()).hexdigest()
    verdicts = {"volume": "VERIFIED", "coordination": "NOT VERIFIED", "witnesses": "VERIFIED"}
    origin = "log.harbour.example" if provider == HARBOUR else "log.tern.example"
    return AddEvidence(Evidence(provider, shows, owner, digest, origin, 4_000 + number, verdicts=verdicts))


@dataclass
class _Teller:
    register: Register
    clock: _Clock

    def publish(self, draft: Draft, *pieces: AddEvidence, answer: TakeAnswer | None = None, days: int = 365) -> str:
        name = self.register.draft(draft, by=AUTHOR).name
        for piece in pieces:
            self.do(name, piece, after=1)
        self.do(
            name, GiveNotice("registered letter and e-mail to the address in its imprint", self.clock.day(31)), after=1
        )
        if answer is not None:
            self.do(name, answer, after=12)
        self.clock.pass_days(31)
        words = "The evidence carries the claims as they are worded; the party was heard, or let its time pass."
        return self.do(name, Publish(words, self.clock.day(days)), by=REVIEWER)

    def do(self, name: str, change: Change, *, by: str = AUTHOR, after: float = 0) -> str:
        self.clock.pass_days(after)
        self.register.make(name, change, by=by)
        return name


@dataclass
class _Clock:
    at: float

    def __call__(self) -> float:
        return self.at

    def pass_days(self, number: float) -> None:
        self.at += number * DAY

    def day(self, number: float) -> int:
        return int(self.at + number * DAY)


def make_example(folder: Path, site: Path, *, now: float) -> int:
    """Make the register in ``folder`` as if it had gone on until ``now``, and its site; return the entries shown."""
    clock = _Clock(now - BEGAN_DAYS_AGO * DAY)
    with Register(folder, clock=clock, origin=ORIGIN, typed_names=True) as register:
        _tell(_Teller(register, clock))
        register.expire_due(by="timer")
    return write_site(Publication(open_register(folder), ABOUT, int(now)), site)


def _tell(teller: _Teller) -> None:
    counted = "The calls are in the log, one template over all of them."
    teller.publish(Draft(MARRAM, claims(9_400, 41, "Marram", sure=40), extraction(41)), bundle(1, counted), days=300)
    thistle = teller.publish(Draft(THISTLE, claims(61_000, 130, "Thistledown"), extraction(130)), bundle(2, counted))
    hacked = (
        "Our accounts were taken over on 3 May; we reported it to the police the same week. See the attached report."
    )
    teller.do(thistle, FileAppeal("its counsel", (Ground.MISTAKEN_IDENTITY,), hacked), after=9)
    found = "The police report and the provider's own sign-in records show the takeover. The party had no part in it."
    teller.do(thistle, Decide(Status.WITHDRAWN, found), by=SECOND, after=11)
    gosari = claims(210_000, 620, "Gosari", sure=75)
    name = teller.publish(Draft(GOSARI, gosari, extraction(620)), bundle(3, counted))
    ours = "The count includes 40,000 calls of our licensed test account."
    teller.do(name, FileAppeal("its counsel", (Ground.FACTS_WRONG, Ground.AUTHORISED_USE), ours), after=20)
    less = Amend(GOSARI, claims(170_000, 619, "Gosari", sure=75), extraction(619))
    why = "The licensed account is taken out of the count. What remains is as it was."
    teller.do(name, Decide(Status.CORRECTED, why, less), by=SECOND, after=14)
    error = teller.publish(Draft(PASSERBY, claims(100, 3, "nobody", sure=5), extraction(3)), bundle(4, counted))
    teller.do(error, Withdraw("Entered in error."), after=1)
    teller.do(error, Erase("The party asked for it; the entry was a mistake of the register."), after=1)
    _tell_recent(teller, counted)


def _tell_recent(teller: _Teller, counted: str) -> None:
    sold = (Claim("coordination", "the accounts that it sells are kept by one operator", TERN, 80),)
    teller.publish(Draft(SALTMARSH, sold, NETWORK), bundle(5, "Forty bought accounts, traced.", provider=TERN))
    salt = next(n for n, r in teller.register.records.items() if r.entry and r.entry.entity == SALTMARSH)
    teller.do(salt, bundle(6, "The same forty accounts, seen from the other side."), after=2)
    teller.do(salt, GiveNotice("e-mail to the address on its site", teller.clock.day(30)))
    teller.do(
        salt, Corroborate("Two providers that nobody controls both saw the same accounts."), by=REVIEWER, after=30
    )
    listed = Evidence("Office of Examples", "Named in its list of 1 June.", authority="Office of Examples (fictional)",
                      url="https://office.example/list/17")  # fmt: skip
    vole = teller.publish(Draft(BRACKEN, sold, NETWORK), bundle(7, "Accounts bought and traced."), AddEvidence(listed))
    teller.do(vole, ListOfficially("The office names the company with its number; its words are quoted."), by=REVIEWER)
    not_us = "Мы оспариваем эту запись: счета не наши. We dispute this entry: the accounts are not ours."
    disputed = TakeAnswer("its director", Stance.DISPUTES, not_us)
    teller.publish(
        Draft(LUNAR, claims(88_000, 240, "Lunar Fern"), extraction(240)), bundle(8, counted), answer=disputed
    )
    gull = teller.publish(Draft(GULL, claims(35_000, 95, "the Gull Laboratory"), extraction(95)), bundle(9, counted))
    tool = "One of our students ran a published benchmark. We ask the register to compare the prompts with it."
    teller.do(gull, FileAppeal("its head", (Ground.FACTS_WRONG,), tool), after=3)
    teller.publish(Draft(QUILLFERN, claims(28_000, 310, "Quillfern"), extraction(310)), bundle(10, counted))
    teller.register.draft(Draft(replace(QUILLFERN, name="Not Public Yet Ltd"), sold, NETWORK), by=AUTHOR)
