"""The append-only log on plain files: C2SP tlog-tiles under ``public/``, and what makes a crash harmless beside it.

public/checkpoint, public/tile/…    what anyone may read, and ``evidence serve`` shows
staging/                            batches whose tiles may not have reached the disk yet
keys/                               signing keys, and ``signed``: the last checkpoint that was ever signed
lock                                one writer at a time
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint
from stillwatch.evidence.edge import Edge
from stillwatch.evidence.files import sync_folder, write_whole
from stillwatch.evidence.keys import Signer
from stillwatch.evidence.notes import Note
from stillwatch.evidence.reader import LogReader, read_public
from stillwatch.evidence.tiles import HEIGHT, WIDTH, Tile, pack_entries, unpack_entries
from stillwatch.evidence.tree import leaf_hashes

STAGED_BYTES = 256 << 20
"""Staged batches are kept up to this size before the disk is told to write everything out, once for all of them."""


class Log:
    """The writer. Use it as a context manager; a second one on the same folder is refused."""

    def __init__(
        self,
        folder: Path,
        signers: Sequence[Signer],
        *,
        clock: Callable[[], float],
        step: Callable[[str], object] = str,
    ) -> None:
        """Open the log in ``folder``, repair what a crash left, and check it against what was last signed.

        ``signers``: the log's keys, all of one name, which is the origin. ``step`` is told before each numbered step
        of ``append``; tests die there. Raises EvidenceError if the log was rolled back, edited or is in use.
        """
        self.folder, self.origin = folder, signers[0].verifier.name
        self._signers, self._clock, self._step = signers, clock, step
        self._unfinished = False
        self._lock = _lock(folder)
        try:
            self._edge, self._tail, self.note = self._open()
            self._recover()
            self._check_signed()
        except BaseException:
            self._lock.close()
            raise

    @property
    def size(self) -> int:
        """Entries in the log."""
        return self._edge.size

    @property
    def checkpoint(self) -> Checkpoint:
        """The current checkpoint."""
        return Checkpoint.parse(self.note.text)

    def reader(self) -> LogReader:
        """Return a reader of the log as it is now."""
        return LogReader(self.read, self.checkpoint)

    def read(self, path: str) -> bytes:
        """Return the bytes under a public path. Raises EvidenceError if there are none."""
        return read_public(self.folder / "public", path)

    def append(self, entries: Sequence[bytes]) -> int:
        """Append entries; return the index of the first. When this returns they are in the log, whatever happens.

        Raises EvidenceError for an entry that is too long; nothing is appended then.
        """
        first = self.size
        if not entries:
            return first
        if self._unfinished:
            raise EvidenceError(
                f"{self.folder}: an earlier batch was not finished; open the log again, which repairs it"
            )
        packed = pack_entries(list(entries))
        self._unfinished = True
        # 1. Stage the batch, durably.  A crash before the end loses it: nobody was told. After it, the batch goes in.
        self._step("stage")
        write_whole(self._staged(first, len(entries)), sha256(packed).digest() + packed, durable=True)
        self._commit(list(entries))
        self._unfinished = False
        self._forget_staged()
        return first

    def _commit(self, entries: list[bytes]) -> None:
        # 2. Publish tiles.      A crash here is repaired from the staged batch; no checkpoint speaks of them yet.
        self._step("publish")
        edge = self._edge.copy()
        for tile, data in edge.append(leaf_hashes(entries)):
            write_whole(self.folder / "public" / tile.path, data, durable=False)
        tail = self._publish_entries(entries)
        # 3. Note what is about to be signed, durably, beside the keys.  A log restored from an older copy lacks it.
        self._step("note")
        checkpoint = Checkpoint(self.origin, edge.size, edge.root())
        write_whole(self.folder / "keys/signed", checkpoint.text.encode(), durable=True)
        # 4. Swap the checkpoint, durably.  From here on the entries are in the log.
        self._step("swap")
        now = int(self._clock())
        note = Note(checkpoint.text, tuple(s.sign(checkpoint, time=now) for s in self._signers))
        write_whole(self.folder / "public/checkpoint", str(note).encode(), durable=True)
        self._prune(edge.size)
        self._edge, self._tail, self.note = edge, tail, note

    def _prune(self, size: int) -> None:
        """Remove the partial tiles whose full tile is there now (tlog-tiles, "Partial Tiles")."""
        level = 0
        while before := self.size >> HEIGHT * level:
            if before % WIDTH and before // WIDTH < (size >> HEIGHT * level) // WIDTH:
                for kind in (level, -1) if level == 0 else (level,):
                    full = self.folder / "public" / Tile(kind, before // WIDTH).path
                    shutil.rmtree(full.with_name(f"{full.name}.p"), ignore_errors=True)
            level += 1

    def _publish_entries(self, entries: list[bytes]) -> list[bytes]:
        index = self.size // WIDTH
        row = self._tail + entries
        for at in range(0, len(row), WIDTH):
            bundle = row[at : at + WIDTH]
            tile = Tile(-1, index + at // WIDTH, len(bundle))
            write_whole(self.folder / "public" / tile.path, pack_entries(bundle), durable=False)
        return row[len(row) - len(row) % WIDTH :]

    def _staged(self, first: int, count: int) -> Path:
        return self.folder / "staging" / f"{first:020d}-{count}"

    def _forget_staged(self) -> None:
        """Remove staged batches once their tiles are on the disk for good."""
        staged = list((self.folder / "staging").iterdir())
        if sum(path.stat().st_size for path in staged) > STAGED_BYTES:
            self._flush(staged)

    def _flush(self, staged: Sequence[Path]) -> None:
        # 5. Write everything out, then forget the batches.  A crash between only repairs once more than needed.
        self._step("flush")
        os.sync()
        for path in staged:
            path.unlink()
        sync_folder(self.folder / "staging")

    def _open(self) -> tuple[Edge, list[bytes], Note]:
        path = self.folder / "public/checkpoint"
        if not path.exists():
            (self.folder / "public").mkdir(exist_ok=True)
            return Edge(), [], Note(Checkpoint(self.origin, 0, Edge().root()).text)
        checkpoint, note = open_checkpoint(path.read_bytes(), [s.verifier for s in self._signers])
        if checkpoint.origin != self.origin:
            raise EvidenceError(f"{path}: the log of {checkpoint.origin}, not of {self.origin}")
        self._repair(checkpoint.size)
        edge = Edge.read(checkpoint.size, self.read)
        if edge.root() != checkpoint.root:
            raise EvidenceError(
                f"{self.folder}: its tiles do not lead to the signed root; they were edited or are damaged"
            )
        tail = list(LogReader(self.read, checkpoint).entries(checkpoint.size - checkpoint.size % WIDTH))
        return edge, tail, note

    def _repair(self, size: int) -> None:
        """Write the tiles of staged batches below ``size`` again: a power cut may have lost them."""
        for first, entries in self._batches():
            if first < size:
                self._republish(first, entries)

    def _republish(self, first: int, entries: list[bytes]) -> None:
        before = LogReader(self.read, Checkpoint(self.origin, first, b"\0" * 32))
        whole = first - first % WIDTH
        tail = list(before.entries(whole)) if whole < first else []
        edge = Edge.read(first, self.read)
        for tile, data in edge.append(leaf_hashes(entries)):
            write_whole(self.folder / "public" / tile.path, data, durable=False)
        for at in range(0, len(tail) + len(entries), WIDTH):
            bundle = (tail + entries)[at : at + WIDTH]
            tile = Tile(-1, (whole + at) // WIDTH, len(bundle))
            write_whole(self.folder / "public" / tile.path, pack_entries(bundle), durable=False)

    def _recover(self) -> None:
        """Append the batch that was staged whole and not yet signed; forget one that was not."""
        (self.folder / "staging").mkdir(exist_ok=True)
        for first, entries in self._batches():
            if first == self.size:
                self._commit(entries)
        staged = list((self.folder / "staging").iterdir())
        if staged:
            self._flush(staged)

    def _batches(self) -> Iterator[tuple[int, list[bytes]]]:
        folder = self.folder / "staging"
        for path in sorted(folder.glob("*-*")) if folder.exists() else ():
            data = path.read_bytes()
            if path.suffix == ".new" or sha256(data[32:]).digest() != data[:32]:
                continue
            first, count = path.name.split("-")
            yield int(first), unpack_entries(data[32:], width=int(count))

    def _check_signed(self) -> None:
        path = self.folder / "keys/signed"
        signed = (
            Checkpoint.parse(path.read_text("utf-8")) if path.exists() else Checkpoint(self.origin, 0, Edge().root())
        )
        if (signed.size, signed.root) != (self.size, self._edge.root()):
            raise EvidenceError(
                f"{self.folder}: the log has {self.size} entries, but a checkpoint of {signed.size} was signed: it was "
                "rolled back or replaced. Bring the newer copy back, or start a new log under a new name, for this one "
                "must not fork"
            )

    def close(self) -> None:
        """Write everything out and let another writer in."""
        finished = not self._lock.closed and not self._unfinished
        if finished and (staged := list((self.folder / "staging").iterdir())):
            self._flush(staged)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lock(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (folder / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise EvidenceError(f"{folder}: another process appends to this log; let it finish") from None
    return file
