"""What keyed values stand for: told where it is new, and forgotten where there is too much of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.ingest.fingerprint import MAX_NAMES, Fingerprinter, Names


def test_only_names_of_values_that_are_not_known_are_told() -> None:
    names = Names(np.array([3, 7, 5]), pa.array(["c", "g", "e"], pa.large_string()))
    assert names.beyond({7: "g"}) == {3: "c", 5: "e"}
    assert names.beyond({3, 5, 7}) == {}


def test_names_of_a_crowded_kind_are_dropped_and_accounts_kept() -> None:
    prints = Fingerprinter(bytes(32))
    crowd = Names(np.arange(MAX_NAMES + 1), pa.array(["x"] * (MAX_NAMES + 1), pa.large_string()))
    for kind in ("model", "account"):
        prints._remember({kind: crowd})
        prints._remember({kind: Names(np.array([-1]), pa.array(["late"], pa.large_string()))})
    assert prints.names["model"] == {}
    assert len(prints.names["account"]) == MAX_NAMES + 2
