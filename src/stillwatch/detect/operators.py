"""Accounts that one operator holds, and that make no training data: listed apart, never as a campaign.

The first question is answered with yes and the second with no. To whoever serves the model that is resale, a relay for
another product's users, free quotas taken many times over, or one customer who did not declare itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.detect.find import Candidate
from stillwatch.detect.group import is_open
from stillwatch.records import Family

MIN_OPERATOR_BITS = 6.0
"""Odds of 64 to 1, what docs/report.md calls strong: nothing but the first answer puts a group on this list."""
HOLDING = (Family.NETWORK, Family.IDENTITY)
"""What says who uses an account. Wording and days are shared by classes, launches and the users of one tool."""
MIN_ACCOUNTS = 10
"""Fewer with one payer or address are a family or a small office far too often to be of interest."""
MAX_OPERATORS = 50
HIDDEN = (
    "One operator behind many names, whose use is not like extraction: resale, a relay for another product's users, "
    "one back end with many customers, free quotas taken many times over, or people behind one network. No campaign."
)
OPEN = "They share one payer or e-mail domain openly: most likely a company or school not declared as one. No campaign."


def find_operators(candidates: Sequence[Candidate], listed: Sequence[Candidate]) -> list[Candidate]:
    """Find the groups with a firm yes to the first question that are in no list of campaigns; the surest first.

    Each must be held by addresses or papers and by a second family, and be larger than a family is.
    """
    taken = {id(c) for c in listed}
    good = [
        c
        for c in candidates
        if id(c) not in taken
        and len(c.group.accounts) >= MIN_ACCOUNTS
        and c.coordination.bits >= MIN_OPERATOR_BITS
        and len(c.coordination.supporting) > 1
        and any(f in HOLDING for f in c.coordination.supporting)
    ]
    ranked = sorted(good, key=lambda c: (-c.coordination.bits, int(c.group.accounts[0])))
    return ranked[:MAX_OPERATORS]


def why_no_campaign(candidate: Candidate) -> list[str]:
    """Return what spoke most against the making of training data, at most three sentences; none may."""
    against = sorted((f for f in candidate.distillation.findings if f.bits < 0), key=lambda f: (f.bits, f.signal))
    return [f.says for f in against[:3]]


def explain(candidate: Candidate) -> str:
    """Say what such a group most likely is."""
    return OPEN if is_open(candidate.group) else HIDDEN
