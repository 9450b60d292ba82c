"""Screening: customers against a list in one state; what came out, and the proof of which state it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from stillwatch.evidence.canonical import canonical
from stillwatch.evidence.events import Event
from stillwatch.registry.ids import fold_id
from stillwatch.registry.screening.customers import Customer
from stillwatch.registry.screening.index import NameIndex
from stillwatch.registry.screening.listing import Listed, Listing
from stillwatch.registry.screening.match import Hit, match
from stillwatch.registry.screening.names import prepare

Json = dict[str, Any]
OUTCOMES = ("clear", "weak", "review", "strong")
"""What screening can say, the least first. None of them is a refusal: that is for people."""


@dataclass(frozen=True, slots=True)
class Screened:
    """What came out for one customer, the likeliest hit first."""

    customer: str
    digest: str
    hits: tuple[Hit, ...]

    @property
    def outcome(self) -> str:
        """The strongest of the hits' levels; clear without any."""
        return max((hit.level for hit in self.hits), key=OUTCOMES.index, default="clear")

    def to_json(self) -> Json:
        """Return it as plain JSON."""
        said = {"customer": self.customer, "digest": self.digest, "outcome": self.outcome}
        return said | {"hits": [hit.to_json() for hit in self.hits]}


class Screener:
    """Screens customers against one listing. Made once, then used for many: what is slow is loaded here."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        prepare(party.entity for party in listing.parties)
        self._names = NameIndex([party.entity for party in listing.parties])
        self._exact: dict[str, set[int]] = {}
        for number, party in enumerate(listing.parties):
            for key in _exact_keys(party):
                self._exact.setdefault(key, set()).add(number)

    def screen(self, customer: Customer) -> Screened:
        """Screen one customer."""
        names = (customer.name, *customer.aliases, *customer.owners)
        numbers = dict.fromkeys([*self._by_attributes(customer), *self._names.candidates(names)])
        hits = [hit for n in numbers if (hit := match(customer, self.listing.parties[n])) is not None]
        hits.sort(key=lambda hit: (-hit.score, hit.entry))
        return Screened(customer.customer, customer.digest, tuple(hits))

    def screen_all(self, customers: Iterable[Customer]) -> Iterator[Screened]:
        """Screen many."""
        return map(self.screen, customers)

    def _by_attributes(self, customer: Customer) -> Iterator[int]:
        numbers = (customer.lei, customer.uscc, customer.registration_number)
        for key in (fold_id(number) for number in numbers if number):
            yield from self._exact.get(f"id:{key}", ())
        for domain in (*customer.domains, customer.email_domain):
            labels = domain.strip().lower().removeprefix("www.").split(".")
            for at in range(len(labels) - 1):
                yield from self._exact.get(f"domain:{'.'.join(labels[at:])}", ())


def screening_event(listing: Listing, screened: Iterable[Screened]) -> Event:
    """Return the event of a screening for the host's own evidence log.

    Aloud it says which state of which list was used, how many were screened, with which outcomes, and the digest of the
    results; who was screened is only committed to.
    """
    found = list(screened)
    results = canonical([one.to_json() for one in found])
    state = listing.state
    said: Json = {
        "list": {"origin": state.origin, "size": state.size, "root": state.root.hex()},
        "customers": len(found),
        "outcomes": {name: sum(one.outcome == name for one in found) for name in OUTCOMES},
        "results": sha256(results).hexdigest(),
    }
    return Event("screening", said, {"note": results.decode()})


def _exact_keys(party: Listed) -> Iterator[str]:
    entity = party.entity
    for number in (entity.lei, entity.uscc, entity.registration_number):
        if number:
            yield f"id:{fold_id(number)}"
    for domain in entity.domains:
        yield f"domain:{domain}"
