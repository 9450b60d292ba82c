"""What a side may still ask in a period: counted before anything is answered, so that a crash costs the asker."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, select, update

from stillwatch.errors import SharingError
from stillwatch.sharing.overlap.agreement import MIN_ELEMENTS, Agreement
from stillwatch.sharing.tables import overlaps
from stillwatch.store.sql import Database

NOTHING_YET = -1


@dataclass(frozen=True)
class Standing:
    """What a side asked in a period, and whether we consent to contents."""

    runs: int
    elements: int
    asked: str
    found: int
    consent: bool


class Limits:
    """Counts and consents of overlaps, over the database of sharing."""

    def __init__(self, database: Database, agreement: Agreement, *, asker: str, period: int) -> None:
        self._database, self._agreement = database, agreement
        self._asker, self._period = asker, period

    def standing(self) -> Standing:
        """Return where the asker stands."""
        with self._database.write() as connection:
            return self._get(connection)

    def count_run(self, elements: int, digest: str) -> None:
        """Count a run of so many elements. Raises SharingError if it is too small, or more than was agreed."""
        terms = self._agreement
        if elements < MIN_ELEMENTS:
            raise SharingError(f"a set of {elements} is a question about somebody; {MIN_ELEMENTS} at least")
        with self._database.write() as connection:
            before = self._get(connection)
            if before.runs >= terms.runs_a_period:
                raise SharingError(f"{terms.runs_a_period} run(s) in {terms.period_days} day(s) were agreed, and made")
            if before.elements + elements > terms.max_elements:
                raise SharingError(f"{terms.max_elements:,} elements in {terms.period_days} day(s) were agreed")
            self._set(
                connection,
                runs=before.runs + 1,
                elements=before.elements + elements,
                asked=digest,
                found=NOTHING_YET,
                consent=False,
            )

    def note_found(self, found: int) -> None:
        """Note how much was found in the last run. Raises SharingError if there was none."""
        with self._database.write() as connection:
            if not self._get(connection).runs:
                raise SharingError("nothing was compared in this period yet")
            self._set(connection, found=found)

    def consent(self) -> None:
        """Let contents be shown in this period. Raises SharingError below the agreed minimum."""
        with self._database.write() as connection:
            found = self._get(connection).found
            if found < self._agreement.min_found:
                known = "nothing is known to be in common" if found == NOTHING_YET else f"{found} are in common"
                raise SharingError(f"{known}; contents are shown from {self._agreement.min_found} on, as agreed")
            self._set(connection, consent=True)

    def check_contents(self, digest: str | None = None) -> None:
        """Refuse to show contents without our consent, or of another set than was counted. Raises SharingError."""
        standing = self.standing()
        if not standing.consent or standing.found < self._agreement.min_found:
            raise SharingError("no consent here to show contents; first count, then both sides consent")
        if digest is not None and digest != standing.asked:
            raise SharingError("contents are shown of the set that was counted, and of no other")

    @property
    def _mine(self) -> ColumnElement[bool]:
        return and_(
            overlaps.c.agreement == self._agreement.digest,
            overlaps.c.asker == self._asker,
            overlaps.c.period == self._period,
        )

    def _get(self, connection: Connection) -> Standing:
        columns = (overlaps.c.runs, overlaps.c.elements, overlaps.c.asked, overlaps.c.found, overlaps.c.consent)
        row = connection.execute(select(*columns).where(self._mine).with_for_update()).one_or_none()
        if row is not None:
            return Standing(*row)
        fresh = Standing(0, 0, "", NOTHING_YET, consent=False)
        names = {"agreement": self._agreement.digest, "asker": self._asker, "period": self._period}
        connection.execute(overlaps.insert().values({**names, **vars(fresh)}))
        return fresh

    def _set(self, connection: Connection, **values: object) -> None:
        connection.execute(update(overlaps).where(self._mine).values(values))
