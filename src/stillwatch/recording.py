"""Where logs and reports meet the evidence log: calls, files and findings go in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from stillwatch.errors import ReportError
from stillwatch.evidence.book import Appended, Book
from stillwatch.ingest.read import find_inputs, read_calls
from stillwatch.ingest.rejects import Rejects
from stillwatch.settings import THREADS

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class AppendedFile:
    """What became of a file: ``known`` ones were appended before and not read again."""

    path: Path
    added: Appended
    known: bool = False


def append_logs(
    book: Book,
    logs: Sequence[str | Path],
    *,
    rejects: Rejects,
    source: str | None = None,
    on_progress: OnProgress = lambda _bytes, _calls: None,
    now: datetime | None = None,
    workers: int = THREADS,
) -> Iterator[AppendedFile]:
    """Append the calls of logs, file by file, and note each file that was read to its end; yield what became of it.

    ``on_progress`` is told the bytes of all files that were read and the calls read so far. May be repeated and
    interrupted: what is in the log already is not appended again. Raises SourceError for input that cannot be read.
    """
    inputs = find_inputs(logs, source=source)
    done, calls = 0, 0
    for file in inputs.files:
        digest = _digest(file.path)
        if digest in book.events.sources:
            yield AppendedFile(file.path, Appended(), known=True)
        else:
            tell = partial(_tell, on_progress, done, calls)
            alone = replace(inputs, files=(file,), bytes=file.bytes)
            batches = read_calls(alone, rejects=rejects, on_progress=tell, now=now)
            added = book.append_calls(batches, workers=workers)
            # A file that grew while it was read is not noted: the next time the rest of it goes in.
            if _digest(file.path) == digest:
                book.append_source(digest, added)
            calls += added.calls
            yield AppendedFile(file.path, added)
        done += file.bytes


def _tell(on_progress: OnProgress, done: int, calls: int, read: int, more: int) -> None:
    on_progress(done + read, calls + more)


def append_findings(book: Book, report: Path) -> int:
    """Log the campaigns of a report's folder; return how many were not logged already. Raises ReportError."""
    path = report / "campaigns.json"
    try:
        data = path.read_bytes()
        campaigns: list[dict[str, Any]] = json.loads(data)
        digest = sha256(data).hexdigest()
        return sum(book.append_finding(campaign, report=digest) is not None for campaign in campaigns)
    except OSError as problem:
        raise ReportError(f"{path}: cannot be read: {problem.strerror}; name the folder of a scan's report") from None
    except (ValueError, KeyError, TypeError) as problem:
        raise ReportError(f"{path}: not the campaigns of a scan: {problem}; scan again") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
