"""The counted entries of a bundle: the list of calls, the entries themselves, and what proves them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.evidence.bundle.archive import Draft
from stillwatch.evidence.bundle.membership import Counted
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms
from stillwatch.evidence.multiproof import prove_many
from stillwatch.evidence.reader import LogReader

TOKENS = ("input_tokens", "output_tokens", "reasoning_tokens")


@dataclass
class Totals:
    """What the entries that everyone may read add up to."""

    exchanges: int = 0
    models: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(TOKENS, 0)))
    first_hour: int = 2**60
    last_hour: int = -1

    def add(self, entry: dict[str, Any]) -> None:
        """Count one more exchange."""
        self.exchanges += 1
        self.models[entry["model"]] += 1
        for name in TOKENS:
            self.tokens[name] += entry.get(name, 0)
        self.first_hour = min(self.first_hour, entry["hour"])
        self.last_hour = max(self.last_hour, entry["hour"])


@dataclass(frozen=True)
class Listed:
    """The list as it was written: accounts by pseudonym in order, indices of the entries, what they add up to."""

    accounts: list[str]
    names: list[str]
    """The accounts' real names, in the order of their pseudonyms."""
    indices: list[int]
    totals: Totals
    disagree: int
    """Calls that the report counts as completed and the log does not."""


def write_list(draft: Draft, counted: Counted, reader: LogReader, pseudonyms: Pseudonyms, *, whole: bool) -> Listed:
    """Write ``calls.csv`` and ``accounts.txt``, and with ``whole`` every entry."""
    totals = Totals()
    kept = _write_entries(draft, counted.indices, reader, totals, whole=whole)
    rows = counted.rows.take(pa.array(kept, pa.int64()))
    accounts, names, number = _number_accounts(rows["account"], pseudonyms)
    draft.add("accounts.txt", "".join(f"{a}\n" for a in accounts).encode())
    indices: list[int] = rows["index"].to_pylist()
    with draft.path("calls.csv").open("w", encoding="ascii") as file:
        file.write("index,account,call\n")
        for index, who, call_id in zip(indices, number, rows["call_id"].to_pylist(), strict=True):
            file.write(f"{index},{who},{pseudonyms.call(call_id)}\n")
    return Listed(accounts, names, indices, totals, len(counted.rows) - len(kept))


def _write_entries(
    draft: Draft, indices: Sequence[int], reader: LogReader, totals: Totals, *, whole: bool
) -> list[int]:
    """Return the positions of the entries that are completed calls."""
    kept = []
    with draft.path("leaves/entries.jsonl").open("wb") as file:
        for at, entry in enumerate(reader.pick(indices)):
            fields = orjson.loads(entry)
            if fields["kind"] == "call" and fields["completed"]:
                kept.append(at)
                totals.add(fields)
                if whole:
                    file.write(entry + b"\n")
    return kept


def write_entries(draft: Draft, indices: Sequence[int], reader: LogReader) -> None:
    """Write these entries: the sample, where not all that are counted are shown."""
    draft.add("leaves/entries.jsonl", b"".join(entry + b"\n" for entry in reader.pick(indices)))


def write_proof(draft: Draft, indices: Iterable[int], reader: LogReader) -> None:
    """Write the one proof of all entries that are shown: the hashes that lead from them to the log's root."""
    shown = sorted(set(indices))
    with draft.path("leaves/siblings.bin").open("wb") as hashes:
        hashes.writelines(prove_many(shown, reader.checkpoint.size, reader.subtree))


def _number_accounts(column: pa.ChunkedArray, pseudonyms: Pseudonyms) -> tuple[list[str], list[str], list[int]]:
    coded = pc.dictionary_encode(column.combine_chunks())
    names = coded.dictionary.to_pylist()
    ordered = sorted((pseudonyms.account(name), at, name) for at, name in enumerate(names))
    place = {at: number for number, (_, at, _) in enumerate(ordered)}
    return [p for p, _, _ in ordered], [n for _, _, n in ordered], [place[i] for i in coded.indices.to_pylist()]
