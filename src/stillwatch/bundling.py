"""Where a report meets the evidence log to make a bundle: keys, checkpoint and vault put together."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle.archive import Draft
from stillwatch.evidence.bundle.make import Recorded, Wanted, list_calls
from stillwatch.evidence.bundle.membership import Ints
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms
from stillwatch.evidence.checkpoints import Checkpoint, open_checkpoint
from stillwatch.evidence.cosigned import CosignedCheckpoints
from stillwatch.evidence.events import Event
from stillwatch.evidence.keyset import Passphrase
from stillwatch.evidence.notes import Algorithm, Note, VerifierKey, parse_note
from stillwatch.evidence.opened import OpenedLog, open_log
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.store.key import read_or_create_key

MAX_NAME = 200
"""Characters of the name of a public random value."""


@dataclass(frozen=True)
class CallKeys:
    """Keys call ids as a scan under this deployment key does."""

    prints: Fingerprinter

    def __call__(self, ids: pa.Array | pa.ChunkedArray) -> Ints:
        """Return the keyed hashes of call ids."""
        keyed: Ints = self.prints.keyed_array("call", ids).to_numpy()
        self.prints.names.clear()
        return keyed


def open_recorded(
    folder: Path, campaign: str, *, key_file: Path, size: int | None = None, passphrase: Passphrase = None
) -> Recorded:
    """Open the evidence of a deployment (``folder`` as in EvidenceSettings) to make a bundle of a campaign.

    Everything is proved under the checkpoint of ``size`` entries; without one, under the largest that witnesses
    cosigned, or else the current one. Raises EvidenceError if there is no such checkpoint, or the log cannot be opened.
    """
    log = open_log(folder)
    key = read_or_create_key(key_file)
    cosigned = CosignedCheckpoints(folder / "witness")
    note = _choose(log, cosigned, size)
    checkpoint, _ = open_checkpoint(str(note).encode(), log.keys.every)
    current = [k for k in log.keys.current if k.algorithm is Algorithm.ED25519]
    return Recorded(
        reader=log.under(checkpoint),
        note=note,
        vault=log.vault,
        signer=log.keys.signers(current, passphrase)[0],
        log_keys=log.keys.every,
        pseudonyms=Pseudonyms.of(key, campaign),
        key_calls=CallKeys(Fingerprinter(key)),
        timestamps=cosigned.timestamps(checkpoint),
    )


def claim_event(wanted: Wanted, recorded: Recorded, *, draws: str) -> Event:
    """Return the event that fixes the list of a campaign's counted calls, to be logged before a sample is drawn.

    ``draws`` names the public value that will draw it, which nobody knows yet: source and round. Without that a host
    could take the one of many later values that suits it. Raises EvidenceError for an empty name or a long one.
    """
    if not 0 < len(draws) <= MAX_NAME or not draws.isprintable():
        raise EvidenceError(f"--draw-by: name source and round of the public value in up to {MAX_NAME} characters")
    with tempfile.TemporaryDirectory() as work:
        draft = Draft(Path(work))
        _, listed = list_calls(replace(wanted, whole=True, beacon=None, disclose=frozenset()), recorded, draft)
        digest = draft.digest("calls.csv")
    said = {"campaign": wanted.campaign, "calls": digest, "exchanges": listed.totals.exchanges, "draws": draws}
    return Event("claim", said, once=f"claim {wanted.campaign} {digest}".encode())


def _choose(log: OpenedLog, cosigned: CosignedCheckpoints, size: int | None) -> Note:
    current = parse_note(log.note.encode())
    known = [current, *cosigned.notes()]
    if size is not None:
        mine = [note for note in known if Checkpoint.parse(note.text).size == size]
        if not mine:
            raise EvidenceError(f"no checkpoint of {size} entries is kept; see {log.folder / 'witness'}")
        return max(mine, key=lambda note: len(note.signatures))
    return next((note for note in known[1:] if _is_cosigned(note, log.keys.every)), current)


def _is_cosigned(note: Note, own: tuple[VerifierKey, ...]) -> bool:
    mine = {(key.name, key.key_id) for key in own}
    return any((s.name, s.key_id) not in mine for s in note.signatures)
