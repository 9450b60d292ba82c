from __future__ import annotations

from hand_made_calls import See, call


def test_sees_each_blob_that_an_account_shows(see: See) -> None:
    rows = [call(1, artefact=70), call(1, artefact=70), call(1, artefact=71), call(2, artefact=70)]
    assert see("artefact", rows) == [(1, 70, 2), (1, 71, 1), (2, 70, 1)]


def test_sees_nothing_where_the_blob_is_unknown(see: See) -> None:
    assert see("artefact", [call(1, artefact=None), call(2, artefact=70)]) == [(2, 70, 1)]
