"""Merkle trees as in RFC 6962, section 2.1 (the same in RFC 9162): hashes, inclusion and consistency proofs.

A tree is given by a function that returns the hash of a *perfect* subtree: ``subtree(level, index)`` is the hash of the
leaves ``index * 2**level`` up to ``(index + 1) * 2**level``. Whatever stores those hashes (tiles, a list) can prove.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from stillwatch.errors import EvidenceError

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""MTH({}), RFC 6962 section 2.1."""

Subtree = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """Hash many entries."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of neighbouring hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


def peaks(size: int) -> list[tuple[int, int]]:
    """Return the perfect subtrees (level, index) that make up a tree of this size, the largest first."""
    found, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def root(size: int, subtree: Subtree) -> bytes:
    """Return MTH(D[size])."""
    return range_hash(0, size, subtree) if size else EMPTY_ROOT


def prove_inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return PATH(index, D[size]), the leaf's sibling first. Raises EvidenceError if there is no such leaf."""
    if not 0 <= index < size:
        raise EvidenceError(f"entry {index}: a tree of {size} has entries 0 to {size - 1}")
    path, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(range_hash(middle, high, subtree))
            high = middle
        else:
            path.append(range_hash(low, middle, subtree))
            low = middle
    return path[::-1]


def prove_consistency(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """Return PROOF(old, D[new]); empty where ``old`` is 0 or ``new``. Raises EvidenceError if ``old`` is larger."""
    if not 0 <= old <= new:
        raise EvidenceError(f"a tree of {new} was never one of {old}")
    if old in {0, new}:
        return []
    proof, low, high, whole = [], 0, new, True
    while old < high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(range_hash(middle, high, subtree))
            high = middle
        else:
            proof.append(range_hash(low, middle, subtree))
            low, whole = middle, False
    if not whole:
        proof.append(range_hash(low, high, subtree))
    return proof[::-1]


def root_from_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that a proof leads to from a leaf hash (RFC 9162 section 2.1.3.2).

    Raises EvidenceError if the proof has the wrong length for this entry and size.
    """
    if not 0 <= index < size:
        raise EvidenceError(f"entry {index}: a tree of {size} has entries 0 to {size - 1}")
    at, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise EvidenceError(f"entry {index} of {size}: the proof has {len(proof)} hashes, too many")
        if at & 1 or at == last:
            value = node_hash(sibling, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise EvidenceError(f"entry {index} of {size}: the proof has {len(proof)} hashes, too few")
    return value


def verify_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf`` (its hash) is entry ``index`` of the tree with this root. Raises EvidenceError if not."""
    if root_from_inclusion(leaf, index=index, size=size, proof=proof) != root:
        raise EvidenceError(f"entry {index} of {size}: the proof leads to another root; it is not in this tree")


def verify_consistency(*, old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the new tree only appended to the old one (RFC 9162 section 2.1.4.2). Raises EvidenceError if not."""
    if not 0 <= old <= new:
        raise EvidenceError(f"a tree of {new} was never one of {old}")
    if old in {0, new}:
        if proof or (old == new and old_root != new_root) or (old == 0 and old_root != EMPTY_ROOT):
            raise EvidenceError(f"two trees of {new}, or an empty one, that are not the same")
        return
    first, second = _consistency_roots(old, new, proof, old_root)
    if first != old_root or second != new_root:
        raise EvidenceError(f"the tree of {new} is no continuation of the tree of {old}: entries were changed")


def _consistency_roots(old: int, new: int, proof: Sequence[bytes], old_root: bytes) -> tuple[bytes, bytes]:
    rest = list(proof)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        raise EvidenceError(f"consistency of {old} and {new}: the proof is empty")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            raise EvidenceError(f"consistency of {old} and {new}: the proof is too long")
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise EvidenceError(f"consistency of {old} and {new}: the proof is too short")
    return first, second


def _split(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def range_hash(low: int, high: int, subtree: Subtree) -> bytes:
    """Hash the leaves from ``low`` to ``high``, a range as RFC 6962's splits make it: it starts at a multiple."""
    value = None
    for level, index in reversed(peaks(high - low)):
        part = subtree(level, (low >> level) + index)
        value = part if value is None else node_hash(part, value)
    return value if value is not None else EMPTY_ROOT
