"""The tiles of a log: C2SP tlog-tiles v0.1.0, paths and contents.

A tile holds up to 256 hashes; one of level *l* hashes 256**(l+1) entries when full. A hash above level 0 is of a *full*
tile below: partial tiles are never hashed upwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from stillwatch.errors import EvidenceError
from stillwatch.evidence.tree import HASH_BYTES, perfect_root

WIDTH = 256
"""Hashes of a full tile (tlog-tiles, "Merkle Tree")."""
HEIGHT = 8
"""log2 of WIDTH: tree levels that a tile spans."""
MAX_ENTRY_BYTES = 65_535
"""An entry's length is a big-endian uint16 (tlog-tiles, "Log entries")."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Tile ``index`` of ``level`` with ``width`` hashes; level -1 is an entry bundle."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The path under the log's prefix: ``tile/0/x001/x234/067``, with ``.p/W`` where it is partial."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        level = "entries" if self.level < 0 else str(self.level)
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{'/'.join(groups)}{partial}"


def tiles_of(size: int, *, since: int = 0) -> list[Tile]:
    """Return the hash tiles that a log of ``size`` entries has and one of ``since`` had not, lower levels first."""
    found, level = [], 0
    while size >> HEIGHT * level:
        now, before = size >> HEIGHT * level, since >> HEIGHT * level
        found += [Tile(level, i) for i in range(before // WIDTH, now // WIDTH)]
        if now % WIDTH and now != before:
            found.append(Tile(level, now // WIDTH, now % WIDTH))
        level += 1
    return found


def bundles_of(size: int, *, since: int = 0) -> list[Tile]:
    """Return the entry bundles that a log of ``size`` entries has and one of ``since`` had not."""
    return [Tile(-1, t.index, t.width) for t in tiles_of(size, since=since) if t.level == 0]


def tile_width(level: int, index: int, size: int) -> int:
    """Return how many hashes that tile has in a log of ``size`` entries; 0 if there is none."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))


def pack_entries(entries: list[bytes]) -> bytes:
    """Pack an entry bundle. Raises EvidenceError for an entry that is too long."""
    longest = max(map(len, entries), default=0)
    if longest > MAX_ENTRY_BYTES:
        raise EvidenceError(f"an entry of {longest:,} bytes: a log holds entries up to {MAX_ENTRY_BYTES:,}; shorten it")
    return b"".join([len(e).to_bytes(2, "big") + e for e in entries])


def unpack_entries(data: bytes, *, width: int) -> list[bytes]:
    """Unpack an entry bundle of ``width`` entries. Raises EvidenceError if it holds more, fewer or half of one."""
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data) or len(entries) != width:
        raise EvidenceError(
            f"an entry bundle of {width} holds {len(entries)} entries in {len(data):,} bytes; it is cut off"
        )
    return entries


class TileReader:
    """Perfect subtrees of a log of ``size`` entries from its tiles; keeps the last tiles read.

    ``read`` returns the bytes under a path, or raises EvidenceError. A full tile stands in for a partial one that has
    been removed since.
    """

    def __init__(self, read: Callable[[str], bytes], size: int, *, cached_tiles: int = 1024) -> None:
        self._read, self.size = read, size
        self._tile = lru_cache(maxsize=cached_tiles)(self._load)

    def subtree(self, level: int, index: int) -> bytes:
        """Return the hash of the perfect subtree; see ``tree``."""
        tile_level, inside = divmod(level, HEIGHT)
        first = index << inside
        hashes = self._tile(tile_level, first // WIDTH)
        start = first % WIDTH
        part = hashes[start * HASH_BYTES : (start + (1 << inside)) * HASH_BYTES]
        if len(part) != HASH_BYTES << inside:
            raise EvidenceError(f"subtree {index} of level {level}: a log of {self.size} entries does not have it")
        return perfect_root([part[i : i + HASH_BYTES] for i in range(0, len(part), HASH_BYTES)])

    def _load(self, level: int, index: int) -> bytes:
        return read_tile(self._read, level, index, self.size)


def read_tile(read: Callable[[str], bytes], level: int, index: int, size: int) -> bytes:
    """Return the hashes of that tile in a log of ``size`` entries; the full tile stands in for a removed partial one.

    Raises EvidenceError if there is neither, or it has another length.
    """
    width = tile_width(level, index, size)
    tile = Tile(level, index, width)
    try:
        data = read(tile.path)
    except EvidenceError:
        if width == WIDTH:
            raise
        data = read(Tile(level, index).path)[: width * HASH_BYTES]
    if len(data) != width * HASH_BYTES:
        raise EvidenceError(f"{tile.path}: has {len(data)} bytes, not {width * HASH_BYTES}")
    return data
