"""What others said: the latest version of each object by source and sender, and which indicators hold now.

An indicator holds while its sender has not revoked it, its time is not over, and those who disagree with it (opinions)
are fewer than those who agree; the sender itself is not counted. What is disputed waits until somebody decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, and_, delete, select

from stillwatch.sharing.nouns import Kind, Received
from stillwatch.sharing.patterns import read_pattern
from stillwatch.sharing.stix_objects import EXTENSION
from stillwatch.sharing.tables import received, shared, sources
from stillwatch.sharing.taxii.checks import Checked, Refused, check_object
from stillwatch.sharing.taxii.times import read_time
from stillwatch.store.sql import Database

Json = dict[str, Any]
UNSURE = 50
"""Confidence of an indicator whose sender says none (STIX 2.1, appendix A: in the middle of every scale)."""
SCALE = {"strongly-disagree": -1, "disagree": -1, "neutral": 0, "agree": 1, "strongly-agree": 1}
NO_SENDER = "unknown"
MICROSECONDS = 1_000_000
AT_ONCE = 500
"""Ids of one query."""


class ReceivedTable:
    """Others' objects, over the database of sharing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cursor(self, source: str) -> str:
        """Return up to which ``date_added`` a source's objects are here; empty if none are."""
        with self._database.read() as connection:
            found = connection.execute(
                select(sources.c.added_after).where(sources.c.url == source)
            ).scalar_one_or_none()
        return str(found or "")

    def take(self, source: str, objects: Iterable[Any], *, cursor: str, now: float) -> tuple[int, int]:
        """Keep a page with how far it goes, together; return how many objects were new or newer, and how many no good.

        Repeated, it changes nothing: an older or equal version of what a sender said is passed over. So is every other
        version of what its sender has revoked: a revocation is the last (STIX 2.1, section 3.2).
        """
        checked = [check_object(o) for o in objects]
        good = [o for o in checked if isinstance(o, Checked)]
        rows: dict[tuple[str, str], Json] = {}
        for one in good:
            row = _row(source, one)
            key = (row["sender"], row["object"])
            if key not in rows or _rank(rows[key]) < _rank(row):
                rows[key] = row
        with self._database.write() as connection:
            known = self._versions(connection, source, [object_name for _, object_name in rows])
            new = [row for key, row in rows.items() if key not in known or known[key] < _rank(row)]
            for row in new:
                if (row["sender"], row["object"]) in known:
                    mine = and_(*(received.c[n] == row[n] for n in ("source", "sender", "object")))
                    connection.execute(delete(received).where(mine))
            if new:
                connection.execute(received.insert(), new)
            connection.execute(delete(sources).where(sources.c.url == source))
            values = {"url": source, "added_after": cursor, "pulled": int(now * MICROSECONDS)}
            connection.execute(sources.insert().values(values))
        return len(new), sum(isinstance(o, Refused) for o in checked)

    def indicators(self, *, now: float) -> list[Received]:
        """Return every indicator that we know how to look for, whether it holds or not, in a fixed order.

        What we said ourselves and had back from a partner's collection is left out: our own word is no second one.
        """
        with self._database.read() as connection:
            ours = _ourselves(connection)
            rows = connection.execute(
                select(received)
                .where(received.c.kind != "")
                .order_by(received.c.kind, received.c.value, received.c.sender, received.c.source)
            ).all()
            against = self._disputed(connection)
        return [_received(row, orjson.loads(row.body), against, now) for row in rows if row.sender not in ours]

    def objects(self, *, kind: str) -> list[Json]:
        """Return others' objects of a STIX type, as they came."""
        with self._database.read() as connection:
            some = select(received.c.body).where(received.c.type == kind).order_by(received.c.object)
            return [orjson.loads(body) for body in connection.execute(some).scalars()]

    def sources(self) -> list[tuple[str, str]]:
        """Return every source with how far it was pulled."""
        with self._database.read() as connection:
            return [(url, at) for url, at, _ in connection.execute(select(sources).order_by(sources.c.url))]

    def _versions(
        self, connection: Connection, source: str, names: Sequence[str]
    ) -> dict[tuple[str, str], tuple[bool, int]]:
        """Return the rank of the version that is here of objects, by sender and object."""
        known: dict[tuple[str, str], tuple[bool, int]] = {}
        for at in range(0, len(names), AT_ONCE):
            mine = and_(received.c.source == source, received.c.object.in_(names[at : at + AT_ONCE]))
            columns = (received.c.sender, received.c.object, received.c.revoked, received.c.version_at)
            for row in connection.execute(select(*columns).where(mine)):
                known[row.sender, row.object] = (row.revoked, row.version_at)
        return known

    def _disputed(self, connection: Connection) -> dict[str, dict[str, int]]:
        """Return by object who holds which opinion of it: -1 disagrees, 1 agrees."""
        mine = and_(received.c.type == "opinion", ~received.c.revoked)
        found: dict[str, dict[str, int]] = {}
        rows = select(received.c.sender, received.c.body).where(mine).order_by(received.c.version_at)
        for sender, body in connection.execute(rows):
            said = orjson.loads(body)
            refs = said.get("object_refs")
            for name in refs if isinstance(refs, list) else ():
                if isinstance(name, str):
                    found.setdefault(name, {})[sender] = SCALE.get(str(said.get("opinion")), 0)
        return found


def _ourselves(connection: Connection) -> set[str]:
    """Return the names (ids) under which we ever shared a campaign."""
    bodies = connection.execute(select(shared.c.body).where(shared.c.object.startswith("campaign--"))).scalars()
    return {str(orjson.loads(body).get("created_by_ref")) for body in bodies}


def _row(source: str, one: Checked) -> Json:
    said: Json = orjson.loads(one.body)
    found = _look_for(said) if one.type == "indicator" else None
    return {
        "source": source,
        "sender": one.sender or NO_SENDER,
        "object": one.object,
        "type": one.type,
        "version_at": one.version_at,
        "revoked": said.get("revoked") is True,
        "kind": str(found[0]) if found else "",
        "value": found[1] if found else "",
        "body": one.body,
    }


def _rank(row: Json) -> tuple[bool, int]:
    """Which of two versions stands: a revoked one above any other, else the later."""
    return row["revoked"], row["version_at"]


def _look_for(said: Json) -> tuple[Kind, str] | None:
    pattern_type, pattern = said.get("pattern_type"), said.get("pattern")
    if not isinstance(pattern_type, str) or not isinstance(pattern, str):
        return None
    return read_pattern(pattern_type, pattern)


def _received(row: Any, said: Json, opinions: dict[str, dict[str, int]], now: float) -> Received:
    given = said.get("confidence", UNSURE)
    confidence = given if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= 100 else 0
    until, since = (read_time(said[n]) if isinstance(said.get(n), str) else None for n in ("valid_until", "valid_from"))
    end = until / MICROSECONDS if until is not None else None
    votes = [vote for holder, vote in opinions.get(row.object, {}).items() if holder != row.sender]
    extra = said.get("extensions")
    ours = extra.get(EXTENSION) if isinstance(extra, dict) else None
    key_id = ours.get("keyed_with", "") if isinstance(ours, dict) else ""
    return Received(
        source=row.source,
        sender=row.sender,
        object=row.object,
        kind=Kind(row.kind),
        value=row.value,
        confidence=confidence,
        valid_until=end,
        key_id=key_id if isinstance(key_id, str) else "",
        disputed=votes.count(-1) > 0 and votes.count(-1) >= votes.count(1),
        revoked=row.revoked,
        # Without an end we do not know when to stop looking, so we do not begin.
        expired=end is None or end <= now or (since is not None and since / MICROSECONDS > now),
    )
