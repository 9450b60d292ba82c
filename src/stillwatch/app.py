"""Where the stages meet: ``scan`` takes logs and leaves a report."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.detect.describe import campaign_id
from stillwatch.detect.find import Candidate, Findings, columns_read
from stillwatch.detect.kept import keep_fingerprints
from stillwatch.detect.listing import scan_json
from stillwatch.detect.operators import find_operators
from stillwatch.detect.scanned import Scanned, list_campaigns
from stillwatch.detect.signal import Signal, find_signals
from stillwatch.detect.tables import call_table, member_table, sighting_table
from stillwatch.detect.tenants import find_tenants
from stillwatch.errors import ReportError
from stillwatch.ingest.accounts import read_accounts
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.ingest.fingerprint_log import fingerprint_log
from stillwatch.ingest.masking import mask_for_display
from stillwatch.ingest.read import find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects
from stillwatch.ingest.sealed import check_segments, read_segments
from stillwatch.partners import Partners, read_partners
from stillwatch.records import BANDS, Family
from stillwatch.report.html import write_report_html
from stillwatch.settings import BATCH_ROWS, SAMPLE_LIMIT, ScanSettings
from stillwatch.store.engine import Engine
from stillwatch.store.key import read_or_create_key

Json = dict[str, Any]


@dataclass
class Progress:
    """What a scan tells whoever watches: the step's name, how far (0 to 1, or None) and calls done in it."""

    tell: Callable[[str, float | None, int], None] = lambda _step, _share, _calls: None
    seconds: dict[str, float] = field(default_factory=dict)
    _step: str = ""
    _since: float = 0.0

    def step(self, name: str, share: float | None = None, calls: int = 0) -> None:
        """Enter a step, or go on in it."""
        if name != self._step:
            now = time.monotonic()
            if self._step:
                self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._since
            self._step, self._since = name, now
        self.tell(name, share, calls)


@dataclass(frozen=True)
class ScanResult:
    """What a scan found, and where its report is."""

    folder: Path
    campaigns: list[Json]
    tenants: list[Json]
    operators: list[Json]
    scan: Json
    seconds: dict[str, float]


def scan(
    logs: Sequence[str | Path],
    *,
    out: Path,
    settings: ScanSettings,
    accounts: Path | None = None,
    source: str | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> ScanResult:
    """Scan logs and leave a report in ``out``, which is replaced as a whole or not at all.

    Raises SourceError for input that cannot be read, SettingsError for settings, ReportError where ``out`` cannot be
    written.
    """
    watch = progress or Progress()
    watch.step("fingerprinting")
    inputs = find_inputs(logs, source=source)
    signals = find_signals(without=frozenset(Family(f) for f in settings.without), parameters=settings.signals)
    at = now or datetime.now(UTC)
    partners = read_partners(settings.partners, settings.group_key, now=at.timestamp()) if settings.partners else None
    key = read_or_create_key(settings.key_file)
    check_segments(inputs.segments, key=key, key_file=settings.key_file)
    _refuse_foreign_folder(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        report = work / "report"
        report.mkdir()
        rejects = Rejects(report / "rejects.jsonl", strict=settings.strict)
        columns = columns_read(signals) | (partners.columns if partners else frozenset())
        prints = Fingerprinter(key, sample_every=_sample_every(inputs.rows), bands=not columns.isdisjoint(BANDS))

        def reading(_bytes: int, rows: int) -> None:
            watch.step("fingerprinting", min(1.0, _bytes / inputs.bytes) if inputs.bytes else None, rows)

        with rejects:
            logs_only = inputs.without_segments()
            batches = read_calls(logs_only, rejects=rejects, batch_rows=BATCH_ROWS, on_progress=reading, now=at)
            known_before = read_segments(inputs.segments, batch_rows=BATCH_ROWS)
            table = fingerprint_log(
                chain(batches, known_before),
                prints,
                work,
                columns=columns,
                threads=settings.threads,
            )
            known = read_accounts(accounts, rejects=rejects) if accounts else None
        result = _detect(
            table,
            known,
            prints,
            rejects,
            signals=signals,
            settings=settings,
            partners=partners,
            report=report,
            inputs=len(inputs.files),
            watch=watch,
        )
        _replace(report, out)
        return ScanResult(out, *result, watch.seconds)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _detect(
    table: Path,
    known: pa.Table | None,
    prints: Fingerprinter,
    rejects: Rejects,
    *,
    signals: list[Signal],
    settings: ScanSettings,
    partners: Partners | None,
    report: Path,
    inputs: int,
    watch: Progress,
) -> tuple[list[Json], list[Json], list[Json], Json]:
    keyed = None if known is None else key_accounts(known, prints)
    watch.step("looking for repeated calls")
    names = {v: text for kind in prints.names.values() for v, text in kind.items()}
    watched = tuple(partners.watched(prints, known)) if partners else ()
    scanned = Scanned(table, known, keyed, names, watched)
    with (
        Engine(table.parent, threads=settings.threads, memory_gib=settings.memory_gib) as engine,
        ThreadPoolExecutor(1) as beside,
    ):
        calls, about = list_campaigns(
            engine, scanned, signals=signals, min_strength_bits=settings.min_strength_bits, on_step=watch.step
        )
        findings, listed = about.findings, about.listed
        # Two tables ask nothing of the engine: they are written while it computes the rest.
        written = beside.submit(_write_people, report, findings, listed, names)
        campaigns = about.campaigns()
        tenants = [about.tenant(t) for t in find_tenants(findings.population, campaign_accounts=about.members())]
        operators = [about.operator(c) for c in find_operators(findings.candidates, listed)]
        samples = _samples(engine, findings, listed, prints, keep_text=settings.keep_text)
        summary = scan_json(
            findings, signals, rejects.summary(), settings, inputs=inputs, calls_with_text=_with_text(engine, calls)
        )
        if partners:
            summary["partners"] = {"indicators": len(partners.indicators)}
        _write(report, campaigns=campaigns, tenants=tenants, operators=operators, scan=summary)
        mine = call_table(engine, findings, listed)
        pq.write_table(mine, report / "campaign_calls.parquet", compression="zstd")
        written.result()
    write_report_html(report, samples=samples)
    if settings.keep_fingerprints:
        keep_fingerprints(report, scanned)
    watch.step("done")
    return campaigns, tenants, operators, summary


def _write_people(report: Path, findings: Findings, listed: Sequence[Candidate], names: Mapping[int, str]) -> None:
    for name, make in (("members", member_table), ("sightings", sighting_table)):
        pq.write_table(make(findings, listed, names), report / f"{name}.parquet", compression="zstd")


def _with_text(engine: Engine, calls: nw.LazyFrame[Any]) -> int:
    found = engine.collect(calls.filter(~nw.col("item").is_null() | ~nw.col("system").is_null()).select(calls=nw.len()))
    return int(found["calls"][0].as_py())


def key_accounts(known: pa.Table, prints: Fingerprinter) -> pa.Table:
    """Turn the accounts table into keyed integers: account, organization, created_hour and the identity columns."""
    hours = pc.cast(pc.floor(pc.divide(pc.cast(known["created_at"], pa.int64()), 3.6e9)), pa.int64())
    columns = {"account": prints.keyed_array("account", known["account"]), "created_hour": hours}
    for name in ("organization", "payment_fingerprint", "email_domain", "device_fingerprint"):
        columns[name] = prints.keyed_array(name, known[name])
    return pa.table(columns)


def _samples(
    engine: Engine, findings: Findings, listed: list[Candidate], prints: Fingerprinter, *, keep_text: bool
) -> dict[str, list[str]]:
    """Choose up to five masked samples for each campaign, the smallest keyed call hashes first."""
    if findings.calls is None or not listed or not prints.samples:
        return {}
    shown = str if keep_text else mask_for_display
    known = engine.lazy(pa.table({"call": pa.array(sorted(prints.samples), pa.int64())}))
    rows = engine.collect(
        findings.calls.select("call", "group").join(known, on="call", how="semi").filter(nw.col("group") >= 0)
    )
    by_group: dict[int, list[int]] = {}
    for call, group in zip(rows["call"].to_pylist(), rows["group"].to_pylist(), strict=True):
        by_group.setdefault(group, []).append(call)
    return {
        campaign_id(c): [shown(prints.samples[call].excerpt()) for call in sorted(by_group.get(number, []))[:5]]
        for c, number in zip(findings.candidates, findings.order, strict=True)
        if any(c is other for other in listed)
    }


def _sample_every(rows: int | None) -> int:
    return max(1, (rows or SAMPLE_LIMIT * 25) // SAMPLE_LIMIT)


def _write(report: Path, **tables: list[Json] | Json) -> None:
    for name, data in tables.items():
        text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=False, allow_nan=False)
        (report / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _refuse_foreign_folder(out: Path) -> None:
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "scan.json").is_file())):
        raise ReportError(f"{out}: exists and is not a report; choose another --out, or remove it yourself")


def _replace(report: Path, out: Path) -> None:
    # 1. Move the old report aside.   A crash here leaves it beside the new one, both whole.
    # 2. Move the new one in.         From here on the new report is the report.
    # 3. Remove the old one.
    old = report.parent / "old"
    try:
        if out.exists():
            out.replace(old)
        report.replace(out)
    except BaseException as problem:
        # Whatever stops the second step (Ctrl-C too), the old report goes back before the work folder is removed.
        if old.exists() and not out.exists():
            old.replace(out)
        if isinstance(problem, OSError):
            raise ReportError(f"{out}: cannot be written: {problem.strerror}; choose another --out") from problem
        raise
