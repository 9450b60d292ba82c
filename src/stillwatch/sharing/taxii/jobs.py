"""Objects that were sent, taken in as jobs: kept before they are acknowledged, done in parts, also after a crash."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import and_, delete, select, update

from stillwatch.errors import StoreError
from stillwatch.sharing.tables import jobs, outcomes
from stillwatch.sharing.taxii.checks import Checked, Refused, check_object
from stillwatch.sharing.taxii.collection_store import MICROSECONDS, CollectionStore
from stillwatch.sharing.taxii.times import write_time

log = logging.getLogger(__name__)

Json = dict[str, Any]
PART = 500
"""Objects of one transaction: a reader waits for none, and another writer for tenths of a second."""
KEEP_SECONDS = 48 * 3600
"""The specification asks for 24 hours at least (section 4.3.1)."""
RETRY_SECONDS = 5.0


class Jobs:
    """Takes objects in. One thread of a process works on them, in the order in which they came."""

    def __init__(
        self,
        store: CollectionStore,
        *,
        clock: Callable[[], float],
        identity_of: Callable[[str], str] = lambda _caller: "",
    ) -> None:
        self._store, self._clock, self._identity_of = store, clock, identity_of
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="taxii-jobs", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process left, and go on until ``stop``."""
        self._wake.set()
        self._thread.start()

    def stop(self) -> None:
        """Finish the part under way, and stop; what is left goes on at the next start."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, collection: str, caller: str, given: Sequence[Any]) -> str:
        """Keep objects durably and return the id of their job, which is then worked on."""
        # 1. Keep the job.    A crash before this: nobody was told, the caller sends again.
        # 2. Acknowledge it.  From here on every object will be taken in or refused by name.
        name = str(uuid4())
        row = {
            "id": name,
            "collection": collection,
            "caller": caller,
            "requested": int(self._clock() * MICROSECONDS),
            "total": len(given),
            "done": 0,
            "envelope": orjson.dumps(given),
        }
        with self._store.database.write() as connection:
            connection.execute(jobs.insert().values(row))
        if len(given) <= PART:
            # A small job is done before the answer, for clients that never ask again.
            self._finish(name)
        self._wake.set()
        return name

    def status(self, name: str, caller: str) -> Json | None:
        """Return the status resource of a caller's own job (section 4.3); None if there is none."""
        with self._store.database.read() as connection:
            mine = and_(jobs.c.id == name, jobs.c.caller == caller)
            job = connection.execute(select(jobs).where(mine)).one_or_none()
            if job is None:
                return None
            rows = connection.execute(
                select(outcomes.c.object, outcomes.c.version, outcomes.c.problem)
                .where(and_(outcomes.c.job == name, outcomes.c.number < job.done))
                .order_by(outcomes.c.number)
            ).all()
        good = [_detail(o, v) for o, v, problem in rows if not problem]
        bad = [_detail(o, v) | {"message": problem} for o, v, problem in rows if problem]
        waiting = [_named(o) for o in orjson.loads(job.envelope)[job.done :]] if job.done < job.total else []
        made: Json = {
            "id": name,
            "status": "complete" if job.done == job.total else "pending",
            "request_timestamp": write_time(job.requested),
            "total_count": job.total,
            "success_count": len(good),
            "failure_count": len(bad),
            "pending_count": job.total - job.done,
        }
        return made | {k: v for k, v in (("successes", good), ("failures", bad), ("pendings", waiting)) if v}

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                for name in self._open_jobs():
                    self._finish(name)
                self._forget()
            except StoreError as problem:
                log.warning("taking objects in: %s; trying again in %g s", problem, RETRY_SECONDS)
                self._stopped.wait(RETRY_SECONDS)
                self._wake.set()

    def _open_jobs(self) -> list[str]:
        with self._store.database.read() as connection:
            waiting = select(jobs.c.id).where(jobs.c.done < jobs.c.total).order_by(jobs.c.requested)
            return list(connection.execute(waiting).scalars())

    def _finish(self, name: str) -> None:
        with self._store.database.read() as connection:
            job = connection.execute(select(jobs).where(jobs.c.id == name)).one_or_none()
        if job is None:
            return
        given: list[Any] = orjson.loads(job.envelope)
        done, identity = job.done, self._identity_of(job.caller)
        while done < job.total and not self._stopped.is_set():
            part = [_as_sender(check_object(o), identity) for o in given[done : done + PART]]
            if not self._take(name, job.collection, done, part):
                return  # another process or thread is at it
            done += len(part)

    def _take(self, name: str, collection: str, done: int, part: Sequence[Checked | Refused]) -> bool:
        """Take a part in, with its outcomes, or nothing of it."""
        with self._store.database.write() as connection:
            mine = and_(jobs.c.id == name, jobs.c.done == done)
            if not connection.execute(update(jobs).where(mine).values(done=done + len(part))).rowcount:
                return False
            self._store.add(connection, collection, [o for o in part if isinstance(o, Checked)])
            rows = [
                {
                    "job": name,
                    "number": done + number,
                    "object": one.object,
                    "version": one.version,
                    "problem": one.problem if isinstance(one, Refused) else "",
                }
                for number, one in enumerate(part)
            ]
            if rows:
                connection.execute(outcomes.insert(), rows)
        return True

    def _forget(self) -> None:
        before = int((self._clock() - KEEP_SECONDS) * MICROSECONDS)
        with self._store.database.write() as connection:
            old = select(jobs.c.id).where(and_(jobs.c.requested < before, jobs.c.done == jobs.c.total))
            connection.execute(delete(outcomes).where(outcomes.c.job.in_(old)))
            connection.execute(delete(jobs).where(and_(jobs.c.requested < before, jobs.c.done == jobs.c.total)))


def _as_sender(one: Checked | Refused, identity: str) -> Checked | Refused:
    """Refuse what is said in somebody else's name; empty ``identity``: anybody's may be used."""
    if isinstance(one, Refused) or not identity or one.sender in {"", identity}:
        return one
    # Identities, techniques and definitions that travel along are not the sender's word.
    if one.type in {"identity", "extension-definition", "marking-definition", "attack-pattern"}:
        return one
    return Refused(one.object, one.version, "created_by_ref is not you: nobody speaks in another's name here")


def _detail(name: str, version: str) -> Json:
    return {"id": name} | ({"version": version} if version else {})


def _named(given: Any) -> Json:
    if not isinstance(given, dict):
        return {"id": ""}
    version = given.get("modified", given.get("created", ""))
    return _detail(str(given.get("id", ""))[:120], version if isinstance(version, str) else "")
