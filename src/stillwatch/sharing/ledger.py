"""What was shared, so that it is said the same way again, and can be taken back (``withdraw``).

A new version of an object keeps ``created`` and gets a later ``modified`` (STIX 2.1 section 3.6); an object that says
what it said before keeps its version, so that partners are not told twice. Nothing follows a revocation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select, update

from stillwatch.errors import SharingError
from stillwatch.sharing.stix_objects import stamp
from stillwatch.sharing.tables import shared, shared_for
from stillwatch.store.sql import Database

Json = dict[str, Any]
TIMES = ("created", "modified")
OURS = frozenset({"campaign", "indicator", "relationship", "sighting"})
"""Types that the sender alone may change; all others are the same whoever sends them."""
ANSWERS = frozenset({"opinion", "sighting"})
"""Types in which we say something of others' objects."""
AT_ONCE = 500
"""Ids of one query: SQLite takes 32,766 values, PostgreSQL's planner is slow long before."""


class Ledger:
    """The record of what left, over the database of sharing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle(self, objects: Iterable[Json]) -> list[Json]:
        """Return the objects as they should leave now.

        What says the same as before keeps the version that was shared. What was withdrawn stays away, and with it what
        refers to it. Raises SharingError for a campaign that was withdrawn.
        """
        listed = list(objects)
        known = self._known([str(o["id"]) for o in listed if o["type"] in OURS])
        gone = {name for name, (_, _, revoked) in known.items() if revoked}
        for made in listed:
            if made["type"] == "campaign" and made["id"] in gone:
                raise SharingError(
                    f"{made['name']}: was withdrawn, and nothing follows a revocation; a later scan that finds it anew "
                    "gives it another name"
                )
        kept = [o for o in listed if not gone & {o["id"], *_references(o)}]
        return [_settled(o, known[o["id"]]) if o["id"] in known else o for o in kept]

    def settle_answers(self, objects: Iterable[Json]) -> list[Json]:
        """Return what we say of others' objects, with who says it, as it should leave now, and note it.

        Said anew and differently, it is a later version of what was said first.
        """
        listed = list(objects)
        known = self._known([str(o["id"]) for o in listed if o["type"] in ANSWERS])
        settled = [_settled(o, known[o["id"]]) if o["id"] in known else o for o in listed]
        with self._database.write() as connection:
            _keep(connection, [o for o in settled if o["type"] in ANSWERS])
        return settled

    def note(self, campaign: str, objects: Sequence[Json]) -> None:
        """Note that objects left for a campaign (its name)."""
        mine = [o for o in objects if o["type"] in OURS]
        uses = [{"campaign": campaign, "object": o["id"], "withdrawn": False} for o in mine]
        if not mine:
            return
        with self._database.write() as connection:
            _keep(connection, mine)
            for names in _parts([o["id"] for o in mine]):
                mine_too = shared_for.c.object.in_(names) & (shared_for.c.campaign == campaign)
                connection.execute(delete(shared_for).where(mine_too))
            connection.execute(shared_for.insert(), uses)

    def withdraw(self, campaign: str, *, now: datetime) -> list[Json]:
        """Revoke what was shared for a campaign and for no other; return the revoked versions.

        Raises SharingError if nothing was shared for it. Repeated, it returns the same versions again.
        """
        with self._database.write() as connection:
            mine = select(shared_for.c.object).where(shared_for.c.campaign == campaign)
            names = list(connection.execute(mine).scalars())
            if not names:
                raise SharingError(f"--campaign {campaign}: nothing was shared for it; see: stillwatch share list")
            connection.execute(update(shared_for).where(shared_for.c.campaign == campaign).values(withdrawn=True))
            elsewhere = set(connection.execute(select(shared_for.c.object).where(~shared_for.c.withdrawn)).scalars())
            return [_revoke(connection, name, now) for name in sorted(names) if name not in elsewhere]

    def knows(self, campaign: str) -> bool:
        """Answer whether anything was ever shared for a campaign."""
        with self._database.read() as connection:
            found = connection.execute(select(shared_for.c.object).where(shared_for.c.campaign == campaign).limit(1))
            return found.first() is not None

    def list(self) -> list[tuple[str, Json]]:
        """Return campaign and latest version of everything that left, by campaign."""
        joined = select(shared_for.c.campaign, shared.c.body).join(shared, shared.c.object == shared_for.c.object)
        with self._database.read() as connection:
            rows = connection.execute(joined.order_by(shared_for.c.campaign, shared.c.object)).all()
        return [(campaign, orjson.loads(body)) for campaign, body in rows]

    def _known(self, names: Sequence[str]) -> dict[str, tuple[Json, str, bool]]:
        found: dict[str, tuple[Json, str, bool]] = {}
        with self._database.read() as connection:
            for some in _parts(names):
                for row in connection.execute(select(shared).where(shared.c.object.in_(some))):
                    found[row.object] = (orjson.loads(row.body), row.content, row.revoked)
        return found


def later(modified: str, now: datetime) -> str:
    """Return a version after this one: now, or a millisecond later where the clock is behind."""
    version = stamp(now)
    return version if version > modified else stamp(datetime.fromisoformat(modified) + timedelta(milliseconds=1))


def _keep(connection: Connection, objects: Sequence[Json]) -> None:
    for names in _parts([o["id"] for o in objects]):
        connection.execute(delete(shared).where(shared.c.object.in_(names)))
    rows = [{"object": o["id"], "content": _digest(o), "body": orjson.dumps(o), "revoked": False} for o in objects]
    if rows:
        connection.execute(shared.insert(), rows)


def _revoke(connection: Connection, name: str, now: datetime) -> Json:
    row = connection.execute(select(shared).where(shared.c.object == name)).one()
    made: Json = orjson.loads(row.body)
    if not row.revoked:
        made |= {"revoked": True, "modified": later(made["modified"], now)}
        values = update(shared).where(shared.c.object == name).values(body=orjson.dumps(made), revoked=True)
        connection.execute(values)
    return made


def _settled(made: Json, known: tuple[Json, str, bool]) -> Json:
    before, content, _ = known
    if content == _digest(made):
        return before
    modified = later(before["modified"], datetime.fromisoformat(made["modified"]))
    return made | {"created": before["created"], "modified": modified}


def _references(made: Json) -> set[str]:
    return {made[name] for name in ("source_ref", "target_ref", "sighting_of_ref") if name in made}


def _digest(made: Json) -> str:
    said = {name: value for name, value in made.items() if name not in TIMES}
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _parts(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE))
