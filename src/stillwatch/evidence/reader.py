"""A log as anyone reads it: tiles and entries under a checkpoint, and proofs made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.tiles import WIDTH, Tile, TileReader, read_tile, tile_width, unpack_entries
from stillwatch.evidence.tree import Subtree, prove_consistency, prove_inclusion


class LogReader:
    """The log that a checkpoint speaks of; ``read`` returns the bytes under a public path or raises EvidenceError."""

    def __init__(self, read: Callable[[str], bytes], checkpoint: Checkpoint) -> None:
        self._read, self.checkpoint = read, checkpoint
        self._tiles = TileReader(read, checkpoint.size)

    @property
    def subtree(self) -> Subtree:
        """The hashes of perfect subtrees; see ``tree``."""
        return self._tiles.subtree

    def prove(self, index: int) -> list[bytes]:
        """Return the inclusion proof of an entry."""
        return prove_inclusion(index, self.checkpoint.size, self._tiles.subtree)

    def prove_since(self, size: int) -> list[bytes]:
        """Return the proof that this log continues the one of ``size`` entries."""
        return prove_consistency(size, self.checkpoint.size, self._tiles.subtree)

    def entry(self, index: int) -> bytes:
        """Return an entry. Raises EvidenceError if there is none."""
        if not 0 <= index < self.checkpoint.size:
            raise EvidenceError(f"entry {index}: the log has {self.checkpoint.size}")
        return self._bundle(index // WIDTH)[index % WIDTH]

    def entries(self, first: int = 0) -> Iterator[bytes]:
        """Yield the entries from ``first`` on."""
        for bundle in range(first // WIDTH, -(-self.checkpoint.size // WIDTH)):
            yield from self._bundle(bundle)[first - bundle * WIDTH if bundle == first // WIDTH else 0 :]

    def tile(self, tile: Tile) -> bytes:
        """Return the hashes of a tile of the log. Raises EvidenceError if it is missing or has another length."""
        return read_tile(self._read, tile.level, tile.index, self.checkpoint.size)

    def pick(self, indices: Iterable[int]) -> Iterator[bytes]:
        """Yield the entries at ascending indices; each bundle is read once. Raises EvidenceError if there are none."""
        number, bundle = -1, list[bytes]()
        for index in indices:
            if not 0 <= index < self.checkpoint.size:
                raise EvidenceError(f"entry {index}: the log has {self.checkpoint.size}")
            if index // WIDTH != number:
                number = index // WIDTH
                bundle = self._bundle(number)
            yield bundle[index % WIDTH]

    def find(self, markers: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """Yield index and bytes of the entries that contain one of these byte strings."""
        for number in range(-(-self.checkpoint.size // WIDTH)):
            packed, _ = self._packed(number)
            if any(marker in packed for marker in markers):
                for at, entry in enumerate(self._bundle(number)):
                    if any(marker in entry for marker in markers):
                        yield number * WIDTH + at, entry

    def _bundle(self, number: int) -> list[bytes]:
        packed, width = self._packed(number)
        return unpack_entries(packed, width=width)[: tile_width(0, number, self.checkpoint.size)]

    def _packed(self, number: int) -> tuple[bytes, int]:
        width = tile_width(0, number, self.checkpoint.size)
        try:
            return self._read(Tile(-1, number, width).path), width
        except EvidenceError:
            if width == WIDTH:
                raise
            return self._read(Tile(-1, number).path), WIDTH


def read_public(folder: Path, path: str) -> bytes:
    """Return the bytes under a log's public path. Raises EvidenceError if there are none."""
    try:
        return (folder / path).read_bytes()
    except OSError as error:
        raise EvidenceError(f"{folder / path}: {error.strerror or error}; the log is incomplete") from error
