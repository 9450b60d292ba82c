"""What others publish against extraction, written again from their descriptions, one file each.

Every peer is a module with ``NAME`` and ``accuse(traffic) -> Verdict``; those that learn what is usual also
take ``history``, innocent traffic of another seed. None of their code was copied; recipes were taken from the
papers and projects that each file names. ``benchmarks/peers/panel.py`` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The accounts a peer accuses and, where it forms groups, those groups."""

    accounts: frozenset[str]
    groups: tuple[frozenset[str], ...] = ()
