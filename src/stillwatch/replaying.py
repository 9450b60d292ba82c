"""Where a bundle meets the scan: what it claims of coordination is computed again, from the fingerprints in it.

No key is needed. What comes out is held against what the bundle says and against what the log had recorded.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import narwhals as nw
import orjson

from stillwatch import __version__
from stillwatch.detect.describe import campaign_id
from stillwatch.detect.kept import read_kept
from stillwatch.detect.listing import Listing
from stillwatch.detect.scanned import Scanned, list_campaigns
from stillwatch.detect.signal import find_signals
from stillwatch.errors import EvidenceError, StillwatchError
from stillwatch.evidence import verify
from stillwatch.evidence.bundle.replay import campaigns_json, check_kept
from stillwatch.evidence.events import finding_digest, unlabelled
from stillwatch.records import Family
from stillwatch.settings import MEMORY_GIB, THREADS
from stillwatch.store.engine import Engine

Json = dict[str, Any]
Told = tuple[int | None, ...]
PREFIX = "replay/"


@dataclass(frozen=True)
class Compared:
    """One thing that was computed again: what it is, and whether it came out as it must."""

    what: str
    same: bool


def replay(
    path: Path,
    *,
    fingerprints: Path | None = None,
    policy: str | None = None,
    threads: int = THREADS,
    memory_gib: float = MEMORY_GIB,
) -> Replayed:
    """Repeat the scan of a bundle, from the fingerprints in it, or from those in a folder if it has their digests only.

    Raises EvidenceError if the bundle does not hold, or the fingerprints are missing or others; ReportError for what
    are none.
    """
    try:
        found = verify.Verification(path, policy)
        bundle, asked = found.bundle, found.bundle.json("replay.json")
    except (verify.Refused, *verify.BROKEN) as problem:
        raise EvidenceError(f"{path}: the bundle is refused: {problem}") from None
    if not asked["fingerprints"] or not (asked["shown"] or fingerprints):
        raise EvidenceError(
            f"{path}: has no fingerprints, so its scan cannot be repeated; ask the host for a bundle with --replay, or "
            "for the fingerprints (--fingerprints), if it kept them"
        )
    with tempfile.TemporaryDirectory(prefix="stillwatch-replay-") as work:
        kept = fingerprints or Path(work) / PREFIX
        if fingerprints:
            check_kept(fingerprints, asked["fingerprints"])
        else:
            _unpack(bundle, Path(work))
        with Engine(Path(work), threads=threads, memory_gib=memory_gib) as engine:
            about, recorded = _scan(engine, read_kept(kept), asked, found.manifest["campaign"])
    return Replayed(found, asked, about, recorded)


def _scan(engine: Engine, kept: Scanned, asked: Json, campaign: str) -> tuple[Listing, Counter[Told]]:
    """Scan as the bundle says. Raises EvidenceError where the tables or the settings are none."""
    try:
        without = frozenset(Family(family) for family in asked["settings"]["without"])
        signals = find_signals(without=without, parameters=asked["settings"]["signals"])
        strength = float(asked["settings"]["min_strength_bits"])
        _, about = list_campaigns(engine, kept, signals=signals, min_strength_bits=strength)
        return about, _recorded(engine, about, campaign)
    except StillwatchError:
        raise
    except Exception as problem:  # Tables from somewhere else can fail in any way.
        what = str(problem).partition("\n")[0]
        raise EvidenceError(f"the bundle's scan cannot be repeated: {type(problem).__name__}: {what}") from problem


def _unpack(bundle: verify.Bundle, folder: Path) -> None:
    """Write the fingerprints into a folder; the verifier has seen that no name leads out of it."""
    for name in bundle.sizes:
        if name.startswith(PREFIX):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with bundle.stream(name) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)


def _recorded(engine: Engine, about: Listing, campaign: str) -> Counter[Told]:
    """Count the completed calls of a campaign's sub-stream by what the log says aloud of each: hour and tokens."""
    numbers = {campaign_id(c): n for c, n in zip(about.findings.candidates, about.findings.order, strict=True)}
    if about.findings.calls is None or campaign not in numbers:
        return Counter()
    calls = about.findings.calls.filter((nw.col("group") == numbers[campaign]) & nw.col("completed"))
    table = engine.collect(calls.select("hour", "input_tokens", "output_tokens"))
    return Counter(zip(*(column.to_pylist() for column in table.columns), strict=True))


class Replayed:
    """A repeated scan held against its bundle."""

    def __init__(self, found: verify.Verification, asked: Json, about: Listing, recorded: Counter[Told]) -> None:
        self.found, self.version, self._recorded = found, asked["version"], recorded
        self._campaigns_sha256 = asked["campaigns"]
        self.campaigns = about.campaigns()
        self.calls, self.accounts = int(about.findings.population.calls.sum()), len(about.findings.population.account)
        mine = [c for c in self.campaigns if c["campaign"] == found.manifest["campaign"]]
        self.campaign: Json = mine[0] if mine else {}
        self.compared = list(self._compare())

    @property
    def holds(self) -> bool:
        """Whether everything came out as the bundle says."""
        return all(one.same for one in self.compared)

    def _compare(self) -> Iterator[Compared]:
        bundle, campaign = self.found.bundle, self.campaign
        found = campaigns_json(self.campaigns)
        same = sha256(found).hexdigest() == self._campaigns_sha256
        yield Compared(f"campaigns.json without labels, {len(found):,} bytes, byte for byte", same)
        yield Compared("the campaign, as the log's finding recorded it (without labels)", self._is_logged())
        claim = bundle.json("claims/coordination.json")
        answer = campaign.get("coordination", {})
        numbers = {"accounts": campaign.get("accounts"), **{n: answer.get(n) for n in ("bits", "prior_bits")}}
        same = (claim["numbers"], claim["evidence"]) == (numbers, answer.get("evidence"))
        yield Compared("coordination: its accounts, its bits, and the evidence by family", same)
        yield Compared(
            "coordination: the weights and holders of what is shared", not _weighed(claim) - _shared(campaign)
        )
        told = (bundle.json("heads.json")[n] for n in ("distillation", "objectives"))
        same = list(told) == [campaign.get("distillation"), campaign.get("objectives")]
        yield Compared("heads: the bits for the making of training data, and the objectives", same)
        if self.found.whole:
            same = not self._entries() - self._recorded
            yield Compared("every counted entry of the log is a call of the campaign by hour and tokens", same)

    def _is_logged(self) -> bool:
        digest = finding_digest(unlabelled(self.campaign)) if self.campaign else ""
        logged = [orjson.loads(entry) for _, entry in self.found.noted]
        return any(note["kind"] == "finding" and note.get("unlabelled") == digest for note in logged)

    def _entries(self) -> Counter[Told]:
        counted: Counter[Told] = Counter()
        with self.found.bundle.stream("leaves/entries.jsonl") as lines:
            for line in lines:
                entry = orjson.loads(line)
                counted[entry["hour"], entry.get("input_tokens"), entry.get("output_tokens")] += 1
        return counted

    def says(self) -> str:
        """Return what came out, and what a repeated scan does not show."""
        lines = [f"{'the same' if one.same else 'OTHERWISE':<10} {one.what}" for one in self.compared]
        title = f"Scanned {self.calls:,} calls of {self.accounts:,} accounts again, with Stillwatch {__version__}"
        if self.version != __version__:
            title += f" (the bundle's scan was made with {self.version}: take that version if something differs)"
        return "\n".join([title, *lines, NOT_SHOWN])


NOT_SHOWN = (
    "Not shown by this: that the fingerprints are of these calls (they were made with the host's key), that nobody was "
    "left out of them, and that the weights are right. docs/signals.md argues the weights; they are this project's."
)


def _weighed(claim: Json) -> Counter[tuple[Any, ...]]:
    return Counter((o["signal"], o["family"], *sorted(o["as_weighed"].items())) for o in claim["observables"])


def _shared(campaign: Json) -> Counter[tuple[Any, ...]]:
    names = ("bits", "holders", "holders_elsewhere")
    return Counter((o["signal"], o["family"], *((n, o[n]) for n in names)) for o in campaign.get("observables", ()))
