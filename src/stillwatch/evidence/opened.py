"""A log on this machine, opened to read: needs no private key, and goes on while another process appends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stillwatch.errors import EvidenceError
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint
from stillwatch.evidence.cosigned import CosignedCheckpoints
from stillwatch.evidence.keyset import KeySet
from stillwatch.evidence.proofs import LogProof
from stillwatch.evidence.reader import LogReader, read_public
from stillwatch.evidence.vault import Vault

TRIES = 5
"""How often a checkpoint is read again that is older than the signed one: a writer swaps them within milliseconds."""


@dataclass(frozen=True, slots=True)
class OpenedLog:
    """A log under one checkpoint."""

    folder: Path
    keys: KeySet
    note: str
    reader: LogReader

    @property
    def vault(self) -> Vault:
        """What opens the entries."""
        return Vault(self.folder / "vault")

    def under(self, checkpoint: Checkpoint) -> LogReader:
        """Return a reader of the log as it was at an earlier checkpoint of its own."""
        return LogReader(partial(read_public, self.folder / "log/public"), checkpoint)

    def proof(self, index: int) -> str:
        """Return a C2SP tlog-proof of an entry, with the cosignatures that its checkpoint has got."""
        kept = CosignedCheckpoints(self.folder / "witness").note(self.reader.checkpoint)
        note = self.note if kept is None else str(kept)
        return bytes(LogProof(index, tuple(self.reader.prove(index)), note.encode())).decode()


def open_log(folder: Path) -> OpenedLog:
    """Open the log of a deployment, ``folder`` as in EvidenceSettings.

    Raises EvidenceError if there is none, no key of it signed its checkpoint, or it was rolled back.
    """
    keys = KeySet.read(folder / "log/keys")
    public = folder / "log/public"
    for _ in range(TRIES):
        data = read_public(public, "checkpoint")
        checkpoint, _note = open_checkpoint(data, keys.every)
        signed = _read_signed(folder / "log")
        if _is_served(folder / "log", checkpoint, signed):
            return OpenedLog(folder, keys, data.decode(), LogReader(partial(read_public, public), checkpoint))
    raise EvidenceError(
        f"{folder}: the log has {checkpoint.size} entries, but a checkpoint of {signed.size} was signed: it was rolled "
        "back or replaced. Bring the newer copy back, or start a new log under a new name, for this one must not fork"
    )


def _read_signed(folder: Path) -> Checkpoint:
    try:
        return Checkpoint.parse((folder / "keys/signed").read_text("utf-8"))
    except OSError as problem:
        raise EvidenceError(
            f"{folder}/keys/signed: {problem.strerror}; it says what was last signed: bring it back from a copy"
        ) from None


def _is_served(folder: Path, checkpoint: Checkpoint, signed: Checkpoint) -> bool:
    """Tell whether the checkpoint is the signed one, or the next one is staged and goes in at the next start."""
    if (checkpoint.size, checkpoint.root) == (signed.size, signed.root):
        return True
    return (folder / f"staging/{checkpoint.size:020d}-{signed.size - checkpoint.size}").exists()
