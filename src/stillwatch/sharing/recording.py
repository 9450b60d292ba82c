"""Every share in the evidence log, before it leaves: the record for regulators, partners and oneself."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.errors import SettingsError
from stillwatch.evidence.book import Book
from stillwatch.evidence.events import Event

OBJECTS_AT_ONCE = 700
"""Ids of one entry: 80 bytes each at most stay below the 65,535 of an entry."""
MAX_WORDS = 500
"""Characters of recipient and purpose."""


def append_share(book: Book, *, recipient: str, purpose: str, objects: Sequence[str]) -> int:
    """Log that objects (ids) go to a recipient for a purpose; return how many entries that took.

    Raises SettingsError for a recipient or purpose that says nothing or too much.
    """
    for name, text in (("--to", recipient), ("--purpose", purpose)):
        if not text.strip() or len(text) > MAX_WORDS:
            raise SettingsError(f"{name}: write who or why in 1 to {MAX_WORDS} characters; it is logged for good")
    parts = [objects[at : at + OBJECTS_AT_ONCE] for at in range(0, len(objects), OBJECTS_AT_ONCE)] or [[]]
    events = [Event("share", {"recipient": recipient, "purpose": purpose, "objects": list(p)}) for p in parts]
    book.append_events(events)
    return len(events)
