"""How a sub-stream's items are spread over its accounts: dealt from a queue, common property, or each one's own."""

from __future__ import annotations

from stillwatch.detect.answers import Finding
from stillwatch.detect.summary import Summary
from stillwatch.records import Family

MIN_ITEM_CALLS = 20
"""Calls with an item below which nothing is said about how items are spread."""
PUBLIC_STEPS = ((0.5, -8.0, -6.0), (0.2, -4.0, -4.0), (0.08, -1.5, -1.5))
"""Share of the (account, item) pairs whose item another account had too, and what it takes from each question, in bits.

A queue deals each item to one account; a public set, an assignment or a shared test gives everybody the same ones.
"""


def overlap(summary: Summary) -> float:
    """Return the share of (account, item) pairs beyond the first account of each item."""
    return 1.0 - summary.items / summary.item_holdings if summary.item_holdings else 0.0


def public_items(summary: Summary, question: int) -> list[Finding]:
    """Judge how far the items are common property; ``question`` 0 is one operator, 1 distillation."""
    common = overlap(summary)
    for least, *bits in PUBLIC_STEPS:
        if common >= least:
            says = (
                f"{common:.0%} of what accounts send, another account sends too: a public set, an assignment, a test."
            )
            return [Finding("public_items", Family.CONTENT, bits[question], says)]
    return []
