"""What could not be read: counted by kind, the first of each kind kept, every one written to a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import orjson

from stillwatch.errors import SourceError

ROW_CHARACTERS = 2_000
"""How much of a rejected row is kept: enough to see what is wrong with it, too little to fill a disk."""

_CREDENTIAL = re.compile(
    r"(?i)(?:bearer\s+|\bsk-|\bAKIA|\bAIza)[\w.\-]{8,}"
    r"|(?<=api_key\": \")[^\"]+|(?<=api_key\":\")[^\"]+|(?<=x-api-key\": \")[^\"]+|(?<=x-api-key\":\")[^\"]+"
)
"""Shapes of keys (OpenAI, Anthropic, AWS, Google, bearer tokens): never copied to the rejects file."""


@dataclass
class _Tally:
    kind: str
    warning: bool
    first: str
    count: int = 0


class Rejects:
    """Rows that were left out (rejects) and rows that were kept with a doubt (warnings).

    ``path`` is a JSON-lines file made at the first reject, readable by its owner only; None writes none.
    ``strict`` raises SourceError at the first reject. Use as a context manager, or close it.
    """

    def __init__(self, path: Path | None, strict: bool = False) -> None:  # noqa: FBT001, FBT002 - public, agreed signature
        self._path = path
        self._strict = strict
        self._tallies: dict[str, _Tally] = {}
        self._file: BinaryIO | None = None

    def reject(self, kind: str, problem: str, *, path: Path, line: int, row: str = "") -> None:
        """Count a row that is left out, and write it down.

        Raises SourceError if strict, or if the file cannot be written.
        """
        where = f"{path}:{line}"
        if self._strict:
            raise SourceError(f"{where}: {problem}; mend the row, or leave out --strict to skip such rows")
        self._count(kind, f"{where}: {problem}", 1, warning=False)
        if self._path is not None:
            text = {"path": str(path), "kind": kind, "problem": problem, "row": row[:ROW_CHARACTERS]}
            self._append({"line": line, **{name: redact(value) for name, value in text.items()}})

    def warn(self, kind: str, problem: str, *, path: Path, line: int, count: int = 1, strictly: bool = False) -> None:
        """Count rows that are kept although something about them is odd; the first is at ``line``.

        Raises SourceError if strict and the doubt is one that ``strictly`` is an error.
        """
        if self._strict and strictly:
            raise SourceError(f"{path}:{line}: {problem}; mend the row, or leave out --strict")
        self._count(kind, f"{path}:{line}: {problem}", count, warning=True)

    @property
    def rejected(self) -> int:
        """How many rows were left out."""
        return sum(t.count for t in self._tallies.values() if not t.warning)

    def summary(self) -> list[dict[str, object]]:
        """Return kind, count, first (file:line: problem) and warning (the row was kept), rejects first."""
        ordered = sorted(self._tallies.values(), key=lambda t: (t.warning, -t.count, t.kind))
        return [{"kind": t.kind, "count": t.count, "first": t.first, "warning": t.warning} for t in ordered]

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _count(self, kind: str, first: str, count: int, *, warning: bool) -> None:
        self._tallies.setdefault(kind, _Tally(kind, warning, redact(first))).count += count

    def _append(self, entry: dict[str, object]) -> None:
        try:
            if self._file is None:
                self._file = _create(self._path) if self._path else None
            if self._file is not None:
                self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
        except OSError as problem:
            raise SourceError(
                f"{self._path}: cannot write rejects: {problem.strerror}; free space or choose another folder"
            ) from problem


def redact(text: str) -> str:
    """Return the text as valid UTF-8 with credentials masked."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return _CREDENTIAL.sub("[credential]", clean)


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return path.open("wb")
