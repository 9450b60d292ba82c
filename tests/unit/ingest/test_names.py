"""What keyed values stand for: told where it is new, and forgotten where there is too much of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.ingest.fingerprint import MAX_NAMES, Fingerprinter
from stillwatch.ingest.names import FIRST_ROOM, Names, Seen


def test_only_names_of_values_that_are_not_known_are_told() -> None:
    names = Names(np.array([3, 7, 5]), pa.array(["c", "g", "e"], pa.large_string()))
    seen = Seen()
    assert Names(np.array([7]), pa.array(["g"])).beyond(seen) == {7: "g"}
    assert names.beyond(seen) == {3: "c", 5: "e"}
    assert names.beyond(seen) == {}


def test_each_value_is_new_once_however_many_there_are() -> None:
    # Steps of a power of two meet in one place of the table, so that each has to look for another.
    values = np.concatenate([np.arange(1, FIRST_ROOM), np.arange(1, 100) * -FIRST_ROOM * 64])
    seen, known = Seen(), set()
    for part in np.array_split(np.random.default_rng(1).choice(values, 4 * len(values)), 37):
        fresh = [v for v in dict.fromkeys(part.tolist()) if v not in known]
        assert part[seen.add(part)].tolist() == fresh
        known |= set(fresh)
    assert len(known) > FIRST_ROOM // 2  # so the table grew


def test_zero_is_a_value_like_others_but_never_known() -> None:
    seen = Seen()
    assert seen.add(np.array([0, 1])).tolist() == [0, 1]
    assert seen.add(np.array([0, 1])).tolist() == [0]


def test_names_of_a_crowded_kind_are_dropped_and_accounts_kept() -> None:
    prints = Fingerprinter(bytes(32))
    crowd = Names(np.arange(MAX_NAMES + 1), pa.array(["x"] * (MAX_NAMES + 1), pa.large_string()))
    for kind in ("model", "account"):
        prints._remember({kind: crowd})
        prints._remember({kind: Names(np.array([-1]), pa.array(["late"], pa.large_string()))})
    assert prints.names["model"] == {}
    assert len(prints.names["account"]) == MAX_NAMES + 2
