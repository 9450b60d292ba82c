"""Tiles against the examples of C2SP tlog-tiles."""

from __future__ import annotations

import pytest

from stillwatch.errors import EvidenceError
from stillwatch.evidence import tiles, tree
from stillwatch.evidence.edge import Edge
from stillwatch.evidence.tiles import Tile


def test_paths_are_grouped_by_thousands() -> None:
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Tile(1, 5, 17).path == "tile/1/005.p/17"
    assert Tile(-1, 0, 3).path == "tile/entries/000.p/3"


def test_a_log_of_70000_entries_has_the_tiles_of_the_specification() -> None:
    layout = {
        level: (
            sum(t.level == level and t.width == 256 for t in tiles.tiles_of(70_000)),
            [t.width for t in tiles.tiles_of(70_000) if t.level == level and t.width < 256],
        )
        for level in range(3)
    }
    assert layout == {0: (273, [112]), 1: (1, [17]), 2: (0, [1])}


def test_a_full_tile_alone_has_one_hash_above_it() -> None:
    assert [t.path for t in tiles.tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]


@pytest.mark.parametrize(("since", "size"), [(0, 70_000), (255, 256), (65_000, 70_000), (70_000, 70_000)])
def test_new_tiles_are_those_that_the_edge_writes(since: int, size: int) -> None:
    edge = Edge()
    edge.append([bytes(32)] * since)
    written = {tile.path for tile, _ in edge.append([bytes(32)] * (size - since))}
    assert written == {t.path for t in tiles.tiles_of(size, since=since)}


def test_entries_survive_packing() -> None:
    entries = [b"", b"a", b"x" * 65_535]
    assert tiles.unpack_entries(tiles.pack_entries(entries), width=3) == entries


def test_an_entry_too_long_for_its_length_is_refused() -> None:
    with pytest.raises(EvidenceError, match="65,536"):
        tiles.pack_entries([b"x" * 65_536])


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x05abc", b"\x00\x01a", b"\x00\x01a\x00\x01b\x00\x01c"])
def test_a_bundle_of_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="bundle of 2"):
        tiles.unpack_entries(data, width=2)


def test_any_subtree_of_a_log_is_read_from_its_tiles() -> None:
    leaves = [tree.leaf_hash(str(i).encode()) for i in range(70_000)]
    edge = Edge()
    stored = {tile.path: data for tile, data in edge.append(leaves)}
    reader = tiles.TileReader(stored.__getitem__, 70_000)
    for level, index in [(0, 69_999), (3, 8), (8, 272), (9, 135), (16, 0), (12, 16)]:
        assert reader.subtree(level, index) == tree.perfect_root(leaves[index << level : (index + 1) << level])


def test_a_full_tile_stands_in_for_a_partial_one_that_is_gone() -> None:
    full = b"".join(tree.leaf_hash(bytes([i])) for i in range(256))

    def read(path: str) -> bytes:
        if path == "tile/0/000":
            return full
        raise EvidenceError(path)

    assert tiles.read_tile(read, 0, 0, 5) == full[: 5 * 32]


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(EvidenceError, match="has 31 bytes"):
        tiles.read_tile(lambda _path: bytes(31), 0, 0, 5)
