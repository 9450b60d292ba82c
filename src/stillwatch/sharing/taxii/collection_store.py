"""Objects of collections in the database: added, paged, deleted.

``date_added`` strictly increases over the whole database, also where the clock stands or goes back, and in the order in
which transactions are committed: whoever has read everything up to a ``date_added`` will never miss anything before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from stillwatch.sharing.tables import objects, state
from stillwatch.sharing.taxii.checks import Checked
from stillwatch.sharing.taxii.filters import Filters, Versions
from stillwatch.sharing.taxii.times import write_time
from stillwatch.store.sql import Database

Clock = Callable[[], float]
MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Row:
    """A version of an object in a collection."""

    added: int
    object: str
    version: str
    spec_version: str
    body: bytes


@dataclass(frozen=True)
class Page:
    """Rows in the order of ``date_added``, and whether there are more."""

    rows: Sequence[Row]
    more: bool


class CollectionStore:
    """Objects of all collections."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self.database, self._clock = database, clock

    def add(self, connection: Connection, collection: str, given: Sequence[Checked]) -> int:
        """Add versions that the collection has not, in this transaction; return how many were new."""
        last = connection.execute(
            update(state).values(last_added=state.c.last_added).returning(state.c.last_added)
        ).scalar_one()
        known = self._known(connection, collection, sorted({o.object for o in given}))
        rows: list[dict[str, object]] = []
        for one in given:
            last = max(last + 1, int(self._clock() * MICROSECONDS))
            # An object without a version of its own (an observable) has one: when it first came (section 3.4.1).
            at = one.version_at if one.version else last
            versions = known.setdefault(one.object, {})
            if at in versions or (versions and not one.version):
                continue
            versions[at] = last
            rows.append(
                {
                    "added": last,
                    "collection": collection,
                    "object": one.object,
                    "type": one.type,
                    "version": one.version or write_time(last),
                    "version_at": at,
                    "spec_version": one.spec_version,
                    "is_first": False,
                    "is_last": False,
                    "body": one.body,
                }
            )
        if rows:
            _mark(rows, known)
            self._unmark(connection, collection, sorted({str(r["object"]) for r in rows}), known)
            connection.execute(objects.insert(), rows)
            connection.execute(update(state).values(last_added=last))
        return len(rows)

    def page(self, collection: str, filters: Filters) -> Page:
        """Return the first rows after ``filters.after``."""
        wanted = (
            select(objects.c.added, objects.c.object, objects.c.version, objects.c.spec_version, objects.c.body)
            .where(and_(objects.c.collection == collection, objects.c.added > filters.after, *_conditions(filters)))
            .order_by(objects.c.added)
            .limit(filters.limit + 1)
        )
        with self.database.read() as connection:
            found = [Row(*row) for row in connection.execute(wanted)]
        return Page(found[: filters.limit], len(found) > filters.limit)

    def has(self, collection: str, name: str) -> bool:
        """Tell whether a collection has an object."""
        with self.database.read() as connection:
            mine = and_(objects.c.collection == collection, objects.c.object == name)
            return connection.execute(select(objects.c.added).where(mine).limit(1)).first() is not None

    def holding(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return which collections hold which of these objects."""
        found: dict[str, list[str]] = {}
        with self.database.read() as connection:
            for at in range(0, len(names), 500):
                some = objects.c.object.in_(names[at : at + 500])
                for collection, name in connection.execute(
                    select(objects.c.collection, objects.c.object).where(some).distinct()
                ):
                    found.setdefault(collection, []).append(name)
        return found

    def delete(self, collection: str, filters: Filters) -> int:
        """Remove versions of one object; return how many there were."""
        mine = and_(objects.c.collection == collection, objects.c.object == filters.ids[0])
        with self.database.write() as connection:
            gone = connection.execute(delete(objects).where(and_(mine, *_conditions(filters)))).rowcount
            ends = select(func.min(objects.c.version_at), func.max(objects.c.version_at)).where(mine)
            first, last = connection.execute(ends).one()
            for column, at in ((objects.c.is_first, first), (objects.c.is_last, last)):
                connection.execute(update(objects).where(and_(mine, objects.c.version_at == at)).values({column: True}))
        return int(gone)

    def _known(self, connection: Connection, collection: str, names: Sequence[str]) -> dict[str, dict[int, int]]:
        """Return the versions of objects: when each was added, by its version in microseconds."""
        known: dict[str, dict[int, int]] = {}
        for at in range(0, len(names), 500):
            mine = and_(objects.c.collection == collection, objects.c.object.in_(names[at : at + 500]))
            for name, version_at, added in connection.execute(
                select(objects.c.object, objects.c.version_at, objects.c.added).where(mine)
            ):
                known.setdefault(name, {})[version_at] = added
        return known

    def _unmark(
        self, connection: Connection, collection: str, names: Sequence[str], known: dict[str, dict[int, int]]
    ) -> None:
        """Take the flags from versions that are not the first or last any more."""
        for name in names:
            versions = known[name]
            if len(versions) == 1:
                continue
            mine = and_(objects.c.collection == collection, objects.c.object == name)
            for column, at in ((objects.c.is_first, min(versions)), (objects.c.is_last, max(versions))):
                connection.execute(
                    update(objects).where(and_(mine, column, objects.c.version_at != at)).values({column: False})
                )


def _mark(rows: list[dict[str, object]], known: dict[str, dict[int, int]]) -> None:
    for row in rows:
        versions = known[str(row["object"])]
        row["is_first"] = row["version_at"] == min(versions)
        row["is_last"] = row["version_at"] == max(versions)


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (objects.c.object, filters.ids),
        (objects.c.type, filters.types),
        (objects.c.spec_version, filters.spec_versions),
    ):
        if values:
            found.append(column.in_(values))
    return [*found, *_version_conditions(filters.versions)]


def _version_conditions(versions: Versions) -> list[ColumnElement[bool]]:
    if versions.all:
        return []
    either: list[ColumnElement[bool]] = []
    if versions.first:
        either.append(objects.c.is_first)
    if versions.last:
        either.append(objects.c.is_last)
    if versions.times:
        either.append(objects.c.version_at.in_(versions.times))
    return [or_(*either)]
