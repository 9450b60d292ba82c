"""Is the log what its checkpoint says? Rehash it, whole or in part, and say what was looked at.

When a log is opened to append, any change of its checkpoint and of the tiles at its right edge is noticed; in a log
of up to WHOLE entries any change at all, for all of it is rehashed. Of a larger one the entries that were never checked
are (the newest WHOLE of them), and SAMPLE bundles drawn at random, each with its path to the root: a change in one
bundle of a hundred is missed with a chance of 0.99**256 = 8 %, in one of a thousand with 77 %. Only the full check
notices every change. None of them notices a log that was replaced as a whole with its keys: witnesses do.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from stillwatch.errors import EvidenceError
from stillwatch.evidence.commitments import commit
from stillwatch.evidence.edge import Edge
from stillwatch.evidence.files import write_whole
from stillwatch.evidence.reader import LogReader
from stillwatch.evidence.tiles import HEIGHT, WIDTH, Tile
from stillwatch.evidence.tree import leaf_hashes, perfect_root, prove_inclusion, verify_inclusion
from stillwatch.evidence.vault import Vault

WHOLE = 1_000_000
"""Entries that are rehashed at each start: about 3 s."""
SAMPLE = 256
"""Bundles drawn from a larger log at each start: 65,536 entries, 0.3 s."""
CHUNK = 64 * WIDTH
"""Entries between two reports of progress."""

OnProgress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check looked at: how many of the log's entries, and whether that was every one."""

    entries: int
    size: int

    @property
    def whole(self) -> bool:
        """Tell whether every entry and every tile was rehashed."""
        return self.entries == self.size


def check_log(reader: LogReader, *, on_progress: OnProgress = int) -> Checked:
    """Rehash every entry and compare every tile and the root. Raises EvidenceError, naming what differs first."""
    size, edge, entries = reader.checkpoint.size, Edge(), reader.entries()
    partial: dict[int, tuple[Tile, bytes]] = {}
    while chunk := list(islice(entries, CHUNK)):
        for tile, data in edge.append(leaf_hashes(chunk)):
            if tile.width == WIDTH:
                partial.pop(tile.level, None)
                _compare(reader, tile, data)
            else:
                partial[tile.level] = tile, data
        on_progress(edge.size)
    for tile, data in partial.values():
        _compare(reader, tile, data)
    if edge.size != size or edge.root() != reader.checkpoint.root:
        raise EvidenceError(f"the log has {edge.size} entries, and they do not lead to the root that was signed")
    return Checked(size, size)


def check_bundles(reader: LogReader, bundles: Iterable[int]) -> int:
    """Rehash whole bundles and follow them to the root; return the number of entries. Raises EvidenceError."""
    count = 0
    for index in bundles:
        leaves = leaf_hashes(list(islice(reader.entries(index * WIDTH), WIDTH)))
        _compare(reader, Tile(0, index, len(leaves)), b"".join(leaves))
        count += len(leaves)
        if len(leaves) == WIDTH:
            _follow(reader, index, leaves)
    return count


def check_at_start(reader: LogReader, folder: Path) -> Checked:
    """Check what can be checked in a few seconds (see above); ``folder``/checked remembers how far that was."""
    size = reader.checkpoint.size
    if size <= WHOLE:
        return check_log(reader)
    whole, seen = size // WIDTH, _read_checked(folder) // WIDTH
    bundles = set(range(max(seen, (size - WHOLE) // WIDTH), whole))
    bundles |= {secrets.randbelow(whole) for _ in range(SAMPLE)}
    if size % WIDTH:
        bundles.add(whole)
    count = check_bundles(reader, sorted(bundles))
    remember_checked(folder, size)
    return Checked(count, size)


def check_openings(reader: LogReader, vault: Vault, *, on_progress: OnProgress = int) -> int:
    """Check that what the vault holds opens the entries it is of; return how many. Raises EvidenceError."""
    count, entries = 0, enumerate(reader.entries())
    for index, seed, fields in vault.every():
        entry = next((e for i, e in entries if i == index), b"{}")
        if orjson.loads(entry).get("private") != commit(seed, fields):
            raise EvidenceError(f"entry {index}: what the vault holds does not open it; the vault was edited")
        count += 1
        on_progress(count)
    return count


def remember_checked(folder: Path, size: int) -> None:
    """Remember that the first ``size`` entries were checked."""
    write_whole(folder / "checked", str(size).encode(), durable=True)


def _read_checked(folder: Path) -> int:
    try:
        return int((folder / "checked").read_bytes())
    except (OSError, ValueError):
        return 0


def _compare(reader: LogReader, tile: Tile, data: bytes) -> None:
    if reader.tile(tile) != data:
        raise EvidenceError(f"{tile.path}: not what the entries hash to; the log was edited or is damaged")


def _follow(reader: LogReader, index: int, leaves: list[bytes]) -> None:
    def inside(level: int, at: int) -> bytes:
        return perfect_root(leaves[at << level : (at + 1) << level])

    first, head = index * WIDTH, reader.checkpoint
    proof = prove_inclusion(0, WIDTH, inside) + reader.prove(first)[HEIGHT:]
    verify_inclusion(leaves[0], index=first, size=head.size, proof=proof, root=head.root)
