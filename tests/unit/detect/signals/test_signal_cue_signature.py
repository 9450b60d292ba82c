from __future__ import annotations

from hand_made_calls import See, call

from stillwatch.records import Cue

SIGNATURE = int(Cue.REASONING | Cue.TAG_CONTAINER)


def test_sees_one_set_of_cues_behind_different_wordings(see: See) -> None:
    rows = [call(1, cues=SIGNATURE, skeleton=5), call(2, cues=SIGNATURE, skeleton=6)]
    assert see("cue_signature", rows) == [(1, SIGNATURE, 1), (2, SIGNATURE, 1)]


def test_sees_nothing_in_prompts_without_cues(see: See) -> None:
    assert see("cue_signature", [call(1, cues=0)]) == []
