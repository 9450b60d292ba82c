"""Our own collections: what is shared goes in, what is withdrawn is revoked wherever it is, and what others answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, select

from stillwatch.errors import SharingError
from stillwatch.sharing.ledger import Ledger
from stillwatch.sharing.tables import objects, shared
from stillwatch.sharing.taxii.checks import Checked, check_object
from stillwatch.sharing.taxii.collection_store import Clock, CollectionStore
from stillwatch.store.sql import Database

Json = dict[str, Any]
AT_ONCE = 2_000
"""Objects of one transaction."""
ANSWERS = ("opinion", "sighting")
NOT_BELIEVED = frozenset({"disagree", "strongly-disagree"})


@dataclass(frozen=True)
class Feedback:
    """What a partner said of something we shared."""

    type: str
    sender: str
    about: str
    says: str


class Publisher:
    """Puts objects into collections of the database of sharing, which ``share serve`` shows to partners."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._store = CollectionStore(database, clock=clock)

    def publish(self, collection: str, given: Sequence[Json]) -> int:
        """Add objects to a collection (its id); return how many versions were new.

        Raises SharingError for an object that is none.
        """
        checked = [check_object(o) for o in given]
        for one in checked:
            if not isinstance(one, Checked):
                raise SharingError(f"{one.object or 'an object'}: not STIX: {one.problem}")
        good = [o for o in checked if isinstance(o, Checked)]
        new = 0
        for at in range(0, len(good), AT_ONCE):
            with self._database.write() as connection:
                new += self._store.add(connection, collection, good[at : at + AT_ONCE])
        return new

    def revoke(self, gone: Sequence[Json]) -> dict[str, int]:
        """Put revoked versions into every collection that has the objects; return how many went into which."""
        versions = {o["id"]: o for o in gone}
        held = self._store.holding(list(versions))
        return {
            collection: self.publish(collection, [versions[n] for n in names]) for collection, names in held.items()
        }

    def feedback(self) -> list[Feedback]:
        """Return what others said, in collections of ours, of objects that we shared."""
        with self._database.read() as connection:
            mine = set(connection.execute(select(shared.c.object)).scalars())
            some = select(objects.c.body).where(and_(objects.c.type.in_(ANSWERS), objects.c.is_last))
            bodies = [orjson.loads(body) for body in connection.execute(some.order_by(objects.c.added)).scalars()]
        return [f for body in bodies if body["id"] not in mine and not body.get("revoked") for f in _read(body, mine)]


def withdrawn_everywhere(ledger: Ledger, publisher: Publisher) -> dict[str, int]:
    """Put every revocation of the ledger into the collections once more: repairs a crash between the two."""
    return publisher.revoke([made for _, made in ledger.list() if made.get("revoked")])


def _read(body: Json, mine: set[str]) -> list[Feedback]:
    sender = str(body.get("created_by_ref", "unknown"))
    if body["type"] == "sighting":
        about = body.get("sighting_of_ref")
        count = body.get("count")
        says = "not seen" if count == 0 else f"seen by {count} account(s)" if isinstance(count, int) else "seen"
        return [Feedback("sighting", sender, str(about), says)] if about in mine else []
    refs = body.get("object_refs")
    said = f"{body.get('opinion')}: {body.get('explanation', '')}"
    return [Feedback("opinion", sender, r, said) for r in refs if r in mine] if isinstance(refs, list) else []
