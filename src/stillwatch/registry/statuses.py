"""The statuses of an entry and the one table of what may follow what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from stillwatch.errors import RegistryError


class Status(StrEnum):
    """Where an entry stands. A draft and a notified entry are not public; a withdrawn or expired one is a tombstone."""

    DRAFT = "draft"
    NOTIFIED = "notified"
    ALLEGED = "alleged"
    CORROBORATED = "corroborated"
    OFFICIALLY_LISTED = "officially_listed"
    CONTESTED = "contested"
    UNDER_REVIEW = "under_review"
    UPHELD = "upheld"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Step(StrEnum):
    """What can be done to an entry; each is one kind of change (``changes``)."""

    DRAFT = "draft"
    AMEND = "amend"
    EVIDENCE = "evidence"
    NOTICE = "notice"
    ANSWER = "answer"
    PUBLISH = "publish"
    RENEW = "renew"
    CORROBORATE = "corroborate"
    LIST = "list"
    APPEAL = "appeal"
    REVIEW = "review"
    DECIDE = "decide"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    ERASE = "erase"


_S = Status
MEANS: Mapping[Status, str] = MappingProxyType(
    {
        _S.DRAFT: "being written; not public",
        _S.NOTIFIED: "the named party was told and may answer; not public",
        _S.ALLEGED: "evidence of one provider, published after notice",
        _S.CORROBORATED: "evidence of at least two providers that are independent of each other",
        _S.OFFICIALLY_LISTED: "a public authority listed the party; its words and source are given",
        _S.CONTESTED: "the named party disputes the entry; nobody has reviewed that yet",
        _S.UNDER_REVIEW: "a reviewer who did not write the entry is looking at it again",
        _S.UPHELD: "reviewed and left standing, with reasons",
        _S.CORRECTED: "reviewed and corrected, with reasons",
        _S.WITHDRAWN: "withdrawn, with reasons: do not rely on it",
        _S.EXPIRED: "no new evidence came within its time: do not rely on it",
    }
)
STANDING = frozenset(
    {_S.ALLEGED, _S.CORROBORATED, _S.OFFICIALLY_LISTED, _S.CONTESTED, _S.UNDER_REVIEW, _S.UPHELD, _S.CORRECTED}
)
"""Published, and still claiming something."""
TOMBSTONES = frozenset({_S.WITHDRAWN, _S.EXPIRED})
_SETTLED = STANDING - {_S.UNDER_REVIEW}
_UNDISPUTED = _SETTLED - {_S.CONTESTED}


def _stays(*statuses: Status) -> dict[Status | None, frozenset[Status]]:
    return {status: frozenset({status}) for status in statuses}


def _to(status: Status, *before: Status | None) -> dict[Status | None, frozenset[Status]]:
    return {b: frozenset({status}) for b in before}


NEXT: Mapping[Step, Mapping[Status | None, frozenset[Status]]] = MappingProxyType(
    {
        Step.DRAFT: _to(_S.DRAFT, None),
        # What is changed or added after a notice was never shown to the party: the entry needs another notice.
        Step.AMEND: _to(_S.DRAFT, _S.DRAFT, _S.NOTIFIED),
        Step.EVIDENCE: _to(_S.DRAFT, _S.DRAFT, _S.NOTIFIED) | _stays(*STANDING),
        Step.NOTICE: _to(_S.NOTIFIED, _S.DRAFT, _S.NOTIFIED) | _stays(*STANDING),
        Step.ANSWER: _stays(_S.NOTIFIED, _S.CONTESTED, _S.UNDER_REVIEW)
        | {status: frozenset({status, _S.CONTESTED}) for status in _UNDISPUTED},
        Step.PUBLISH: {_S.NOTIFIED: frozenset({_S.ALLEGED, _S.CONTESTED})},
        Step.RENEW: _stays(*_SETTLED),
        Step.CORROBORATE: _to(_S.CORROBORATED, _S.ALLEGED, _S.UPHELD, _S.CORRECTED),
        Step.LIST: _to(_S.OFFICIALLY_LISTED, *(_SETTLED - {_S.OFFICIALLY_LISTED})),
        Step.APPEAL: _to(_S.UNDER_REVIEW, *_SETTLED),
        Step.REVIEW: _to(_S.UNDER_REVIEW, *_SETTLED),
        Step.DECIDE: {_S.UNDER_REVIEW: frozenset({_S.UPHELD, _S.CORRECTED, _S.WITHDRAWN})},
        Step.WITHDRAW: _to(_S.WITHDRAWN, _S.DRAFT, _S.NOTIFIED, *STANDING),
        Step.EXPIRE: _to(_S.EXPIRED, *STANDING),
        Step.ERASE: _stays(*TOMBSTONES),
    }
)
"""For each step, from which status it may be taken and what may come of it. What is not here is forbidden."""


def check_transition(step: Step, before: Status | None, after: Status) -> Status:
    """Return ``after`` if this step may lead there from ``before``. Raises RegistryError if not."""
    if after not in NEXT[step].get(before, frozenset()):
        raise forbidden(step, before)
    return after


def check_step(step: Step, before: Status | None) -> None:
    """Raise RegistryError unless this step may be taken from that status, saying from which it may."""
    if before not in NEXT[step]:
        raise forbidden(step, before)


def forbidden(step: Step, before: Status | None) -> RegistryError:
    """Return the error that says what may be done instead."""
    if before is None:
        return RegistryError(f"{step}: there is no such entry yet; begin with: stillwatch register draft")
    steps = ", ".join(s for s in Step if before in NEXT[s]) or "nothing"
    return RegistryError(f"{step}: not for an entry that is {before}; what can be done with it: {steps}")
