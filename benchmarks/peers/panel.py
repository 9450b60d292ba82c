"""The peers in the order of the tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.peers import (
    Verdict,
    aegisgate,
    evilcohort,
    fraudar,
    glasswally,
    mahalanobis,
    mmd,
    mmd_by_tenant,
    prada,
    rate_threshold,
    seat,
    synchrotrap,
)
from benchmarks.peers.history import History
from benchmarks.traffic import Traffic

Peer = Callable[[Traffic], Verdict]

_BY_RULE = (rate_threshold, aegisgate, glasswally, evilcohort, synchrotrap)
_LEARNING = (prada, seat, mahalanobis, mmd, mmd_by_tenant, fraudar)


def peers(history: History) -> dict[str, Peer]:
    """Every peer by its name, ready to be given traffic."""
    by_rule: dict[str, Peer] = {module.NAME: module.accuse for module in _BY_RULE}
    learning: dict[str, Peer] = {module.NAME: partial(module.accuse, history=history) for module in _LEARNING}
    return by_rule | learning
