"""The right edge of a growing tree: from it and new leaf hashes come new tiles and the new root."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from stillwatch.evidence.tiles import HEIGHT, WIDTH, Tile, read_tile, tile_width
from stillwatch.evidence.tree import EMPTY_ROOT, HASH_BYTES, node_hash, peaks, perfect_root


class Edge:
    """The partial tile of every level, in memory: at most 255 hashes a level, eight levels for any log."""

    def __init__(self, size: int = 0, levels: list[list[bytes]] | None = None) -> None:
        self.size = size
        self._levels = levels or []

    @classmethod
    def read(cls, size: int, read: Callable[[str], bytes]) -> Edge:
        """Read the edge of a log of ``size`` entries. Raises EvidenceError if a tile is missing or too short."""
        levels: list[list[bytes]] = []
        while size >> HEIGHT * len(levels):
            level = len(levels)
            index = (size >> HEIGHT * level) // WIDTH
            data = read_tile(read, level, index, size) if tile_width(level, index, size) else b""
            levels.append([data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)])
        return cls(size, levels)

    def root(self) -> bytes:
        """Return the tree's root."""
        value = None
        for level, index in reversed(peaks(self.size)):
            tile_level, inside = divmod(level, HEIGHT)
            start = (index << inside) % WIDTH
            part = perfect_root(self._levels[tile_level][start : start + (1 << inside)])
            value = part if value is None else node_hash(part, value)
        return EMPTY_ROOT if value is None else value

    def append(self, leaves: list[bytes]) -> list[tuple[Tile, bytes]]:
        """Add leaf hashes; return every tile that is new or has grown, with its bytes, lower levels first."""
        changed: list[tuple[Tile, bytes]] = []
        rising, level, before = leaves, 0, self.size
        while rising:
            if level == len(self._levels):
                self._levels.append([])
            index = (before >> HEIGHT * level) // WIDTH
            row = self._levels[level] + rising
            rising = []
            whole = len(row) - len(row) % WIDTH
            for at in range(0, whole, WIDTH):
                hashes = row[at : at + WIDTH]
                changed.append((Tile(level, index), b"".join(hashes)))
                rising.append(_tile_root(hashes))
                index += 1
            rest = row[whole:]
            self._levels[level] = rest
            if rest:
                changed.append((Tile(level, index, len(rest)), b"".join(rest)))
            level += 1
        self.size += len(leaves)
        return changed

    def copy(self) -> Edge:
        """Return an edge of its own, so that a batch that fails leaves this one as it was."""
        return Edge(self.size, [list(level) for level in self._levels])


def _tile_root(hashes: list[bytes]) -> bytes:
    row = hashes
    while len(row) > 1:
        row = [sha256(b"\x01" + a + b).digest() for a, b in zip(row[::2], row[1::2], strict=True)]
    return row[0]
