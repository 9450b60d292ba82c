"""Random walks through a register's steps: whatever is tried, what is public was proved, announced and answered."""

from __future__ import annotations

import contextlib
import json
from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registers import AMEND, AUTHOR, CHANGES, CLAIMS, OFFICIAL, OTHER, REVIEWER, Story, evidence
from stillwatch.errors import RegistryError
from stillwatch.evidence.verify import Refused
from stillwatch.registry.changes import (
    AddEvidence,
    Change,
    Decide,
    Erase,
    GiveNotice,
    Publish,
    Renew,
    Signed,
    TakeAnswer,
)
from stillwatch.registry.nouns import Stance
from stillwatch.registry.rules import DAY, MAX_TOTAL_DAYS, MIN_NOTICE_DAYS
from stillwatch.registry.statuses import STANDING, Status, Step
from stillwatch.registry.verify_register import Replay

PEOPLE = (AUTHOR, REVIEWER, OTHER)
MOVES = st.tuples(
    st.sampled_from([*Step, "evidence 2", "official", "comments", "withdrawn", "corrected"]),
    st.sampled_from(PEOPLE),
    st.sampled_from([0, 0, 1, 31, 120]),
)


def change_for(move: Step | str, at: int) -> Change:
    """Return a change of that kind that has a chance at that time."""
    if isinstance(move, Step):
        timed = {
            Step.NOTICE: GiveNotice("letter", at + MIN_NOTICE_DAYS * DAY),
            Step.PUBLISH: Publish("Sound.", at + 365 * DAY),
            Step.RENEW: Renew("Again.", at + 365 * DAY),
        }
        return timed.get(move, CHANGES[move])
    return {
        "evidence 2": AddEvidence(evidence(2)),
        "official": AddEvidence(OFFICIAL),
        "comments": TakeAnswer("counsel", Stance.COMMENTS, "Words."),
        "withdrawn": Decide(Status.WITHDRAWN, "No."),
        "corrected": Decide(Status.CORRECTED, "Less.", replace(AMEND, claims=CLAIMS[:1])),
    }[move]


@given(st.lists(MOVES, min_size=20, max_size=80))
def test_whatever_is_tried_what_is_public_was_proved_announced_and_answered(
    moves: list[tuple[Step | str, str, int]],
) -> None:
    story = Story()
    for move, by, days in moves:
        story.at += days * DAY
        with contextlib.suppress(RegistryError):
            story.do(change_for(move, story.at), by=by)
        entry = story.entry
        if entry is None or not entry.is_public:
            assert entry is None or entry.status not in STANDING
            continue
        assert entry.published_at is not None
        assert entry.expires_at is not None
        told = [n for n in entry.notices if n.sent_at <= entry.published_at]
        assert entry.evidence
        assert told
        heard = any(told[-1].sent_at <= a.received_at <= entry.published_at for a in entry.answers)
        assert heard or entry.published_at >= told[-1].deadline
        assert entry.decisions[0].outcome == "published"
        assert entry.expires_at <= entry.published_at + MAX_TOTAL_DAYS * DAY
        assert entry.ended_because or entry.status in STANDING


@given(st.lists(MOVES, min_size=20, max_size=80))
def test_the_stranger_s_verifier_and_the_register_agree_on_every_step(moves: list[tuple[Step | str, str, int]]) -> None:
    story, replay = Story(), Replay("R-1")
    for move, by, days in moves:
        story.at += days * DAY
        change, known = change_for(move, story.at), deepcopy(replay)
        if isinstance(change, Erase):
            change = replace(change, was_public=bool(story.entry and story.entry.is_public))
        try:
            story.do(change, by=by)
        except RegistryError:
            replay = known
            continue
        # What the register takes, the verifier takes; what it refuses beyond that are forms of single fields.
        replay.take(json.loads(Signed(story.at, by, change).text()))
        assert story.entry is not None
        assert replay.status == story.entry.status.value


RULES = frozenset({Step.PUBLISH, Step.RENEW, Step.CORROBORATE, Step.LIST, Step.NOTICE, Step.DECIDE, Step.EXPIRE})


@given(st.lists(MOVES, min_size=20, max_size=80))
def test_what_the_register_refuses_by_its_rules_the_verifier_refuses_too(
    moves: list[tuple[Step | str, str, int]],
) -> None:
    story, replay = Story(), Replay("R-1")
    for move, by, days in moves:
        story.at += days * DAY
        change = change_for(move, story.at)
        said = json.loads(Signed(story.at, by, change).text())
        try:
            story.do(change, by=by)
        except RegistryError:
            if change.step in RULES:
                with pytest.raises((Refused, KeyError)):
                    deepcopy(replay).take(said)
            continue
        replay.take(said)
