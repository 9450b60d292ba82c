"""What others have said about our checkpoints: cosignatures and time-stamps, one set of files for each checkpoint.

witness/<size>-<root>.checkpoint      the signed note with every cosignature collected for it
witness/<size>-<root>.<name>.tsr      RFC 3161 answers over the note's text
witness/<size>-<root>.json            whether the quorum was reached, and what each witness answered
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.files import write_whole
from stillwatch.evidence.notes import Note, Signature, parse_note


class CosignedCheckpoints:
    """The folder; every change is whole or not there, and two processes change it in turn."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is made with the first change."""
        self._folder = folder

    def notes(self) -> Iterator[Note]:
        """Yield the checkpoints that were shown to witnesses, with their cosignatures, the largest first."""
        for path in sorted(self._folder.glob("*.checkpoint"), reverse=True):
            yield parse_note(path.read_bytes())

    def note(self, checkpoint: Checkpoint) -> Note | None:
        """Return this checkpoint with its cosignatures, None if it was never shown to a witness."""
        path = self._path(checkpoint, ".checkpoint")
        return parse_note(path.read_bytes()) if path.exists() else None

    def add(self, note: Note, cosignatures: Sequence[Signature]) -> Note:
        """Put further cosignatures beside a checkpoint and return it with all of them.

        Of several by one key the first stays: it says that the checkpoint was there at the earlier time.
        """
        checkpoint = Checkpoint.parse(note.text)
        with self._lock():
            stored = self.note(checkpoint) or Note(note.text)
            lines: dict[tuple[str, bytes], Signature] = {}
            for signature in (*stored.signatures, *note.signatures, *cosignatures):
                lines.setdefault((signature.name, signature.key_id), signature)
            merged = Note(note.text, tuple(lines.values()))
            write_whole(self._path(checkpoint, ".checkpoint"), str(merged).encode(), durable=True)
            return merged

    def add_timestamp(self, checkpoint: Checkpoint, name: str, answer: bytes) -> None:
        """Put an RFC 3161 answer beside a checkpoint; ``name`` is the authority's, made of letters, digits and -."""
        with self._lock():
            write_whole(self._path(checkpoint, f".{name}.tsr"), answer, durable=True)

    def timestamps(self, checkpoint: Checkpoint) -> dict[str, bytes]:
        """Return the RFC 3161 answers over a checkpoint's text, by authority."""
        stem = self._path(checkpoint, "").name
        paths = sorted(self._folder.glob(f"{stem}.*.tsr"))
        return {path.name.removeprefix(f"{stem}.").removesuffix(".tsr"): path.read_bytes() for path in paths}

    def mark(self, checkpoint: Checkpoint, outcome: Mapping[str, Any]) -> None:
        """Write down how asking went; replaces what was written before."""
        with self._lock():
            data = json.dumps(outcome, indent=1, ensure_ascii=False, sort_keys=True)
            write_whole(self._path(checkpoint, ".json"), data.encode("utf-8", "backslashreplace") + b"\n", durable=True)

    def outcome(self, checkpoint: Checkpoint) -> dict[str, Any] | None:
        """Return what ``mark`` wrote, None if this checkpoint was never shown to a witness."""
        path = self._path(checkpoint, ".json")
        return json.loads(path.read_bytes()) if path.exists() else None

    def _path(self, checkpoint: Checkpoint, ending: str) -> Path:
        return self._folder / f"{checkpoint.size:020d}-{checkpoint.root.hex()[:16]}{ending}"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._folder / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
