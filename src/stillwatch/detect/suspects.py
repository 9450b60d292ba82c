"""Accounts that claim to be strangers and have one payer or one sign-up device: worth a look without any template.

Some campaigns send bare items: questions one by one, in no wording of their own. Nothing in the content holds them
together, so it is looked at who stands behind the accounts first, and at what they send then.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.detect.columns import integers
from stillwatch.detect.strands import MIN_ENTITIES, Ints
from stillwatch.detect.uses import Use
from stillwatch.store.engine import Engine

HELD_IN_COMMON = ("payment_fingerprint", "device_fingerprint")
"""Papers that strangers do not share by chance; addresses and sign-up hours they do."""


def find_suspects(accounts: pa.Table | None, account: Ints, entity: Ints) -> Ints:
    """Return the accounts of the log (ascending, with their entities) that share a paper with MIN_ENTITIES entities.

    ``accounts`` is the keyed accounts table (``find_candidates``); without one nobody is a suspect.
    """
    found = np.zeros(len(account), bool)
    if accounts is None or not len(account):
        return account[found]
    at = np.searchsorted(account, accounts["account"].to_numpy()).clip(0, len(account) - 1)
    known = account[at] == accounts["account"].to_numpy()
    for column in HELD_IN_COMMON:
        held = known & accounts[column].is_valid().to_numpy()
        value = integers(accounts[column].filter(pa.array(held)))
        found[at[held][_shared(value, entity[at[held]])]] = True
    return account[found]


def mark_bare(engine: Engine, marked: nw.LazyFrame[Any], suspects: Ints) -> nw.LazyFrame[Any]:
    """Give the use BARE to the suspects' first questions that have neither wording nor use (``strands.mark_calls``)."""
    if not len(suspects):
        return marked
    known = engine.lazy(pa.table({"account": suspects, "suspect": np.ones(len(suspects), np.int64)}))
    unmarked = nw.col("template").is_null() & nw.col("instruction").is_null() & (nw.col("use") == 0)
    bare = unmarked & (nw.col("turns") == 0) & ~nw.col("suspect").is_null()
    return (
        marked.join(known, on="account", how="left")
        .with_columns(use=nw.when(bare).then(nw.lit(int(Use.BARE))).otherwise(nw.col("use")))
        .drop("suspect")
    )


def _shared(value: Ints, entity: Ints) -> npt.NDArray[np.bool_]:
    """Say of each row whether at least MIN_ENTITIES entities hold its value."""
    pairs = np.unique(np.stack([value, entity]), axis=1)
    values, holders = np.unique(pairs[0], return_counts=True)
    return holders[np.searchsorted(values, value)] >= MIN_ENTITIES
