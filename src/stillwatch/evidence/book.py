"""The book of a deployment: its log and its vault, kept in step. Calls and events go in once each.

FOLDER/log     the log (``log.py``) and its keys (``keyset.py``)
FOLDER/vault   what opens its entries (``vault.py``), and a cache of its events (``event_cache.py``)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import orjson
import pyarrow as pa

from stillwatch.errors import EvidenceError
from stillwatch.evidence.call_batches import EncodedCalls
from stillwatch.evidence.call_keys import KEY_BYTES, CallKeys, call_key
from stillwatch.evidence.checking import check_at_start
from stillwatch.evidence.encoders import encode_in_order
from stillwatch.evidence.entries import event_entry
from stillwatch.evidence.event_cache import EventCache
from stillwatch.evidence.events import Event, erasures, finding
from stillwatch.evidence.files import write_whole
from stillwatch.evidence.keyset import KeySet, Passphrase, read_passphrase
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import VerifierKey
from stillwatch.evidence.vault import Vault, vault_rows
from stillwatch.settings import BATCH_ROWS, EvidenceSettings
from stillwatch.store.key import derive_key, read_or_create_key


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of calls: how many were given, how many were new, where the first new one is (None: none was)."""

    calls: int = 0
    new: int = 0
    first: int | None = None

    def __add__(self, other: Appended) -> Appended:
        """Count both; the first new call is the earlier one's."""
        return Appended(
            self.calls + other.calls, self.new + other.new, other.first if self.first is None else self.first
        )


class Book:
    """The writer. Use it as a context manager; a second one on the same folder is refused."""

    def __init__(
        self,
        settings: EvidenceSettings,
        *,
        clock: Callable[[], float],
        create: bool = True,
        step: Callable[[str], object] = str,
    ) -> None:
        """Open the book, or begin it where ``create`` allows; finish what a crash left undone.

        ``step`` is told before each numbered step; tests die there. Raises EvidenceError if the log was rolled back or
        edited (``checking`` says what is noticed at once), is in use, or its keys cannot be read; SettingsError for
        the deployment's key.
        """
        self.settings, self._clock, self._step = settings, clock, step
        self._folder, self._broken = settings.folder / "log", False
        self.vault = Vault(settings.folder / "vault")
        self.events = EventCache(settings.folder / "vault/events.jsonl")
        self.keys = self._open_keys(create=create)
        self.log = self._open_log((*self.keys.current, *self.keys.coming))
        try:
            self._finish()
        except BaseException:
            self.log.close()
            raise

    def append_calls(self, batches: Iterable[pa.RecordBatch], *, workers: int = 1) -> Appended:
        """Append the calls of batches of ``records.CALL_LOG`` whose ids are not in the log yet, a batch at a time.

        With ``workers`` above 1 so many processes share the work once there are many calls, this one among them.
        """
        added = Appended()
        fresh = self._fresh_calls(batches)
        for (given, keys), encoded in encode_in_order(fresh, workers=workers):
            added += Appended(given, len(keys), self._put(keys, encoded) if keys else None)
        return added

    def _fresh_calls(
        self, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[tuple[tuple[int, list[bytes]], pa.RecordBatch]]:
        """Yield parts of at most BATCH_ROWS calls: how many were given, the keys of the new ones, the new ones."""
        parts = (b.slice(at, BATCH_ROWS) for b in batches for at in range(0, b.num_rows, BATCH_ROWS))
        for part in parts:
            keys = [call_key(self._call_key, "call", i) for i in part["call_id"].to_pylist()]
            fresh = self._known.fresh(keys)
            if fresh.all():
                new = part
            else:
                new = part.filter(pa.array(fresh))
                keys = [key for key, is_new in zip(keys, fresh, strict=True) if is_new]
            # Known from here on, for a later batch may be looked at before this one is in the log.
            self._known.add(keys)
            yield (part.num_rows, keys), new

    def _put(self, keys: Sequence[bytes], records: EncodedCalls) -> int:
        if self._broken:
            raise EvidenceError(f"{self.settings.folder}: an earlier append failed; open the book again")
        self._broken = True
        # 1. Write what opens the records, durably.  A crash here leaves rows of no entry: the next start forgets them.
        self._step("vault")
        self.vault.write_rows(self.log.size, keys, records.rows)
        # 2. Append the entries.                     From here on they are in the log, and can be opened.
        first = self.log.append(records.entries)
        self._broken = False
        return first

    def append_source(self, digest: str, added: Appended) -> int | None:
        """Note that a file (its SHA-256 in hex) was appended to its end; None if that is noted already."""
        if digest in self.events.sources:
            return None
        said: dict[str, object] = {"sha256": digest, "calls": added.calls, "new": added.new}
        return self.append_events([Event("source", said if added.first is None else {**said, "first": added.first})])

    def append_finding(self, campaign: dict[str, Any], *, report: str) -> int | None:
        """Log a campaign of ``campaigns.json`` (its SHA-256 in hex is ``report``); None if that is logged already."""
        event = finding(campaign, report=report, software=version("stillwatch"))
        known = (event.fields["campaign"], event.fields["sha256"]) in self.events.findings
        return None if known else self.append_events([event])

    def append_events(self, events: Sequence[Event]) -> int | None:
        """Append events; return the index of the first one that was new, None if none was.

        Raises EvidenceError for fields that have no canonical form.
        """
        keys = [os.urandom(KEY_BYTES) if e.once is None else self._note_key(e.once) for e in events]
        fresh = self._known.fresh(keys)
        new = [(key, event) for key, event, f in zip(keys, events, fresh, strict=True) if f]
        if not new:
            return None
        records = [event.record() for _, event in new]
        if any(event.private or event.once for _, event in new):
            rows = vault_rows(records)
            self._known.add([key for key, _ in new])
            first = self._put([key for key, _ in new], EncodedCalls([r.entry for r in records], rows))
        else:
            first = self.log.append([r.entry for r in records])
        said = [(first + i, orjson.loads(r.entry)) for i, r in enumerate(records)]
        self.events.add(said, through=self.log.size)
        return first

    def erase(self, indices: Sequence[int], *, reason: str) -> int:
        """Destroy what opens these records, and log it; return how many had anything left to destroy.

        Every proof stays valid: the entries are as they were, and what they commit to cannot be opened any more.
        Raises EvidenceError for an index that the log has not.
        """
        if missing := [i for i in indices if not 0 <= i < self.log.size]:
            raise EvidenceError(f"entry {missing[0]}: the log has {self.log.size}; nothing was erased")
        # 1. Log the erasure.             A crash here: the next start carries it out.
        self._step("erasure")
        self.append_events(erasures(indices, reason=reason))
        # 2. Destroy seeds and fields.    From here on nobody can open the records.
        self._step("destroy")
        return self._carry_out()

    def _carry_out(self) -> int:
        gone = self.vault.erase({i for part in self.events.unfinished.values() for i in part})
        for entry in list(self.events.unfinished):
            self.events.erased(entry)
        return gone

    def rotate(self) -> None:
        """Let new keys follow the current ones, and log it; old public keys stay known, private ones are removed."""
        # 1. Make the new keys.           A crash here: the next start forgets them.
        self._step("new keys")
        old = self.keys.current
        self.keys = self.keys.prepare(self.log.size, ml_dsa=self.settings.ml_dsa, passphrase=self._new_passphrase())
        # 2. Log them in a checkpoint that old and new keys sign.   A crash here: the next start goes on with step 3.
        self._step("log keys")
        self.log.close()
        self.log = self._open_log((*old, *self.keys.coming))
        said = {"vkeys": [str(k) for k in self.keys.coming], "retired": [str(k) for k in old]}
        self.append_events([Event("key", said)])
        # 3. Let them count, and remove the old private keys.
        self._step("switch keys")
        self._settle_keys()

    def _settle_keys(self) -> None:
        old, coming = self.keys.current, [str(k) for k in self.keys.coming]
        logged = (self.keys.at, coming) in self.events.keys
        self.keys = self.keys.switch() if logged else self.keys.abandon()
        self.log.close()
        self.log = self._open_log(self.keys.current)
        if logged:
            self.keys.remove_private(old)

    def _note_key(self, once: bytes) -> bytes:
        return call_key(self._call_key, "note", once.hex())

    def _open_keys(self, *, create: bool) -> KeySet:
        folder, wanted = self._folder / "keys", self.settings.origin
        if create and not KeySet.exists(folder):
            return KeySet.create(folder, origin=wanted, ml_dsa=self.settings.ml_dsa, passphrase=self._new_passphrase())
        keys = KeySet.read(folder)
        if wanted not in {"", keys.origin}:
            raise EvidenceError(f"{self._folder}: the log of {keys.origin}, not of {wanted}; name another folder")
        return keys

    def _new_passphrase(self) -> bytes | None:
        file = self.settings.passphrase_file
        return read_passphrase(file) if file else None

    def _open_log(self, keys: Sequence[VerifierKey]) -> Log:
        file = self.settings.passphrase_file
        passphrase: Passphrase = partial(read_passphrase, file) if file else None
        return Log(self._folder, self.keys.signers(keys, passphrase), clock=self._clock, step=self._step)

    def _finish(self) -> None:
        self.vault.repair(self.log.size)
        check_at_start(self.log.reader(), self._folder)
        key = read_or_create_key(self.settings.key_file)
        self._call_key = derive_key(key, "evidence/calls")
        self._check_call_key()
        self._known = CallKeys(self.vault.call_keys())
        if not self.log.size:
            self._begin()
        self.events.catch_up(self.log.reader())
        self._carry_out()
        if self.keys.coming:
            self._settle_keys()

    def _begin(self) -> None:
        said = {"origin": self.keys.origin, "keys": [str(k) for k in self.keys.current]}
        software = f"stillwatch {version('stillwatch')}"
        self.log.append([event_entry("log", {**said, "made_at": int(self._clock()), "software": software})])

    def _check_call_key(self) -> None:
        """Refuse another deployment key: under it every call would look new, and be logged twice."""
        path, mine = self.vault.folder / "call-key-check", call_key(self._call_key, "check", "").hex()
        if path.exists() and path.read_text("utf-8") != mine:
            raise EvidenceError(
                f"{self.settings.key_file}: not the deployment key under which {self.settings.folder} was begun; "
                "restore that key, for under this one every call would be logged again"
            )
        if not path.exists():
            self.vault.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, mine.encode(), durable=True)

    def close(self) -> None:
        """Write everything out and let another writer in."""
        self.events.add((), through=self.log.size)
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
