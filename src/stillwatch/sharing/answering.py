"""What we say of others' indicators: opinions and sightings, also that something was looked for and not seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from stillwatch.errors import SettingsError, SharingError
from stillwatch.evidence.book import Book
from stillwatch.sharing import stix_objects as stix
from stillwatch.sharing.markings import tlp_marking
from stillwatch.sharing.nouns import Sender, Tlp
from stillwatch.sharing.recording import append_share
from stillwatch.sharing.taxii.checks import Refused, check_object
from stillwatch.sharing.taxii.http import Http

Json = dict[str, Any]
OPINIONS = ("strongly-disagree", "disagree", "neutral", "agree", "strongly-agree")
"""STIX 2.1, opinion-enum."""
MAX_WORDS = 2_000
AT_ONCE = 2_000
"""Objects of one POST: 2 MB, which every server of note takes."""


def make_opinion(about: str, *, sender: Sender, says: str, because: str, now: datetime) -> list[Json]:
    """Return an opinion about an object (its id), with who holds it. Raises SettingsError."""
    if says not in OPINIONS:
        raise SettingsError(f"--says {says}: one of {', '.join(OPINIONS)}")
    if not because.strip() or len(because) > MAX_WORDS:
        raise SettingsError(f"--because: say why in 1 to {MAX_WORDS} characters, without anybody's name")
    _check_id(about)
    holder = stix.identity(sender)
    return [
        holder,
        _marked(stix.opinion([about], held_by=holder["id"], opinion=says, explanation=because, now=stix.stamp(now))),
    ]


def make_sighting(
    about: str, *, sender: Sender, count: int, first: datetime, last: datetime, now: datetime
) -> list[Json]:
    """Return a sighting of an object (its id) by us; 0 accounts: looked for and not seen. Raises SettingsError."""
    if count < 0 or first > last:
        raise SettingsError("--count is 0 or more, and --since is before now")
    _check_id(about)
    holder = stix.identity(sender)
    made = stix.sighting(
        about, seen_by=holder["id"], count=count, first=first, last=last, now=stix.stamp(now), about="feedback"
    )
    return [holder, _marked(made)]


def push(http: Http, collection: str, objects: list[Json], *, book: Book, recipient: str, purpose: str) -> Json:
    """Log objects and send them to a partner's collection (its address); return the counts of its status.

    Raises SharingError if the partner refuses; it was logged all the same that we tried.
    """
    for one in objects:
        checked = check_object(one)
        if isinstance(checked, Refused):
            raise SharingError(f"{checked.object or 'an object'}: not STIX: {checked.problem}")
    # 1. Log it.   A crash here leaves a record of what was not sent, never the reverse.
    append_share(book, recipient=recipient, purpose=purpose, objects=[o["id"] for o in objects])
    # 2. Send it.  Repeated, the partner has each version once.
    done = {"total_count": 0, "success_count": 0, "failure_count": 0, "pending_count": 0}
    address = f"{collection}objects/"
    for at in range(0, len(objects), AT_ONCE):
        got = http.post(address, orjson.dumps({"objects": objects[at : at + AT_ONCE]}))
        if got.status not in {200, 202} or not isinstance(got.json, dict):
            raise SharingError(f"{address}: answered {got.status}: {got.says}")
        for name in done:
            count = got.json.get(name, 0)
            done[name] += count if isinstance(count, int) else 0
    return done


def _marked(made: Json) -> Json:
    return made | {"object_marking_refs": [tlp_marking(Tlp.AMBER)["id"]]}


def _check_id(about: str) -> None:
    probe = {"type": about.partition("--")[0], "id": about}
    if isinstance(check_object(probe), Refused):
        raise SettingsError(f"{about!r}: not the id of an object; see: stillwatch share received --json")
