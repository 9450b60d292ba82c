"""The endpoints: from a caller's request to an answer. Reads and writes through the store; knows no HTTP but statuses.

Whatever a caller has no right to is answered like what is not there: 404, with the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from stillwatch.sharing.taxii import filters as wanted
from stillwatch.sharing.taxii.answers import MEDIA_TYPE, STIX_MEDIA_TYPE, Answer, RefusedError, answer
from stillwatch.sharing.taxii.callers import Callers, Right
from stillwatch.sharing.taxii.collection_store import CollectionStore, Page
from stillwatch.sharing.taxii.filters import Filters, Pages, read_filters
from stillwatch.sharing.taxii.jobs import Jobs
from stillwatch.sharing.taxii.times import write_time

Query = list[tuple[str, str]]
NOT_FOUND = "no such thing here, or not for you"
MAX_CONTENT_BYTES = 20_000_000
"""Bytes of a body: 10,000 indicators are 8 MB."""
API_ROOT = "api"


@dataclass(frozen=True)
class Request:
    """Who asks (a caller's name), the names in the path, the query and the body."""

    caller: str
    names: tuple[str, ...] = ()
    query: Query | None = None
    body: bytes = b""
    base: str = ""
    """Scheme and host by which the server was asked."""


class Endpoints:
    """The endpoints over one database."""

    def __init__(self, store: CollectionStore, callers: Callers, jobs: Jobs, *, title: str, contact: str = "") -> None:
        self._store, self._callers, self._jobs = store, callers, jobs
        self._title, self._contact = title, contact
        self._pages = Pages(callers.secret)

    def discovery(self, request: Request) -> Answer:
        """Section 4.1."""
        self._filters(request, wanted.NONE, "")
        root = f"{request.base}/{API_ROOT}/"
        made = {"title": self._title, "default": root, "api_roots": [root]}
        return answer(made | ({"contact": self._contact} if self._contact else {}))

    def api_root(self, request: Request) -> Answer:
        """Section 4.2."""
        self._filters(request, wanted.NONE, "")
        return answer({"title": self._title, "versions": [MEDIA_TYPE], "max_content_length": MAX_CONTENT_BYTES})

    def status(self, request: Request) -> Answer:
        """Section 4.3; a job is shown to whoever sent it."""
        self._filters(request, wanted.NONE, "")
        found = self._jobs.status(request.names[0], request.caller)
        if found is None:
            raise RefusedError(404, NOT_FOUND)
        return answer(found)

    def collections(self, request: Request) -> Answer:
        """Section 5.1."""
        self._filters(request, wanted.NONE, "")
        found = [_collection(right) for right in self._callers.rights(request.caller).values()]
        return answer({"collections": found} if found else {})

    def collection(self, request: Request) -> Answer:
        """Section 5.2."""
        self._filters(request, wanted.NONE, "")
        return answer(_collection(self._right(request)))

    def manifest(self, request: Request) -> Answer:
        """Section 5.3."""
        collection = self._readable(request)
        page = self._store.page(collection, self._filters(request, wanted.OBJECTS, collection))
        rows = [
            {
                "id": row.object,
                "date_added": write_time(row.added),
                "version": row.version,
                "media_type": STIX_MEDIA_TYPE.replace("2.1", row.spec_version),
            }
            for row in page.rows
        ]
        return self._paged(collection, page, "objects", orjson.dumps(rows))

    def objects(self, request: Request) -> Answer:
        """Section 5.4."""
        collection = self._readable(request)
        page = self._store.page(collection, self._filters(request, wanted.OBJECTS, collection))
        return self._paged(collection, page, "objects", _bodies(page))

    def add_objects(self, request: Request) -> Answer:
        """Section 5.5."""
        right = self._right(request)
        if not right.can_write:
            raise RefusedError(403, "you may not write to this collection")
        self._filters(request, wanted.NONE, right.collection)
        job = self._jobs.submit(right.collection, request.caller, _envelope(request.body))
        return answer(self._jobs.status(job, request.caller), status=202)

    def object(self, request: Request) -> Answer:
        """Section 5.6."""
        collection = self._readable(request)
        page = self._store.page(collection, self._of_object(request, wanted.OBJECT, collection))
        return self._paged(collection, page, "objects", _bodies(page))

    def delete_object(self, request: Request) -> Answer:
        """Section 5.7. Needs both rights; without ``match[version]`` the latest version goes, as in section 3.4.1."""
        right = self._right(request)
        if not (right.can_read and right.can_write):
            raise RefusedError(403, "you may not delete from this collection")
        filters = self._of_object(request, wanted.DELETE, right.collection)
        if not self._store.delete(right.collection, filters):
            raise RefusedError(404, NOT_FOUND)
        return answer({})

    def versions(self, request: Request) -> Answer:
        """Section 5.8."""
        collection = self._readable(request)
        page = self._store.page(collection, self._of_object(request, wanted.VERSIONS, collection))
        return self._paged(collection, page, "versions", orjson.dumps([row.version for row in page.rows]))

    def _paged(self, collection: str, page: Page, name: str, listed: bytes) -> Answer:
        if not page.rows:
            return answer({})
        first, last = page.rows[0].added, page.rows[-1].added
        head: dict[str, Any] = {"more": page.more}
        if page.more:
            head["next"] = self._pages.write(collection, last)
        # The objects are bytes already; they are set into the envelope as they are.
        body = b'%s,"%s":%s}' % (orjson.dumps(head)[:-1], name.encode(), listed)
        dates = {"X-TAXII-Date-Added-First": write_time(first), "X-TAXII-Date-Added-Last": write_time(last)}
        return Answer(200, body, dates)

    def _right(self, request: Request) -> Right:
        right = self._callers.rights(request.caller).get(request.names[0])
        if right is None:
            raise RefusedError(404, NOT_FOUND)
        return right

    def _readable(self, request: Request) -> str:
        right = self._right(request)
        if not right.can_read:
            raise RefusedError(403, "you may not read this collection")
        return right.collection

    def _of_object(self, request: Request, known: frozenset[str], collection: str) -> Filters:
        filters = replace(self._filters(request, known, collection), ids=(request.names[1],))
        if not self._store.has(collection, request.names[1]):
            raise RefusedError(404, NOT_FOUND)
        return filters

    def _filters(self, request: Request, known: frozenset[str], collection: str) -> Filters:
        return read_filters(request.query or [], known=known, pages=self._pages, collection=collection)


Handler = Callable[[Endpoints, Request], Answer]
ROUTES: Mapping[tuple[str, ...], Mapping[str, Handler]] = {
    ("taxii2",): {"GET": Endpoints.discovery},
    (API_ROOT,): {"GET": Endpoints.api_root},
    (API_ROOT, "status", "*"): {"GET": Endpoints.status},
    (API_ROOT, "collections"): {"GET": Endpoints.collections},
    (API_ROOT, "collections", "*"): {"GET": Endpoints.collection},
    (API_ROOT, "collections", "*", "manifest"): {"GET": Endpoints.manifest},
    (API_ROOT, "collections", "*", "objects"): {"GET": Endpoints.objects, "POST": Endpoints.add_objects},
    (API_ROOT, "collections", "*", "objects", "*"): {"GET": Endpoints.object, "DELETE": Endpoints.delete_object},
    (API_ROOT, "collections", "*", "objects", "*", "versions"): {"GET": Endpoints.versions},
}
"""``*`` is one name."""


def find_handler(method: str, path: tuple[str, ...]) -> tuple[Handler, tuple[str, ...]]:
    """Return the handler and the names in the path. Raises RefusedError: 404, 405."""
    for pattern, methods in ROUTES.items():
        if len(pattern) == len(path) and all(p in {"*", given} for p, given in zip(pattern, path, strict=True)):
            asked = "GET" if method == "HEAD" else method
            if asked not in methods:
                allowed = ", ".join([*methods, "HEAD"])
                raise RefusedError(405, f"use one of: {allowed}", Allow=allowed)
            return methods[asked], tuple(g for p, g in zip(pattern, path, strict=True) if p == "*")
    raise RefusedError(404, NOT_FOUND)


def _collection(right: Right) -> dict[str, Any]:
    made = {"id": right.collection, "title": right.title, "can_read": right.can_read, "can_write": right.can_write}
    described = {"description": right.description} if right.description else {}
    return made | described | {"media_types": [STIX_MEDIA_TYPE]}


def _bodies(page: Page) -> bytes:
    return b"[" + b",".join(row.body for row in page.rows) + b"]"


def _envelope(body: bytes) -> list[Any]:
    """Read the objects of an envelope (section 3.7). Raises RefusedError, 422, for what is none."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError(422, "the body is not JSON in UTF-8") from None
    objects = given.get("objects") if isinstance(given, dict) else None
    if not isinstance(objects, list) or not objects:
        raise RefusedError(422, 'the body is not an envelope: {"objects": [...]} with one object at least')
    return objects
