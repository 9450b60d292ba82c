"""Fetches others' collections: only what is new, going on where it stopped, and whatever servers get wrong.

Known faults of servers in the field, and what becomes of them here (docs/sharing.md): date headers that are missing,
"undefined" or without digits; ``more`` without ``next``; ``next`` that goes in circles; ``added_after`` that includes;
equal ``date_added`` over a page's end; filters that are refused; empty pages with ``more``; objects that are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from stillwatch.errors import SharingError
from stillwatch.sharing.received import ReceivedTable
from stillwatch.sharing.taxii.http import Got, Http, join, with_query
from stillwatch.sharing.taxii.times import read_time, write_time

PAGE = 1_000
MAX_PAGES = 100_000
"""Pages of one pull; a hundred million objects."""
Json = dict[str, Any]


@dataclass
class Pulled:
    """What one pull brought. ``warnings`` are what the server got wrong."""

    source: str
    new: int = 0
    refused: int = 0
    pages: int = 0
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Note a fault, once."""
        if text not in self.warnings:
            self.warnings.append(text)


def find_collections(http: Http, url: str, wanted: str = "", *, right: str = "can_read") -> list[str]:
    """Return the addresses of the collections that an address leads to, or of the one that is wanted.

    ``url`` is a discovery, API root or collection address; ``wanted`` an id, alias or title. Those on which we have not
    the ``right`` are passed over. Raises SharingError.
    """
    if "/collections/" in urlsplit(url).path:
        return [url.partition("/objects")[0].rstrip("/") + "/"]
    found = _good(http.get(url), url)
    roots = found.get("api_roots")
    bases = [join(url, str(r)) for r in roots] if isinstance(roots, list) else [url]
    collections = [c for base in bases for c in _collections(http, base.rstrip("/") + "/", right)]
    mine = [address for address, names in collections if not wanted or wanted in names]
    if not mine:
        known = ", ".join(sorted(str(names[-1]) for _, names in collections)) or "none"
        raise SharingError(f"{url}: no collection {wanted!r} with {right}; there are: {known}")
    return mine


def _collections(http: Http, base: str, right: str) -> Iterator[tuple[str, list[str]]]:
    address = f"{base}collections/"
    listed = _good(http.get(address), address).get("collections")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(one.get("id"), str) and one.get(right) is not False:
            names = [str(one[name]) for name in ("id", "alias", "title") if isinstance(one.get(name), str)]
            yield f"{address}{one['id']}/", names


def pull(
    http: Http, collection: str, table: ReceivedTable, *, clock: Callable[[], float], again: bool = False
) -> Pulled:
    """Fetch what is new in a collection into the table, page by page; each page is kept with how far it goes.

    ``again`` fetches everything: for a server that was set back, whose ``date_added`` begins anew. Raises SharingError
    if the server does not answer or refuses; what was fetched before stays, and the next pull goes on there.
    """
    done = Pulled(collection)
    cursor = "" if again else table.cursor(collection)
    query = {"limit": str(PAGE), "match[version]": "all"} | ({"added_after": cursor} if cursor else {})
    seen: set[str] = set()
    while done.pages < MAX_PAGES:
        found, headers = _page(http, f"{collection}objects/", query, done)
        objects = found.get("objects", [])
        if not isinstance(objects, list):
            done.warn("objects is no list")
            objects = []
        last = _last_added(headers, done) if objects else ""
        cursor = max(cursor, last, key=lambda text: read_time(text) or 0)
        new, refused = table.take(collection, objects, cursor=cursor, now=clock())
        done.new, done.refused, done.pages = done.new + new, done.refused + refused, done.pages + 1
        if not _go_on(found, query, seen, last=last, objects=len(objects), done=done):
            break
    return done


def _page(http: Http, address: str, query: Json, done: Pulled) -> tuple[Json, Got]:
    got = http.get(with_query(address, query))
    if got.status in {400, 404} and "match[version]" in query and not done.pages:
        # Some servers know no filter of versions: then the latest of each is all that there is to have.
        without = {name: value for name, value in query.items() if name != "match[version]"}
        again = http.get(with_query(address, without))
        if again.status == 200:
            del query["match[version]"]
            done.warn("it refuses match[version]=all")
            got = again
    return _good(got, address), got


def _go_on(found: Json, query: Json, seen: set[str], *, last: str, objects: int, done: Pulled) -> bool:
    """Set the query for the next page, and tell whether there is one."""
    if found.get("more") is not True:
        return False
    token = found.get("next")
    if not objects:
        done.warn("more is true of an empty page")
        return False
    if isinstance(token, str | int) and str(token):
        query["next"] = str(token)
    else:
        # Without next we ask for what came later; an exclusive added_after would lose equals, so it goes one back.
        done.warn("more is true and next is missing")
        at = read_time(last)
        if at is None:
            return False
        query["added_after"] = write_time(at - 1)
        query.pop("next", None)
    step = f"{query.get('next')} {query.get('added_after')}"
    if step in seen:
        done.warn("its pages go in circles")
        return False
    seen.add(step)
    return True


def _last_added(got: Got, done: Pulled) -> str:
    """Return ``date_added`` of the page's last object; empty where the server says none to go on from."""
    said = (got.headers.get("X-TAXII-Date-Added-Last") or "").strip()
    if read_time(said) is None:
        done.warn("X-TAXII-Date-Added-Last is missing or no time: the next pull begins where this one did")
        return ""
    return said


def _good(got: Got, address: str) -> Json:
    if got.status != 200:
        raise SharingError(f"{address}: answered {got.status}: {got.says}")
    if not isinstance(got.json, dict):
        raise SharingError(f"{address}: answered with something that is no JSON object; is it a TAXII 2.1 server?")
    return got.json
