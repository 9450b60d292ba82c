"""Closed write-ahead segments to sealed ones: each admitted call into exactly one, whatever happens in between.

It runs in a process of its own (``stillwatch watch``, ``stillwatch journal seal``), never in a worker. What a sealed
segment holds is the caller's affair: this module is given a function that writes it.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from stillwatch.errors import JournalError
from stillwatch.gateway.journal import alive
from stillwatch.gateway.journal.drafts import publish, remove_drafts
from stillwatch.gateway.journal.frames import Damage, Kind, decode, encode
from stillwatch.gateway.journal.join import Joined, Row, join_frames
from stillwatch.gateway.journal.layout import Layout, Segment, State, remove

log = logging.getLogger("stillwatch.journal")


class Seal(Protocol):
    """Writes what is kept of calls."""

    def fingerprints(self, calls: list[Row], draft: Path, name: str) -> None:
        """Write the sealed segment ``name``."""

    def text(self, calls: list[Row], draft: Path, name: str) -> None:
        """Write the calls as they are, encrypted."""


@dataclass
class Sealed:
    """What a sealing did."""

    segments: int = 0
    calls: int = 0
    partial: int = 0
    carried: int = 0
    strays: int = 0
    torn_bytes: int = 0
    lost_bytes: int = 0

    def add(self, joined: Joined, damage: Damage) -> None:
        """Count one segment."""
        self.segments += 1
        self.calls += len(joined.calls)
        self.partial += joined.partial
        self.strays += joined.strays
        self.torn_bytes += damage.torn_bytes
        self.lost_bytes += damage.lost_bytes


def seal_journal(
    layout: Layout, seal: Seal, *, keep_text: bool = False, step: Callable[[str], None] = lambda _name: None
) -> Sealed:
    """Seal everything that is closed, one segment at a time, so that memory holds one segment and the open calls.

    ``step`` is told each numbered step before it is taken. Raises JournalError if another process is sealing, or, when
    all others are sealed, if a run could not be; what is sealed stays sealed.
    """
    layout.create()
    done = Sealed()
    problems: list[Exception] = []
    with alive.only_one(layout.folder / "seal.lock", doing="sealing"):
        for folder in (layout.wal, layout.sealed, layout.text, layout.notes, layout.pending):
            remove_drafts(folder)
        for run in _runs(layout):
            try:
                _seal_run(layout, run, seal, done, keep_text=keep_text, step=step)
            except Exception as problem:  # noqa: BLE001 - whatever is wrong with one run must not keep the others open
                problems.append(problem)
    if problems:
        raise JournalError(
            f"{layout.folder}: {len(problems)} run(s) cannot be sealed, the first for: {problems[0]}; "
            "nothing is lost: mend it and seal again"
        ) from problems[0]
    if done.lost_bytes:
        log.error("journal %s: %d bytes between whole records are damaged", layout.folder, done.lost_bytes)
    return done


@dataclass(frozen=True)
class _Run:
    """One worker process: whether it lives, how far it is sealed, and its files in order."""

    name: str
    living: bool
    through: int
    segments: list[Segment]


def _runs(layout: Layout) -> list[_Run]:
    # A run is looked at for life before its files are listed: of a dead one the list is then complete.
    living = {run: alive.is_held(layout.lock_path(run)) for run in layout.runs()}
    through = layout.sealed_through()
    files: dict[str, list[Segment]] = {run: [] for run in living}
    for segment in layout.segments():
        if segment.run in files:
            files[segment.run].append(segment)
    return [_Run(name, living[name], through.get(name, 0), files[name]) for name in living]


def _seal_run(
    layout: Layout, run: _Run, seal: Seal, done: Sealed, *, keep_text: bool, step: Callable[[str], None]
) -> None:
    _remove_spent(run)
    carried = _read_carry(layout, run, done)
    batches = _batches(run, carried)
    for index, (number, segment) in enumerate(batches):
        damage = Damage()
        frames = decode(segment.path.read_bytes(), damage) if segment else iter(())
        ends = not run.living and index == len(batches) - 1
        joined = join_frames(frames, carried=carried, alive=not ends)
        _seal_batch(layout, f"{run.name}-{number:08d}", joined, seal, keep_text=keep_text, step=step)
        step("3 remove what is spent")
        before = batches[index - 1][0] if index else run.through
        remove([*([segment.path] if segment else []), layout.segment_path(run.name, before, State.CARRY)])
        carried = joined.open
        done.add(joined, damage)
    if run.living:
        done.carried += len(carried)
    else:
        step("4 forget the run")
        last = batches[-1][0] if batches else run.through
        remove([layout.segment_path(run.name, last, State.CARRY), *(s.path for s in run.segments)])
        remove([layout.lock_path(run.name)])


def _remove_spent(run: _Run) -> None:
    """Remove what an earlier sealing left behind when it was killed."""
    # A carry of a later number was never sealed with; it is written anew.
    carries = [s for s in run.segments if s.state is State.CARRY and s.number != run.through]
    sealed = [s for s in run.segments if s.state is not State.CARRY and s.number <= run.through]
    remove(s.path for s in carries + sealed)


def _read_carry(layout: Layout, run: _Run, done: Sealed) -> dict[str, Row]:
    """Return the calls that were open at the last sealing."""
    path = layout.segment_path(run.name, run.through, State.CARRY)
    if not path.exists():
        return {}
    damage = Damage()
    carried = {frame.about: frame.row for frame in decode(path.read_bytes(), damage) if frame.kind is Kind.ADMIT}
    # It was written whole and put on disk before it got its name: what is torn here is damage.
    done.lost_bytes += damage.lost_bytes + damage.torn_bytes
    return carried


def _batches(run: _Run, carried: dict[str, Row]) -> list[tuple[int, Segment | None]]:
    """Return number and segment of all that is to be sealed; of a dead run what is carried too, if nothing else."""
    batches: list[tuple[int, Segment | None]] = []
    for segment in run.segments:
        if segment.state is State.CARRY or segment.number <= run.through:
            continue
        if run.living and segment.state is State.OPEN:
            break
        batches.append((segment.number, segment))
    if not run.living and not batches and carried:
        batches.append((run.through + 1, None))
    return batches


def _seal_batch(
    layout: Layout, name: str, joined: Joined, seal: Seal, *, keep_text: bool, step: Callable[[str], None]
) -> None:
    # 1. Write what goes along: notes, text, calls still open,
    #    and what waits for the evidence log.                   A crash here seals nothing: all of it is written anew.
    # 2. Write the sealed segment and give it its name.         From here on the calls are in it and nowhere else:
    #                                                           segments up to its number and older carries are spent.
    # 3. Remove what is spent (the caller does).                A crash here leaves files that the next sealing removes.
    step("1 write notes, text and open calls")
    is_logged = layout.pending.is_dir()
    if joined.notes:
        for path in (layout.notes_path(name), *([layout.pending_notes_path(name)] if is_logged else [])):
            publish(path, lambda draft: _write_notes(joined.notes, draft))
    if is_logged and joined.calls:
        publish(layout.pending_calls_path(name), lambda draft: seal.text(joined.calls, draft, f"pending-{name}"))
    if keep_text and joined.calls:
        publish(layout.text_path(name), lambda draft: seal.text(joined.calls, draft, name))
    publish(layout.carry_path(name), lambda draft: _write_carry(joined.open, draft))
    step("2 name the sealed segment")
    publish(layout.sealed_path(name), lambda draft: seal.fingerprints(joined.calls, draft, name))


def _write_carry(calls: dict[str, Row], draft: Path) -> None:
    with draft.open("wb") as file:
        for call_id, row in calls.items():
            file.write(encode(Kind.ADMIT, call_id, row))


def _write_notes(notes: list[Row], draft: Path) -> None:
    with draft.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=3, mtime=0) as file:
        for note in notes:
            file.write(orjson.dumps(note, default=str, option=orjson.OPT_APPEND_NEWLINE))
