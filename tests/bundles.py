"""Small logs with a campaign in them, bundles of it, and what a liar would do to one: for the tests of bundles."""

from __future__ import annotations

import base64
import json
import re
import zipfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.evidence import verify
from stillwatch.evidence.bundle.archive import Draft
from stillwatch.evidence.bundle.make import Recorded, Wanted, make_bundle
from stillwatch.evidence.bundle.manifest import sign_manifest
from stillwatch.evidence.bundle.membership import Ints
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms
from stillwatch.evidence.entries import CallEntry, call_entries, event_entry
from stillwatch.evidence.keys import Signer, new_signer
from stillwatch.evidence.log import Log
from stillwatch.evidence.notes import Algorithm
from stillwatch.evidence.vault import Vault
from stillwatch.records import CALL_LOG, CAMPAIGN_CALLS

CAMPAIGN = "C-0123456789ab"
BEACON = sha256(b"a public value").hexdigest()
KEY = bytes(range(32))
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = 1_781_000_000
ACCOUNTS = 3
OBSERVABLE = 0x1234


def key_calls(ids: pa.Array | pa.ChunkedArray) -> Ints:
    """Key a call id: its number."""
    return np.array([int(i[1:]) for i in ids.to_pylist()], np.int64)


def call_batch(numbers: range, **more: object) -> pa.RecordBatch:
    """Make calls; every second one is of the campaign's three accounts, the others of strangers."""
    rows = [
        {
            "call_id": f"c{i}",
            "account": f"member-{i // 2 % ACCOUNTS}" if i % 2 else f"stranger-{i % 7}",
            "started_at": AT + timedelta(minutes=i),
            "model": "large" if i % 4 else "small",
            "prompt": f"question {i}",
            "client_address": "192.0.2.7",
            "input_tokens": i,
            "output_tokens": 10 * i,
            "status": 200,
            **more,
        }
        for i in numbers
    ]
    return pa.RecordBatch.from_pylist(rows, CALL_LOG.schema)


@dataclass
class Host:
    """A host with a log, a vault and a report, of which the campaign's calls are the odd ones."""

    folder: Path
    calls: int
    signer: Signer = field(default_factory=lambda: new_signer("example.com/log", Algorithm.ED25519))

    def __post_init__(self) -> None:
        self.vault = Vault(self.folder / "vault")
        self.log([event_entry("log", {"origin": "example.com/log"})])
        self.append(self.entries(range(self.calls)))
        self.report = write_report(self.folder / "report", [i for i in range(self.calls) if i % 2])

    def log(self, entries: list[bytes]) -> int:
        """Append entries to the log alone; return the first one's index."""
        with Log(self.folder / "log", [self.signer], clock=lambda: NOW) as log:
            first = log.append(entries)
            self.reader, self.note = log.reader(), log.note
        return first

    @staticmethod
    def entries(numbers: range, **more: object) -> list[CallEntry]:
        """Make entries of calls, with seeds that the test knows."""
        seeds = b"".join(sha256(b"seed %d" % i).digest() for i in numbers)
        return list(call_entries(call_batch(numbers, **more), seeds))

    def append(self, calls: list[CallEntry]) -> int:
        """Append calls with their vault rows; return the first one's index."""
        keys = [sha256(c.entry).digest()[:16] for c in calls]
        self.vault.write(self.reader.checkpoint.size, keys, calls)
        return self.log([c.entry for c in calls])

    def recorded(self, **more: Any) -> Recorded:
        """Return what a bundle is made from."""
        made = Recorded(
            reader=self.reader,
            note=self.note,
            vault=self.vault,
            signer=self.signer,
            log_keys=[self.signer.verifier],
            pseudonyms=Pseudonyms.of(KEY, CAMPAIGN),
            key_calls=key_calls,
        )
        return replace(made, **more)

    def stamped(self) -> Recorded:
        """Return the same with a time-stamp of the checkpoint, as far as the verifier looks at one."""
        return self.recorded(timestamps={"tsa": sha256(self.note.text.encode()).digest()})

    def wanted(self, **more: Any) -> Wanted:
        """Return what is asked for."""
        return Wanted(self.report, CAMPAIGN, **more)

    def bundle(self, name: str = "bundle.zip", *, recorded: Recorded | None = None, **more: Any) -> Path:
        """Make a bundle."""
        out = self.folder / name
        make_bundle(self.wanted(**more), recorded or self.recorded(), out)
        return out

    def fix_list(self) -> None:
        """Log the list of calls as it is now, so that a sample of it is worth something."""
        with zipfile.ZipFile(self.bundle("draft.zip")) as zipped:
            digest = sha256(zipped.read("calls.csv")).hexdigest()
        self.log(
            [
                event_entry(
                    "claim", {"campaign": CAMPAIGN, "calls": digest, "exchanges": self.calls // 2, "draws": "a beacon"}
                )
            ]
        )

    def policy(self, *witnesses: Signer) -> str:
        """Return an auditor's policy: this log, and all of these witnesses."""
        lines = [f"log {self.signer.verifier}"]
        lines += [f"witness w{i} {w.verifier}" for i, w in enumerate(witnesses)]
        names = " ".join(f"w{i}" for i in range(len(witnesses)))
        lines += [f"group all-of-them all {names}", "quorum all-of-them"] if witnesses else ["quorum none"]
        return "".join(f"{line}\n" for line in lines)


def write_report(folder: Path, numbers: list[int]) -> Path:
    """Write a report with one campaign of these calls."""
    folder.mkdir()
    finding = {"signal": "shared_content", "bits": 9.0, "says": "They send one template."}
    doubt = {"signal": "volume", "bits": -0.4, "says": "Few calls in all."}
    answer = {
        "bits": 12.5,
        "prior_bits": -8.0,
        "evidence": {
            "content": {"bits": 9.0, "findings": [finding]},
            "economy": {"bits": -0.4, "findings": [doubt]},
        },
    }
    shared = {"signal": "address", "family": "network", "observable": f"{OBSERVABLE:016x}", "label": "192.0.2.7"}
    campaign = {
        "campaign": CAMPAIGN,
        "accounts": ACCOUNTS,
        "calls": len(numbers),
        "exchanges": len(numbers),
        "coordination": answer,
        "distillation": answer,
        "objective": "reasoning",
        "objectives": {"reasoning": 1.0},
        "false_alarm_rate": 0.009,
        "false_alarm_says": "None of 110 innocent scans showed anything this strong.",
        "observables": [{**shared, "holders": 3, "holders_elsewhere": 1, "bits": 4.0}],
        "otherwise": ["The accounts belong to one customer."],
    }
    (folder / "campaigns.json").write_text(json.dumps([campaign]))
    (folder / "scan.json").write_text(json.dumps({"version": "1", "settings": {"without": []}}))
    table = pa.table({"campaign": [CAMPAIGN] * len(numbers), "call": numbers, "completed": [True] * len(numbers)})
    pq.write_table(table.cast(CAMPAIGN_CALLS.schema), folder / "campaign_calls.parquet")
    names = [f"member-{i}" for i in range(ACCOUNTS)]
    edges = {"account": [*names, "stranger-0"], "signal": ["address"] * 4, "observable": [OBSERVABLE] * 4}
    pq.write_table(pa.table(edges), folder / "sightings.parquet")
    pq.write_table(pa.table({"account": names}), folder / "members.parquet")
    return folder


def told(bundle: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run the verifier as its command line would; return the exit code and what it says."""
    lines: list[str] = []
    return verify.main([*arguments, str(bundle)], lines.append), lines


def refused(bundle: Path, why: str) -> None:
    """Hold that the verifier refuses a bundle, with a reason in which the pattern ``why`` is found."""
    code, lines = told(bundle)
    assert (code, lines[-1][:9]) == (1, "REFUSED: ")
    assert re.search(why, lines[-1]), lines[-1]


@dataclass
class Files:
    """A bundle's files, to be changed and packed again, by somebody who has the log's key or has not."""

    contents: dict[str, bytes]
    predicate: dict[str, Any]

    @classmethod
    def of(cls, bundle: Path) -> Files:
        """Unpack a bundle."""
        with zipfile.ZipFile(bundle) as zipped:
            contents = {name: zipped.read(name) for name in zipped.namelist()}
        statement = json.loads(base64.b64decode(json.loads(contents["manifest.json"])["payload"]))
        return cls(contents, statement["predicate"])

    def json(self, name: str) -> Any:
        """Read a file."""
        return json.loads(self.contents[name])

    def put(self, name: str, value: object) -> None:
        """Replace a file."""
        self.contents[name] = json.dumps(value).encode()

    def signed(self, signer: Signer) -> Files:
        """Sign the files as they are now, as a lying host would."""
        files = {name: data for name, data in self.contents.items() if name != "manifest.json"}
        digests = {name: sha256(data).hexdigest() for name, data in files.items()}
        return Files({**files, "manifest.json": sign_manifest(digests, self.predicate, signer)}, self.predicate)

    def pack(self, out: Path) -> Path:
        """Pack the files."""
        draft = Draft(out.with_suffix(".files"))
        for name, data in self.contents.items():
            draft.add(name, data)
        draft.pack(out)
        return out
