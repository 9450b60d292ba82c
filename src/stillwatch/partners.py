"""Where what partners shared meets a scan: their indicators as keys under our own deployment key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from stillwatch.detect.partners import CUES, Watched
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.records import Cue
from stillwatch.sharing.keyed import GroupKey, read_group_key
from stillwatch.sharing.nouns import KEYED, Kind, Received

COLUMNS = {
    Kind.NETWORK: "prefix",
    Kind.ASN: "asn",
    Kind.USER_AGENT: "user_agent",
    Kind.TLS_FINGERPRINT: "tls_fingerprint",
}
"""Columns of ``records.CALLS``, which are keyed by the same names."""
ACCOUNT_KINDS = (Kind.EMAIL_DOMAIN, Kind.PAYMENT, Kind.DEVICE)
"""Kinds that are looked for in the accounts table, whose columns they are named after."""


@dataclass(frozen=True)
class Partners:
    """Others' indicators that hold now."""

    indicators: tuple[Received, ...]
    group_key: GroupKey | None

    @property
    def columns(self) -> frozenset[str]:
        """The columns of calls that a scan must read for them."""
        return frozenset(COLUMNS[r.kind] for r in self.indicators if r.kind in COLUMNS)

    def watched(self, prints: Fingerprinter, known: pa.Table | None) -> list[Watched]:
        """Return what to look for, under our keys."""
        found = [
            Watched(COLUMNS[r.kind], prints.keyed(COLUMNS[r.kind], r.value), r.confidence / 100)
            for r in self.indicators
            if r.kind in COLUMNS
        ]
        found += [
            Watched(CUES, bits, r.confidence / 100)
            for r in self.indicators
            if r.kind is Kind.WORDING and (bits := read_cues(r.value))
        ]
        return found if known is None else found + self._of_accounts(prints, known)

    def _of_accounts(self, prints: Fingerprinter, known: pa.Table) -> list[Watched]:
        """Compare in the clear, or under the group's key, the values that our own accounts have."""
        found = []
        for kind in ACCOUNT_KINDS:
            mine = [r for r in self.indicators if r.kind is kind]
            values = known[kind].unique().drop_null().to_pylist() if mine else []
            for value in values:
                sure = [r.confidence for r in mine if r.value == self._as_shared(kind, value, r.key_id)]
                if sure:
                    found.append(Watched(str(kind), prints.keyed(str(kind), value), max(sure) / 100))
        return found

    def _as_shared(self, kind: Kind, value: str, key_id: str) -> str | None:
        if kind not in KEYED:
            return value.lower()
        return self.group_key.hash(kind, value) if self.group_key and self.group_key.id == key_id else None


def read_partners(url: str, group_key: Path | None, *, now: float) -> Partners:
    """Read the indicators that hold. Raises SettingsError and StoreError."""
    # A scan that has no partners must not wait for the libraries of a database.
    from stillwatch.sharing.received import ReceivedTable  # noqa: PLC0415
    from stillwatch.sharing.tables import open_sharing  # noqa: PLC0415

    database = open_sharing(url, option="--partners")
    try:
        found = ReceivedTable(database).indicators(now=now)
    finally:
        database.close()
    return Partners(tuple(r for r in found if r.holds), read_group_key(group_key) if group_key else None)


def read_cues(names: str) -> int:
    """Return the bits of cues by their names; 0 if any is unknown here: less would be looked for than was meant."""
    known = {(cue.name or "").lower(): int(cue) for cue in Cue}
    bits: Sequence[int] = [known.get(name, 0) for name in names.split(",")]
    return 0 if 0 in bits else sum(set(bits))
