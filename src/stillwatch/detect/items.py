"""How a sub-stream's items are spread over its accounts: dealt from a queue, common property, or each one's own."""

from __future__ import annotations

import numpy as np

from stillwatch.detect.answers import Finding
from stillwatch.detect.summary import Summary
from stillwatch.records import Family

MIN_ITEM_CALLS = 20
"""Calls with an item below which nothing is said about how items are spread."""
PUBLIC_STEPS = ((0.5, -8.0, -6.0), (0.2, -4.0, -4.0), (0.08, -1.5, -1.5))
"""Share of the (account, item) pairs whose item another account had too, and what it takes from each question, in bits.

A queue deals each item to one account; a public set, an assignment or a shared test gives everybody the same ones.
"""


SAMPLED_BITS = (3.0, 2.0)
"""What it gives each question that somebody deals out k samples of each prompt: as much as one queue, and as new items;
several answers to one prompt are what best-of-k and preference data are made of (facts: ranked signal 8)."""
MIN_SAMPLED_ITEMS = 50
"""Different items below which nothing is said about how evenly they are held,"""
MIN_SAMPLES = 1.5
"""and accounts an item has on average: one and a few repetitions are no plan."""
MAX_EVENNESS = 0.7
"""Items are held more evenly than strangers would hold them where the variance is below this share of chance's,"""
ERRORS = 3.0
"""and surely below chance's, by so many standard errors (one in 740)."""
MAX_COMMON = 0.5
"""Where two accounts have half of their items in common it is one sheet for all, and even for that reason."""
MIN_CARRIED = 10
"""Opaque blobs that went from account to account: fewer are a logo, a key or a test fixture that a program carries,"""
MIN_CARRIED_SHARE = 0.2
"""and as a habit they are in at least one call in five (OpenAI, October 2026: replayed reasoning)."""


def overlap(summary: Summary) -> float:
    """Return the share of (account, item) pairs beyond the first account of each item."""
    return 1.0 - summary.items / summary.item_holdings if summary.item_holdings else 0.0


def are_samples(summary: Summary) -> bool:
    """Whether each item was dealt out about equally often, to a few of the accounts: samples of one prompt.

    Strangers who draw from a public set, each for itself, leave some items to many and some to nobody. How many
    accounts have an item is then a sum of independent draws with the accounts' shares, and seen only where it is not
    zero. A plan of k answers to each prompt leaves less variance than that (Fisher's index of dispersion, 1950).
    """
    items, holdings = summary.items, summary.item_holdings
    if items < MIN_SAMPLED_ITEMS or holdings < MIN_SAMPLES * items or common_share(summary) >= MAX_COMMON:
        return False
    mean = holdings / items
    rate = _untruncated(mean)
    seen = 1.0 - np.exp(-rate)
    alone = rate - summary.holding_squares * (seen / items) ** 2
    chance = (alone + rate**2) / seen - mean**2
    if chance <= 0.0:
        return False
    ratio = (summary.item_squares / items - mean**2) / chance
    return bool(ratio <= MAX_EVENNESS and ratio + ERRORS * np.sqrt((2.0 + 1.0 / rate) / items) < 1.0)


def common_share(summary: Summary) -> float:
    """Return which share of one account's items another one has, on average over pairs; 1 where it is not known."""
    holdings, others = summary.item_holdings, len(summary.accounts) - 1
    if summary.item_squares < holdings or not holdings or not others:
        return 1.0
    return (summary.item_squares - holdings) / (holdings * others)


def carries_artefacts(summary: Summary) -> bool:
    """Whether opaque blobs went from account to account: one belongs to the session it was made in."""
    return summary.carried >= MIN_CARRIED and summary.carried_calls >= MIN_CARRIED_SHARE * summary.calls


def _untruncated(mean: float) -> float:
    """Return the mean of a Poisson variable whose mean, where it is not zero, is ``mean``: a fixed point.

    Of MIN_SAMPLES and more, for below that it comes near too slowly.
    """
    rate = mean
    for _ in range(60):
        rate = mean * (1.0 - np.exp(-rate))
    return float(rate)


def sampled_items(summary: Summary, question: int) -> list[Finding]:
    """Judge items that are samples of one prompt (``are_samples``); ``question`` as in ``public_items``."""
    says = (
        f"Each prompt went to {summary.item_holdings / summary.items:.1f} accounts, more evenly than strangers would "
        "share a public set: somebody deals out so many samples of each."
    )
    return [Finding("sampled_items", Family.CONTENT, SAMPLED_BITS[question], says)]


def public_items(summary: Summary, question: int) -> list[Finding]:
    """Judge how far the items are common property; ``question`` 0 is one operator, 1 distillation."""
    if are_samples(summary) or (carries_artefacts(summary) and common_share(summary) < MAX_COMMON):
        return []
    common = overlap(summary)
    for least, *bits in PUBLIC_STEPS:
        if common >= least:
            says = (
                f"{common:.0%} of what accounts send, another account sends too: a public set, an assignment, a test."
            )
            return [Finding("public_items", Family.CONTENT, bits[question], says)]
    return []
