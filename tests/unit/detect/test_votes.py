"""Accounts of one declared owner vote together."""

from __future__ import annotations

import numpy as np

from stillwatch.detect.votes import Owners

CELL = np.array([0, 0, 0, 1, 1, 1, 1])
ENTITY = np.array([7, 8, 7, 7, 9, 9, 7])


def test_votes_are_added_up_by_owner_and_the_others_keep_their_own() -> None:
    votes = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    owners = Owners.of(CELL, ENTITY, np.array([0, 2, 3, 4, 5, 6]))
    assert owners.sums(votes).tolist() == [5.0, 2.0, 5.0, 72.0, 48.0, 48.0, 72.0]


def test_where_all_stand_alone_the_votes_are_their_own() -> None:
    votes = np.array([1.0, 2.0, 4.0])
    nobody = np.empty(0, np.int64)
    assert Owners.of(CELL[:3], ENTITY[:3], nobody).sums(votes).tolist() == votes.tolist()
