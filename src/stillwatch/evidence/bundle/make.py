"""A bundle made step by step: list, leaves, sample, claims, papers, manifest, zip."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from stillwatch import __version__
from stillwatch.errors import EvidenceError
from stillwatch.evidence.bundle import claims
from stillwatch.evidence.bundle.archive import Draft
from stillwatch.evidence.bundle.edges import edges_of
from stillwatch.evidence.bundle.events import attach_events
from stillwatch.evidence.bundle.heads import HEADS, heads
from stillwatch.evidence.bundle.leaves import Listed, write_entries, write_list, write_proof
from stillwatch.evidence.bundle.manifest import NAME, sign_manifest
from stillwatch.evidence.bundle.membership import (
    Counted,
    KeyCalls,
    find_counted,
    read_campaign,
    read_counted_calls,
    read_json,
)
from stillwatch.evidence.bundle.papers import write_papers
from stillwatch.evidence.bundle.pseudonyms import Pseudonyms
from stillwatch.evidence.bundle.replay import add_replay
from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.commitments import open_fields
from stillwatch.evidence.keys import Signer
from stillwatch.evidence.notes import Note, VerifierKey
from stillwatch.evidence.reader import LogReader
from stillwatch.evidence.sample import SIZES, USUAL_SIZE, check_beacon, draw_sample, proves, sample_seed
from stillwatch.evidence.second_sources import read_statement
from stillwatch.evidence.vault import Vault

Json = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What the operator asks for: which campaign, how much of it is shown, and what is attached."""

    report: Path
    campaign: str
    whole: bool = True
    beacon: str | None = None
    sample_size: int = USUAL_SIZE
    disclose: frozenset[str] = frozenset()
    attribution: Path | None = None
    lab_test: Path | None = None
    fingerprints: bool = False
    """Whether the fingerprints of the whole scan are shown, other accounts' too, so that it can be repeated."""
    second_sources: tuple[Path, ...] = ()
    policy: bytes | None = None

    def __post_init__(self) -> None:
        if self.beacon is None and (self.disclose or not self.whole):
            raise EvidenceError(
                "a bundle that shows or opens a sample needs --beacon: a public random value that was published after "
                "the list of calls was fixed in the log"
            )
        if not 1 <= self.sample_size <= max(SIZES):
            raise EvidenceError(f"a sample of {self.sample_size}: not between 1 and {max(SIZES):,}")


@dataclass(frozen=True)
class Recorded:
    """Where the evidence is: the log under a checkpoint, the vault, keys, and what others said of the checkpoint."""

    reader: LogReader
    note: Note
    vault: Vault
    signer: Signer
    log_keys: Sequence[VerifierKey]
    pseudonyms: Pseudonyms
    key_calls: KeyCalls
    timestamps: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that everything is proved under."""
        return self.reader.checkpoint


def make_bundle(wanted: Wanted, recorded: Recorded, out: Path) -> Json:
    """Make a bundle and return its manifest's predicate. The same inputs make the same bytes.

    Raises EvidenceError where the report, the log and the vault do not go together, or ``out`` cannot be written.
    """
    campaign = read_campaign(wanted.report, wanted.campaign)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
        draft = Draft(Path(work))
        counted, listed = list_calls(wanted, recorded, draft)
        sample = _write_audit(wanted, recorded, draft, listed)
        notes = _write_log(wanted, recorded, draft, listed)
        write_proof(draft, [*(listed.indices if wanted.whole else sample["indices"]), *notes], recorded.reader)
        _write_claims(draft, wanted, recorded, campaign=campaign, counted=counted, listed=listed)
        predicate = _predicate(wanted, recorded, draft, sample)
        write_papers(draft, predicate)
        draft.add(NAME, sign_manifest(draft.digests(), predicate, recorded.signer))
        draft.pack(out)
    return predicate


def list_calls(wanted: Wanted, recorded: Recorded, draft: Draft) -> tuple[Counted, Listed]:
    """Find the campaign's calls in the log and write them into ``draft``."""
    calls = read_counted_calls(wanted.report, wanted.campaign)
    counted = find_counted(recorded.vault, calls, recorded.key_calls, size=recorded.checkpoint.size)
    return counted, write_list(draft, counted, recorded.reader, recorded.pseudonyms, whole=wanted.whole)


def _write_audit(wanted: Wanted, recorded: Recorded, draft: Draft, listed: Listed) -> Json:
    positions: list[int] = []
    beacon = None if wanted.beacon is None else check_beacon(wanted.beacon)
    if beacon:
        seed = sample_seed(beacon, recorded.checkpoint.origin, draft.digest("calls.csv"))
        positions = draw_sample(seed, count=len(listed.indices), size=wanted.sample_size)
    indices = [listed.indices[at] for at in positions]
    if not wanted.whole:
        write_entries(draft, indices, recorded.reader)
    if wanted.disclose:
        draft.add("audit/openings.jsonl", b"".join(_openings(recorded.vault, indices, wanted.disclose)))
    sample = {
        "beacon": beacon,
        "size": wanted.sample_size,
        "positions": positions,
        "indices": indices,
        "proves": proves(len(positions)) if beacon else "nothing: no sample was drawn",
        "sizes": {str(n): f"{c:g} % confidence, at least {s:g} %" for n, (c, s) in SIZES.items()},
    }
    _add_json(draft, "audit/sample.json", sample)
    return sample


def _openings(vault: Vault, indices: Sequence[int], names: frozenset[str]) -> list[bytes]:
    lines = []
    for index, seed, fields in vault.read(indices):
        opening = open_fields(seed, fields, names & set(fields))
        line = {"index": index, "disclosures": opening.disclosures, "digests": opening.digests}
        lines.append(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return lines


def _write_log(wanted: Wanted, recorded: Recorded, draft: Draft, listed: Listed) -> list[int]:
    draft.add("log/checkpoint", str(recorded.note).encode())
    draft.add("log/checkpoint.text", recorded.note.text.encode())
    for name, answer in recorded.timestamps.items():
        draft.add(f"log/{name}.tsr", answer)
    keys = "".join(f"log {key}\n" for key in recorded.log_keys)
    draft.add("policy.txt", wanted.policy or f"{keys}quorum none\n".encode())
    return attach_events(
        draft,
        recorded.reader,
        campaign=wanted.campaign,
        report=sha256((wanted.report / "campaigns.json").read_bytes()).hexdigest(),
        calls=draft.digest("calls.csv"),
        indices=listed.indices,
    )


def _write_claims(
    draft: Draft, wanted: Wanted, recorded: Recorded, *, campaign: Json, counted: Counted, listed: Listed
) -> None:
    pseudonyms, origin = recorded.pseudonyms, recorded.checkpoint.origin
    edges, observables = edges_of(wanted.report, campaign, listed.names, pseudonyms)
    draft.add("coordination/edges.csv", edges.encode())
    _add_json(draft, "claims/volume.json", claims.volume(listed, counted, whole=wanted.whole))
    _add_json(
        draft, "claims/coordination.json", claims.coordination(campaign, observables, repeatable=wanted.fingerprints)
    )
    words = _attach(draft, wanted.attribution, "attached/attribution")
    _add_json(draft, "claims/attribution.json", claims.attribution(words))
    test = _attach(draft, wanted.lab_test, "attached/lab-test")
    _add_json(draft, "claims/training-use.json", claims.training_use(test))
    confirmed = _attach_sources(draft, wanted, origin)
    _add_json(draft, "heads.json", heads(campaign, whole=wanted.whole, confirmed=confirmed))
    _add_json(draft, "replay.json", add_replay(draft, wanted.report, shown=wanted.fingerprints))


def _attach(draft: Draft, path: Path | None, name: str) -> str | None:
    if path is None:
        return None
    try:
        draft.add(name, path.read_bytes())
    except OSError as problem:
        raise EvidenceError(f"{path}: cannot be attached: {problem.strerror or problem}") from None
    return name


def _attach_sources(draft: Draft, wanted: Wanted, origin: str) -> dict[str, list[str]]:
    """Attach what second sources say, and return the files by the head that each speaks to."""
    confirmed: dict[str, list[str]] = {}
    for number, path in enumerate(wanted.second_sources):
        name = f"attached/second-source-{number}"
        _attach(draft, path, name)
        said = read_statement((draft.folder / name).read_bytes())
        if (said.origin, said.campaign) != (origin, wanted.campaign) or said.head not in HEADS:
            raise EvidenceError(f"{path}: not about {wanted.campaign} of {origin}, or about no head: {said.head}")
        confirmed.setdefault(said.head, []).append(name)
    return confirmed


def _predicate(wanted: Wanted, recorded: Recorded, draft: Draft, sample: Json) -> Json:
    volume = read_json(draft.folder / "claims/volume.json")
    return {
        "campaign": wanted.campaign,
        "claims": ["volume", "coordination", "attribution", "training-use"],
        "units": claims.UNITS,
        "log": {
            "origin": recorded.checkpoint.origin,
            "size": recorded.checkpoint.size,
            "root": recorded.checkpoint.root.hex(),
        },
        "leaves": "all" if wanted.whole else "sample",
        "exchanges": volume["numbers"]["exchanges"],
        "contrary": volume["contrary"],
        "sample": {"beacon": sample["beacon"], "drawn": len(sample["positions"])},
        "disclosed": sorted(wanted.disclose),
        "repeatable": wanted.fingerprints,
        "pseudonym_key_sha256": recorded.pseudonyms.commitment,
        "policy_sha256": draft.digest("policy.txt"),
        "software": f"stillwatch {__version__}",
    }


def _add_json(draft: Draft, name: str, value: Json) -> None:
    draft.add(name, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
