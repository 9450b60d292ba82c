"""Which checkpoint a bundle is proved under, and which keys and calls go with it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.bundling import CallKeys, claim_event, open_recorded
from stillwatch.errors import EvidenceError
from stillwatch.evidence.book import Book
from stillwatch.evidence.bundle.make import Wanted
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.cosigned import CosignedCheckpoints
from stillwatch.evidence.events import Event
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.settings import EvidenceSettings

KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Begin a log, with a checkpoint of three entries that a witness cosigned and a later one of four."""
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "key").chmod(0o600)
    settings = EvidenceSettings(tmp_path / "evidence", origin="example.com/log", key_file=tmp_path / "key")
    with Book(settings, clock=lambda: 1_781_000_000.0) as book:
        book.append_events([Event("appeal", {"at": i}) for i in range(2)])
        witness = new_signer("witness.example", Algorithm.ED25519_COSIGNATURE)
        cosignature = witness.sign(book.log.checkpoint, time=1_781_000_001)
        kept = CosignedCheckpoints(settings.folder / "witness")
        kept.add(book.log.note, [cosignature])
        kept.add_timestamp(book.log.checkpoint, "tsa", b"answer")
        book.append_events([Event("appeal", {"at": 3})])
    return settings.folder


def sizes(folder: Path, size: int | None) -> tuple[int, int, int]:
    recorded = open_recorded(folder, "C-1", key_file=folder.parent / "key", size=size)
    return recorded.checkpoint.size, Checkpoint.parse(recorded.note.text).size, len(recorded.timestamps)


def test_the_last_cosigned_checkpoint_is_taken_with_its_time_stamps(folder: Path) -> None:
    assert sizes(folder, None) == (3, 3, 1)


def test_without_witnesses_the_current_one_is_taken(folder: Path) -> None:
    for path in (folder / "witness").iterdir():
        path.unlink()
    assert sizes(folder, None) == (4, 4, 0)


def test_a_checkpoint_can_be_named_by_its_size(folder: Path) -> None:
    assert sizes(folder, 3) == (3, 3, 1)
    assert sizes(folder, 4) == (4, 4, 0)
    with pytest.raises(EvidenceError, match="no checkpoint of 2 entries is kept"):
        sizes(folder, 2)


def test_the_log_s_own_key_signs_the_manifest(folder: Path) -> None:
    recorded = open_recorded(folder, "C-1", key_file=folder.parent / "key")
    assert recorded.signer.verifier in recorded.log_keys
    assert recorded.signer.verifier.name == "example.com/log"


def test_call_ids_are_keyed_as_a_scan_keys_them() -> None:
    ids = pa.chunked_array([pa.array(["c1", "c2"], pa.large_string())])
    keyed = CallKeys(Fingerprinter(KEY))(ids)
    assert keyed.tolist() == [Fingerprinter(KEY).keyed("call", i) for i in ("c1", "c2")]


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb"])
def test_a_value_that_is_to_draw_a_sample_has_a_name(name: str) -> None:
    with pytest.raises(EvidenceError, match="name source and round"):
        claim_event(Wanted(Path("report"), "C-1"), None, draws=name)  # type: ignore[arg-type]  # refused before it is used
